/**
 * Every line that the supervisor's decisions print. The first group is Server::Starter 0.35's to the
 * letter, because people grep for it; the second group is ours, for what Perl's leaves unsaid.
 */

/** Perl's `sort keys`: pids compared as strings. */
function listPids(pids: readonly number[]): string {
  return pids.map(String).toSorted().join(",");
}

export const lines = {
  startingWorker: (pid: number) => `starting new worker ${pid}`,
  failedToStart: (pid: number, status: number) =>
    `new worker ${pid} seems to have failed to start, exit status:${status}`,
  receivedHup: () => "received HUP, spawning a new worker",
  nowRunning: (signal: string, old: readonly number[]) =>
    `new worker is now running, sending ${signal} to old workers:${old.length === 0 ? "none" : listPids(old)}`,
  sleeping: (seconds: number) => `sleeping ${seconds} secs before killing old workers`,
  killingOld: () => "killing old workers",
  oldDied: (pid: number, status: number) => `old worker ${pid} died, status:${status}`,
  diedUnexpectedly: (pid: number, status: number) =>
    `worker ${pid} died unexpectedly with status:${status}, restarting`,
  stopping: (received: string, signal: string, pids: readonly number[]) =>
    `received ${received}, sending ${signal} to all workers:${listPids(pids)}`,
  workerDied: (pid: number, status: number) => `worker ${pid} died, status:${status}`,
  exiting: () => "exiting",
  autoRestart: (seconds: number) => `autorestart triggered (interval=${seconds})`,
  forcedAutoRestart: (seconds: number) => `autorestart triggered (forced, interval=${seconds})`,

  cannotStart: (reason: string) => `cannot start new worker: ${reason}`,
  hupMerged: () => "received HUP while a deploy is under way, one more follows it",
  rolledBack: (pid: number, kept: readonly number[]) =>
    `new worker ${pid} died while the old ones waited, keeping ${listPids(kept)}`,
  leftBehind: (pid: number, strays: readonly number[]) =>
    `worker ${pid} left processes that hold its sockets:${listPids(strays)}`,
  stillThere: (strays: readonly number[]) =>
    `processes that an old worker left still hold its sockets:${listPids(strays)}`,
  tellingStrays: (signal: string, strays: readonly number[]) =>
    `sending ${signal} to processes that dead workers left:${listPids(strays)}`,
  strayDied: (pid: number, status: number) =>
    `process ${pid} that a dead worker left died, status:${status}`,
  upgradeUnavailable: () =>
    "received USR2, which is kept for replacing start_server itself: ignored",
} as const;
