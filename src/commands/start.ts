/**
 * `start_server [options] -- program`: checks, binds, and supervises until it is told to stop.
 *
 * Until the first worker is up every refusal is loud and ends it, with nothing left behind. The order is
 * such that what costs nothing is checked before anything is locked, bound or removed.
 */
import { closeSync, fstatSync } from "node:fs";
import { toBytes } from "../config/environment.ts";
import { assignDescriptors } from "../config/listen.ts";
import type { Config } from "../config/parse.ts";
import { createInbox, run } from "../run.ts";
import type { Inbox } from "../run.ts";
import { createSystem, createWorkerEnvironment } from "../system.ts";
import { settingsFrom } from "../config/environment.ts";
import { checkStatusFile, createAnnouncer } from "../system/announce.ts";
import { passOnHandover, reportToForeground, startDaemon } from "../system/daemon.ts";
import { StartError } from "../system/errors.ts";
import { removeMade } from "../system/files.ts";
import { takeHandover } from "../system/handover.ts";
import type { Handover } from "../system/handover.ts";
import { inheritedDescriptors, passOn } from "../system/inherited.ts";
import { openLibc } from "../system/libc.ts";
import type { FileLimit, Libc } from "../system/libc.ts";
import { openLogTarget, redirectOutput } from "../system/log-output.ts";
import { createLogSink } from "../system/log-sink.ts";
import type { LogSink } from "../system/log-sink.ts";
import { createLog } from "../system/log.ts";
import type { Log } from "../system/log.ts";
import { lockPidFile, writePidFile } from "../system/pid-file.ts";
import type { LockedPidFile } from "../system/pid-file.ts";
import { createBunProcesses, createProcesses } from "../system/processes.ts";
import { ProgramError, checkDir, findProgram } from "../system/program.ts";
import { lockWithoutLibc, refuseWithoutLibc, reducedServiceLine } from "../system/reduced.ts";
import { lastArguments, ownEnvironment, selfCommand } from "../system/self.ts";
import { installSignals } from "../system/signals.ts";
import type { Signals } from "../system/signals.ts";
import { bindSockets, resolveHosts } from "../system/sockets.ts";
import type { BoundSocket } from "../system/sockets.ts";
import { createTimers } from "../system/timers.ts";
import { withFileLimit, workerLimit } from "../system/worker-limit.ts";

/** Who starts: the command line, or a program that embeds the supervisor. */
export interface Launch {
  /** The environment that workers inherit, byte strings. */
  readonly environment: Map<string, string>;
  /** The worker's command, byte strings. */
  readonly argv: readonly string[];
  /** Whether the process is ours alone, so that an error that nobody caught is for us to survive. */
  readonly ownsProcess: boolean;
}

/** The launch that the command line asks for. */
export function commandLineLaunch(config: Config): Launch {
  return {
    environment: ownEnvironment(),
    argv: config.demo
      ? [...selfCommand().map(toBytes), "--demo-worker"]
      : lastArguments(config.program.length),
    ownsProcess: true,
  };
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
  const opened =
    config.logFile === null || (config.daemonize && config.logFile.kind === "command")
      ? null
      : openLogTarget(libc, config.logFile);

  const inbox = createInbox();
  const signals = installSignals(inbox.push);
  const sink = createLogSink(libc, 2);
  const log = createLog(sink, config.logFile === null && libc?.isTerminal(2) === true);
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
  return supervise(config, launch, ground, { inbox, signals, sink, log, opened });
}

/** What a supervisor stands on: made once, given up at the end. */
interface Ground {
  readonly libc: Libc | null;
  readonly sockets: readonly BoundSocket[];
  readonly fds: readonly number[];
  readonly limit: FileLimit | null;
  readonly inherited: readonly number[];
  readonly pidFile: LockedPidFile | null;
}

interface Surroundings {
  readonly inbox: Inbox;
  readonly signals: Signals;
  readonly sink: LogSink;
  readonly log: Log;
  readonly opened: ReturnType<typeof openLogTarget> | null;
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
  const log = createLog(sink, false);
  try {
    const opened = config.logFile === null ? null : openLogTarget(libc, config.logFile);
    const ready = (): void => reportToForeground(handover, null);
    return await supervise(config, launch, ground, { inbox, signals, sink, log, opened }, ready);
  } catch (error) {
    reportToForeground(handover, error instanceof Error ? error.message : String(error));
    leave(ground);
    throw error;
  }
}

