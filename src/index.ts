/**
 * The package's interface: `serverPorts` for workers on Node and on Bun, and the supervisor for Bun programs
 * that embed it. The supervisor is loaded when it is first called, so that a worker does not pay for it.
 */
import { StartError } from "./system/errors.ts";

export { UsageError } from "./config/usage-error.ts";
export { StartError } from "./system/errors.ts";
export { serverPorts } from "./worker.ts";

/** What the command line's options say, under their names in camel case. */
export interface StartServerOptions {
  /** The program and its arguments. */
  readonly exec: readonly string[];
  /** `--port`: PORT, HOST:PORT or [IPV6]:PORT, with `u` before a UDP port and `=FD` after it. */
  readonly port?: string | number | readonly (string | number)[];
  /** `--path`: unix sockets. */
  readonly path?: string | readonly string[];
  /** Connections that may wait to be accepted. Default: 4096, bounded by the kernel. */
  readonly backlog?: number;
  /** The worker's working directory, looked up before each start. */
  readonly dir?: string;
  /** Directory with a file per environment variable. */
  readonly envdir?: string;
  /** `--rlimit-nofile`: SOFT or SOFT:HARD. */
  readonly rlimitNofile?: string | number;
  /** Keep trying when the program cannot be found or run at the first start. */
  readonly waitForProgram?: boolean;
  /** Seconds that a new worker must live to be taken for good. Default: 1. */
  readonly interval?: number;
  /** Name or number of the signal that tells an old worker to leave. Default: TERM. */
  readonly signalOnHup?: string;
  /** Name or number of the signal that tells all workers to leave. Default: TERM. */
  readonly signalOnTerm?: string;
  /** Seconds that the old worker is kept beside the new one. */
  readonly killOldDelay?: number;
  readonly enableAutoRestart?: boolean;
  /** Seconds between automatic restarts. Default: 360. */
  readonly autoRestartInterval?: number;
  readonly pidFile?: string;
  readonly statusFile?: string;
  /** A file, or `| command`. This program's own stdout and stderr go there, too. */
  readonly logFile?: string;
}

/** Where a running start_server keeps its files. */
export interface StopServerOptions {
  readonly pidFile: string;
}

export interface RestartServerOptions extends StopServerOptions {
  readonly statusFile: string;
}

/**
 * Supervises in this process until TERM, INT or QUIT: signals are handled, and children reaped, as by the
 * command.
 *
 * @returns The exit code that the command would have: 0 when it was asked to stop.
 * @throws {UsageError} For an option that cannot be meant.
 * @throws {StartError} For a refusal of the system before the first worker is up; `exitCode` is the command's.
 */
export async function startServer(options: StartServerOptions): Promise<number> {
  const { embeddedStart } = await supervisor("startServer");
  return embeddedStart(options);
}

/**
 * Deploys: sends HUP to the start_server that holds the pid file, and follows the deploy to its end.
 *
 * @returns 0 when the new generation is current and the old ones are gone; 3 when tries failed for a minute
 * and start_server goes on trying.
 * @throws {StartError} When none is running, or it ends meanwhile.
 */
export async function restartServer(options: RestartServerOptions): Promise<number> {
  const { restart } = await supervisor("restartServer");
  return restart(options.pidFile, options.statusFile, console.error);
}

/**
 * Sends TERM to the start_server that holds the pid file and waits until it is gone.
 *
 * @throws {StartError} When none is running.
 */
export async function stopServer(options: StopServerOptions): Promise<void> {
  const { stop } = await supervisor("stopServer");
  await stop(options.pidFile, console.error);
}

async function supervisor(name: string): Promise<typeof import("./embed.ts")> {
  if (!("bun" in process.versions)) {
    throw new StartError(
      `Cannot call ${name}: it needs Bun; on Node run the start_server program instead`,
    );
  }
  return import("./embed.ts");
}
