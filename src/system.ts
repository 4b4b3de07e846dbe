/**
 * The seam between the queue and the operating system: all that `run` can do to the world, and its real
 * wiring. A fake of this interface drives every branch of `run` in a test.
 */
import { settingsFrom, toBytes, workerEnvironment } from "./config/environment.ts";
import { serverStarterPort } from "./config/listen.ts";
import type { Config } from "./config/parse.ts";
import type { Event, Level, Timer } from "./supervisor/messages.ts";
import type { Settings, State } from "./supervisor/state.ts";
import type { Announcer } from "./system/announce.ts";
import { readEnvdir } from "./system/envdir.ts";
import { causeOf, codeOf } from "./system/errors.ts";
import type { FileLimit } from "./system/libc.ts";
import type { LogOutput } from "./system/log-output.ts";
import type { LogSink } from "./system/log-sink.ts";
import type { Log } from "./system/log.ts";
import type { Processes } from "./system/processes.ts";
import { ProgramError, checkDir, explainSpawn, findProgram } from "./system/program.ts";
import type { BoundSocket } from "./system/sockets.ts";
import type { Timers } from "./system/timers.ts";

export interface System {
  /** Start one worker: what came of it. */
  spawn(generation: number): Event;
  kill(pid: number, signal: string): void;
  arm(timer: Timer, delayMs: number): void;
  cancel(timer: Timer): void;
  announce(state: State): void;
  log(level: Level, message: string): void;
  /** Those of `pids` and their descendants that hold a listening socket. */
  holding(pids: readonly number[]): number[];
  /** @param workers Who keeps writing to the log as it was. */
  reopenLog(workers: readonly number[]): void;
}

/** What a worker is started from, beside the configuration. */
export interface WorkerOrigin {
  /** The program and its arguments, byte strings. */
  readonly argv: readonly string[];
  /** The environment that start_server was given, byte strings. */
  readonly base: ReadonlyMap<string, string>;
  readonly sockets: readonly BoundSocket[];
  /** The workers' descriptor numbers, one a socket. */
  readonly fds: readonly number[];
  readonly limit: FileLimit | null;
}

/** The parts that the wiring connects. */
export interface SystemParts {
  readonly log: Log;
  readonly sink: LogSink;
  /** Null when output goes where ours goes. */
  readonly output: LogOutput | null;
  readonly timers: Timers;
  readonly processes: Processes;
  readonly announcer: Announcer;
}

export function createSystem(config: Config, origin: WorkerOrigin, parts: SystemParts): System {
  const { log, sink, output, timers, processes, announcer } = parts;
  const worker = createWorkerEnvironment(config, origin, log);

  const start = (generation: number): { pid: number; settings: Settings } => {
    const environment = worker(generation);
    const [program = ""] = origin.argv;
    if (config.dir !== null) checkDir(config.dir);
    const file = findProgram(program, environment.get("PATH"), config.dir);
    const attempt = (path: string, argv: readonly string[]): number =>
      processes.spawn({
        file: path,
        argv,
        environment,
        dir: config.dir === null ? null : toBytes(config.dir),
        descriptors: [
          ...(output === null
            ? []
            : ([
                [output.fd, 1],
                [output.fd, 2],
              ] as const)),
          ...origin.sockets.map(({ fd }, index) => [fd, origin.fds[index] as number] as const),
        ],
        generation,
        limit: origin.limit,
      });
    const settings = settingsFrom(environment);
    try {
      return { pid: attempt(file, origin.argv), settings };
    } catch (error) {
      if (codeOf(error) !== "ENOEXEC") throw explainSpawn(error, program, file, config.dir);
      // A script without `#!`: execvp(3) gives it to the shell.
      return { pid: attempt("/bin/sh", ["/bin/sh", file, ...origin.argv.slice(1)]), settings };
    }
  };

  return {
    spawn: (generation) => {
      try {
        return { type: "spawned", generation, ...start(generation) };
      } catch (error) {
        const fault = error instanceof ProgramError ? error.fault : "transient";
        const reason = error instanceof ProgramError ? error.message : causeOf(error);
        return { type: "spawnFailed", generation, fault, reason };
      }
    },
    kill: processes.kill,
    arm: timers.arm,
    cancel: timers.cancel,
    announce: announcer.announce,
    log,
    holding: processes.holding,
    reopenLog: (workers) => {
      if (output === null) {
        log("warn", "received USR1, but there is no --log-file to reopen");
        return;
      }
      try {
        if (!output.reopen()) {
          log("info", "received USR1, but --log-file is a command, which reopens what it writes");
          return;
        }
        sink.retarget(output.ours);
        const old = workers.length === 0 ? "none" : workers.join(",");
        log("info", `received USR1, reopened the log; kept the old file until a deploy:${old}`);
      } catch (error) {
        log("error", `received USR1, cannot reopen the log: ${causeOf(error)}`);
      }
    },
  };
}

/** The environment of each generation: the envdir is read anew, and kept when it cannot be read. */
export function createWorkerEnvironment(
  config: Config,
  { base, fds }: Pick<WorkerOrigin, "base" | "fds">,
  log: Log,
): (generation: number) => Map<string, string> {
  const serverStarterPortValue = serverStarterPort(config.sockets, fds);
  let envdir: ReadonlyMap<string, string> = new Map();
  return (generation) => {
    if (config.envdir !== null) {
      try {
        envdir = readEnvdir(config.envdir);
      } catch (error) {
        log(
          "error",
          `cannot read --envdir ${config.envdir}, keeping its last variables: ${causeOf(error)}`,
        );
      }
    }
    return workerEnvironment({
      base,
      exported: config.exported,
      envdir,
      serverStarterPort: serverStarterPortValue,
      generation,
    });
  };
}