async function supervise(
  config: Config,
  launch: Launch,
  ground: Ground,
  { inbox, signals, sink, log, opened }: Surroundings,
  ready: () => void = () => undefined,
): Promise<number> {
  const { libc, sockets, fds, limit, inherited, pidFile } = ground;
  if (pidFile !== null) {
    try {
      writePidFile(pidFile, process.pid);
    } catch (error) {
      leave(ground);
      throw error;
    }
  }
  libc?.becomeSubreaper();
  if (libc !== null) passOn(libc, inherited);
  const output =
    config.logFile === null || opened === null
      ? null
      : redirectOutput(libc, config.logFile, opened);
  if (output !== null) sink.retarget(output.ours);

  const timers = createTimers((timer) => inbox.push({ type: "timerFired", timer }));
  const onExited = (pid: number, status: number, strays: readonly number[]): void =>
    inbox.push({ type: "exited", pid, status, strays });
  const processes =
    libc === null
      ? createBunProcesses(onExited)
      : createProcesses(
          libc,
          sockets.map(({ fd }) => fd),
          onExited,
        );
  signals.onChild = processes.reap;
  const announcer = createAnnouncer(config.statusFile, log);
  const origin = { argv: launch.argv, base: launch.environment, sockets, fds, limit };
  const system = createSystem(config, origin, { log, sink, output, timers, processes, announcer });
  const settings = settingsFrom(createWorkerEnvironment(config, origin, log)(0));
  ready();

  if (launch.ownsProcess) {
    process.on("uncaughtException", (error) => log("error", `BUG: ${error.message}`));
  }

  const code = await run(config, settings, system, inbox);
  timers.close();
  announcer.withdraw();
  leave(ground);
  sink.finish();
  await output?.close();
  signals.uninstall();
  return code;
}

/** Give up what was made: files first, the lock last. */
function leave({ sockets, pidFile }: Ground): void {
  for (const { made, fd } of sockets) {
    if (made !== null) removeMade(made);
    closeSync(fd);
  }
  if (pidFile === null) return;
  removeMade(pidFile.made);
  closeSync(pidFile.fd);
}

/** Somebody else's pid in an unlocked file is left as found; an empty file is ours. */
function forgetPidFile({ fd, made }: LockedPidFile): void {
  if (fstatSync(fd).size === 0) removeMade(made);
  closeSync(fd);
}

function takeLock(libc: Libc | null): (fd: number) => boolean {
  return libc === null ? lockWithoutLibc : (fd) => libc.lock(fd, false);
}

/** @throws StartError when the limit that was asked for cannot be had. */
function usableLimit(libc: Libc, config: Config): FileLimit {
  const limit = workerLimit(libc, config.rlimitNofile, process.ppid);
  if (config.rlimitNofile === null) return limit;
  const own = libc.fileLimit();
  if (limit.soft > limit.hard) {
    throw new StartError(
      `Cannot set --rlimit-nofile=${limit.soft}: the hard limit is ${own.hard}; ask for less`,
    );
  }
  try {
    withFileLimit(libc, limit, () => undefined);
  } catch {
    throw new StartError(
      `Cannot set --rlimit-nofile=${limit.soft}:${limit.hard}: not permitted above the hard limit ${own.hard}; ask for less`,
    );
  }
  return limit;
}

/** @throws StartError for a directory or program that the first worker would fail on. */
function checkWorker(config: Config, launch: Launch, fds: readonly number[]): void {
  const environment = createWorkerEnvironment(
    config,
    { base: launch.environment, fds },
    () => undefined,
  )(1);
  try {
    if (config.dir !== null) checkDir(config.dir);
    if (config.waitForProgram) return;
    findProgram(launch.argv[0] ?? "", environment.get("PATH"), config.dir);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const codes = { missing: 127, notExecutable: 126, transient: 1 } as const;
    throw new StartError(`Cannot start: ${error.message}`, codes[error.fault]);
  }
}
