/** What a start needs and can look up without making anything. */
import type { Config } from "../config/parse.ts";
import { createWorkerEnvironment } from "../system.ts";
import { StartError } from "../system/errors.ts";
import type { FileLimit, Libc } from "../system/libc.ts";
import { ProgramError, checkDir, checkInterpreter, findProgram } from "../system/program.ts";
import { withFileLimit, workerLimit } from "../system/worker-limit.ts";
import type { Launch } from "./launch.ts";

/** @throws StartError when the limit that was asked for cannot be had. */
export function usableLimit(libc: Libc, config: Config): FileLimit {
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
export function checkWorker(config: Config, launch: Launch, fds: readonly number[]): void {
  const environment = createWorkerEnvironment(
    config,
    { base: launch.environment, fds },
    () => undefined,
  )(1);
  try {
    if (config.dir !== null) checkDir(config.dir);
    if (config.waitForProgram) return;
    const [program = ""] = launch.argv;
    checkInterpreter(
      program,
      findProgram(program, environment.get("PATH"), config.dir),
      config.dir,
    );
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const codes = { missing: 127, notExecutable: 126, transient: 1 } as const;
    throw new StartError(`Cannot start: ${error.message}`, codes[error.fault]);
  }
}
