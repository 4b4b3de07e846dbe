/**
 * `start_server [options] -- program`: checks, binds, and supervises until it is told to stop.
 *
 * Until the first worker is up every refusal is loud and ends it, with nothing left behind. The order is
 * such that what costs nothing is checked before anything is locked, bound or removed.
 */
import { closeSync, fstatSync } from "node:fs";
import { assignDescriptors } from "../config/listen.ts";
import type { Config } from "../config/parse.ts";
import { createInbox } from "../run.ts";
import { checkStatusFile } from "../system/announce.ts";
import { passOnHandover, reportToForeground, startDaemon } from "../system/daemon.ts";
import { removeMade } from "../system/files.ts";
import { takeHandover } from "../system/handover.ts";
import type { Handover } from "../system/handover.ts";
import { inheritedDescriptors } from "../system/inherited.ts";
import { openLibc } from "../system/libc.ts";
import type { Libc } from "../system/libc.ts";
import type { LogCommand } from "../system/log-command.ts";
import { openLogTarget } from "../system/log-output.ts";
import { createLogSink } from "../system/log-sink.ts";
import { lockPidFile } from "../system/pid-file.ts";
import type { LockedPidFile } from "../system/pid-file.ts";
import { lockWithoutLibc, reducedServiceLine, refuseWithoutLibc } from "../system/reduced.ts";
import { resolveHosts } from "../system/resolve.ts";
import { installSignals } from "../system/signals.ts";
import { bindSockets } from "../system/sockets.ts";
import type { BoundSocket } from "../system/sockets.ts";
import { commandLineLaunch } from "./launch.ts";
import type { Launch } from "./launch.ts";
import { checkWorker, usableLimit } from "./preflight.ts";
import { leave, supervise } from "./supervise.ts";
import type { Ground } from "./supervise.ts";

/** `start` as the command line asks for it. */
export function startHere(config: Config): Promise<number> {
  return start(config, commandLineLaunch(config));
}

/**
 * Resolves to the exit code.
 * @throws UsageError, StartError while nothing runs yet.
 */
export async function start(config: Config, launch: Launch): Promise<number> {
  const handover = takeHandover(launch.environment);
  const inherited = handover?.inherited ?? inheritedDescriptors();
  const libc = openLibc();
  if (handover !== null && libc !== null) {
    if (handover.stage === "session") {
      passOnHandover(libc, launch.environment, handover);
      return 0;
    }
    return runDaemon(config, launch, libc, handover);
  }

  if (libc === null) refuseWithoutLibc(config);
  const limit = libc === null ? null : usableLimit(libc, config);
  const fds = assignDescriptors(config.sockets, inherited, limit?.soft ?? 1024);
  checkWorker(config, launch, fds);
  if (config.statusFile !== null) checkStatusFile(config.statusFile);
  const resolved = await resolveHosts(config.sockets);
  const sink = createLogSink(libc, 2);
  const opened =
    config.logFile === null || (config.daemonize && config.logFile.kind === "command")
      ? null
      : openLogTarget(libc, config.logFile, (line) => log("warn", line));

  const inbox = createInbox();
  const signals = installSignals(inbox.push);
  const pidFile = config.pidFile === null ? null : lockPidFile(config.pidFile, takeLock(libc));
  const notes: string[] = [];
  let sockets: BoundSocket[];
  try {
    const least = Math.max(2, ...fds, ...inherited) + 1;
    sockets = bindSockets(libc, resolved, config.backlog, least, (note) => notes.push(note));
  } catch (error) {
    if (pidFile !== null) forgetPidFile(pidFile);
    throw error;
  }
  // Loaded while connections can already wait to be accepted.
  const { createLog } = await import("../system/log.ts");
  const log = createLog(sink, config.logFile === null && libc?.isTerminal(2) === true);
  log("info", `start_server (pid:${process.pid}) starting now...`);
  for (const { fd } of config.sockets) {
    if (fd !== null) log("info", `socket is duplicated to file descriptor ${fd}`);
  }
  for (const note of notes) log("warn", note);
  if (libc === null) log("warn", reducedServiceLine(config));

  const ground: Ground = { libc, sockets, fds, limit, inherited, pidFile };
  if (config.daemonize && libc !== null && limit !== null) {
    signals.uninstall();
    try {
      startDaemon(
        libc,
        launch.environment,
        { sockets, pidFile, inherited, limit },
        opened as number | null,
      );
    } catch (error) {
      leave(ground);
      throw error;
    }
    return 0;
  }
  const surroundings = { inbox, signals, sink, log, openLog: () => opened, ready: () => undefined };
  return supervise(config, launch, ground, surroundings);
}

async function runDaemon(
  config: Config,
  launch: Launch,
  libc: Libc,
  handover: Handover,
): Promise<number> {
  const { sockets, pidFile, inherited, limit } = handover;
  const fds = assignDescriptors(config.sockets, inherited, limit.soft);
  const ground: Ground = { libc, sockets, fds, limit, inherited, pidFile };
  const inbox = createInbox();
  const signals = installSignals(inbox.push);
  const sink = createLogSink(libc, 2);
  const { createLog } = await import("../system/log.ts");
  const log = createLog(sink, false);
  const openLog = (): LogCommand | number | null =>
    config.logFile === null
      ? null
      : openLogTarget(libc, config.logFile, (line) => log("warn", line));
  const ready = (): void => reportToForeground(handover, null);
  try {
    return await supervise(config, launch, ground, { inbox, signals, sink, log, openLog, ready });
  } catch (error) {
    reportToForeground(handover, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Somebody else's pid in an unlocked file is left as found; an empty file is ours. */
function forgetPidFile({ fd, made }: LockedPidFile): void {
  if (fstatSync(fd).size === 0) removeMade(made);
  closeSync(fd);
}

function takeLock(libc: Libc | null): (fd: number) => boolean {
  return libc === null ? lockWithoutLibc : (fd) => libc.lock(fd, false);
}
