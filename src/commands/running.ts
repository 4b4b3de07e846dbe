/** Finds the start_server that holds a pid file, for the verbs that talk to it. */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { StartError, causeOf, codeOf } from "../system/errors.ts";
import { openLibc } from "../system/libc.ts";
import type { Libc } from "../system/libc.ts";
import { readPid } from "../system/pid-file.ts";

export interface RunningSupervisor {
  readonly pid: number;
  /** Whether it still holds the lock on its pid file. */
  isRunning(): boolean;
  /** Resolves when it has let go of the lock. */
  gone(): Promise<void>;
}

/** How often the lock is looked at while a supervisor ends. */
const POLL_MS = 10;

/**
 * @param verb For messages, such as "--stop".
 * @throws StartError when the file is missing, or when nobody holds its lock: whoever has that pid now is a
 * stranger and gets no signal.
 */
export function findRunning(verb: string, pidFile: string): RunningSupervisor {
  const libc = openLibc();
  let fd: number;
  try {
    fd = openSync(pidFile, "r");
  } catch (error) {
    const absent =
      codeOf(error) === "ENOENT" ? "; start_server is not running, or uses another file" : "";
    throw new StartError(`Cannot ${verb}: --pid-file=${pidFile}: ${causeOf(error)}${absent}`);
  }
  if (!isLocked(libc, fd)) {
    throw new StartError(
      `Cannot ${verb}: start_server is not running: nobody holds the lock on --pid-file=${pidFile}`,
    );
  }
  const pid = readPid(pidFile);
  if (pid === null) throw new StartError(`Cannot ${verb}: --pid-file=${pidFile} holds no pid`);
  return {
    pid,
    isRunning: () => isLocked(libc, fd),
    gone: async () => {
      while (isLocked(libc, fd)) await Bun.sleep(POLL_MS);
      closeSync(fd);
    },
  };
}

export function signalSupervisor(verb: string, pid: number, signal: "SIGHUP" | "SIGTERM"): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    throw new StartError(
      `Cannot ${verb}: ${signal} to start_server with pid ${pid}: ${causeOf(error)}`,
    );
  }
}

/**
 * Whether somebody holds the lock. A look through a second description takes the lock for an instant when
 * it is free, which start_server's own attempts put up with.
 */
function isLocked(libc: Libc | null, fd: number): boolean {
  if (libc === null) return isListedAsLocked(fd);
  const probe = openSync(`/proc/self/fd/${fd}`, "r");
  try {
    return !libc.lock(probe, false);
  } finally {
    closeSync(probe);
  }
}

/** Without libc the kernel's list of locks must do. */
function isListedAsLocked(fd: number): boolean {
  const { ino } = fstatSync(fd);
  return readFileSync("/proc/locks", "latin1")
    .split("\n")
    .some((line) => line.includes("FLOCK") && line.split(/\s+/)[5]?.endsWith(`:${ino}`));
}
