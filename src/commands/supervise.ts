/** The life of a supervisor, from its first worker to its last. */
import { closeSync } from "node:fs";
import { settingsFrom } from "../config/environment.ts";
import type { Config } from "../config/parse.ts";
import { run } from "../run.ts";
import type { Inbox } from "../run.ts";
import { createSystem, createWorkerEnvironment } from "../system.ts";
import { createAnnouncer } from "../system/announce.ts";
import { removeMade } from "../system/files.ts";
import { passOn } from "../system/inherited.ts";
import type { FileLimit, Libc } from "../system/libc.ts";
import type { LogCommand } from "../system/log-command.ts";
import { redirectOutput } from "../system/log-output.ts";
import type { LogSink } from "../system/log-sink.ts";
import type { Log } from "../system/log.ts";
import { writePidFile } from "../system/pid-file.ts";
import type { LockedPidFile } from "../system/pid-file.ts";
import { createBunProcesses, createProcesses } from "../system/processes.ts";
import type { Signals } from "../system/signals.ts";
import type { BoundSocket } from "../system/sockets.ts";
import { createTimers } from "../system/timers.ts";
import type { Launch } from "./launch.ts";

/** What a supervisor stands on: made once, given up at the end. */
export interface Ground {
  readonly libc: Libc | null;
  readonly sockets: readonly BoundSocket[];
  readonly fds: readonly number[];
  readonly limit: FileLimit | null;
  readonly inherited: readonly number[];
  readonly pidFile: LockedPidFile | null;
}

export interface Surroundings {
  readonly inbox: Inbox;
  readonly signals: Signals;
  readonly sink: LogSink;
  readonly log: Log;
  /** @throws StartError when the log cannot be opened. */
  readonly openLog: () => LogCommand | number | null;
  /** Told when a signal or a verb would find us. */
  readonly ready: () => void;
}

/** Supervises on what has been bound and locked, and gives it up at the end. Resolves to the exit code. */
export async function supervise(
  config: Config,
  launch: Launch,
  ground: Ground,
  surroundings: Surroundings,
): Promise<number> {
  const { inbox, signals, sink, log, ready } = surroundings;
  let parts: ReturnType<typeof assemble>;
  try {
    parts = assemble(config, launch, ground, surroundings);
  } catch (error) {
    leave(ground);
    throw error;
  }
  const { system, settings, output, timers, announcer } = parts;
  if (launch.ownsProcess) {
    process.on("uncaughtException", (error) => log("error", `BUG: ${error.message}`));
    process.on("unhandledRejection", (error) => log("error", `BUG: ${String(error)}`));
  }
  ready();

  const code = await run(config, settings, system, inbox);
  timers.close();
  announcer.withdraw();
  removeFiles(ground);
  sink.finish();
  await output?.close();
  unlock(ground);
  // A signal that comes this late must not turn the exit code of our own process into its own.
  if (!launch.ownsProcess) signals.uninstall();
  return code;
}

/** @throws StartError when the pid file cannot be written, or the log not be opened. */
function assemble(
  config: Config,
  launch: Launch,
  { libc, sockets, fds, limit, inherited, pidFile }: Ground,
  { inbox, signals, sink, log, openLog }: Surroundings,
) {
  if (pidFile !== null) writePidFile(pidFile, process.pid);
  libc?.becomeSubreaper();
  if (libc !== null) passOn(libc, inherited);
  const opened = openLog();
  const output =
    config.logFile === null || opened === null
      ? null
      : redirectOutput(libc, config.logFile, opened);
  if (output !== null) sink.retarget(output.ours);

  const timers = createTimers((timer) => inbox.push({ type: "timerFired", timer }));
  const onExited = (pid: number, status: number, strays: readonly number[]): void =>
    inbox.push({ type: "exited", pid, status, strays });
  const descriptors = sockets.map(({ fd }) => fd);
  const processes =
    libc === null ? createBunProcesses(onExited) : createProcesses(libc, descriptors, onExited);
  signals.onChild = processes.reap;
  const announcer = createAnnouncer(config.statusFile, log);
  const origin = { argv: launch.argv, base: launch.environment, sockets, fds, limit };
  const system = createSystem(config, origin, { log, sink, output, timers, processes, announcer });
  const settings = settingsFrom(createWorkerEnvironment(config, origin, log)(0));
  return { system, settings, output, timers, announcer };
}

/** Give up what was made: files first, the lock last. */
export function leave(ground: Ground): void {
  removeFiles(ground);
  unlock(ground);
}

function removeFiles({ sockets, pidFile }: Ground): void {
  for (const { made, fd } of sockets) {
    if (made !== null) removeMade(made);
    closeSync(fd);
  }
  if (pidFile !== null) removeMade(pidFile.made);
}

/** Who waits for our end, waits for this. */
function unlock({ pidFile }: Ground): void {
  if (pidFile !== null) closeSync(pidFile.fd);
}
