/** The pid file: `pid\n`, locked as long as its writer lives. The lock, not the content, says who runs. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { constants } from "node:fs";
import { StartError, causeOf, codeOf } from "./errors.ts";
import type { MadeFile } from "./files.ts";

/** Somebody who only looks whether the file is locked holds the lock for an instant. */
const LOCK_TRIES = 3;
const LOCK_PAUSE_MS = 20;

/** Takes the lock on an open file: true, or false when somebody else has it. */
export type TakeLock = (fd: number) => boolean;

export interface LockedPidFile {
  readonly fd: number;
  readonly made: MadeFile;
}

/**
 * Opens and locks the file, and leaves what it holds alone until the lock is ours.
 * @throws StartError when it cannot be opened, or another start_server holds it.
 */
export function lockPidFile(path: string, takeLock: TakeLock): LockedPidFile {
  for (let attempt = 1; ; attempt += 1) {
    const fd = openPidFile(path);
    if (takeLock(fd)) {
      const { dev, ino } = fstatSync(fd);
      // Its last owner may have unlinked it between our open and our lock: then the lock is on nothing.
      if (inodeAt(path) === ino) return { fd, made: { path, device: dev, inode: ino } };
      closeSync(fd);
      continue;
    }
    const holder = readPid(path);
    closeSync(fd);
    if (attempt >= LOCK_TRIES) {
      throw new StartError(
        `Cannot start with --pid-file=${path}: a start_server${holder === null ? "" : ` with pid ${holder}`} is running on it; stop it with --stop or use another file`,
      );
    }
    Bun.sleepSync(LOCK_PAUSE_MS);
  }
}

export function writePidFile({ fd, made }: LockedPidFile, pid: number): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${pid}\n`, 0);
  } catch (error) {
    throw new StartError(`Cannot write --pid-file=${made.path}: ${causeOf(error)}`);
  }
}

/** The pid in the file, or null when there is none. */
export function readPid(path: string): number | null {
  try {
    const match = /^\s*(\d+)\s*$/m.exec(readFileSync(path, "latin1"));
    const pid = Number(match?.[1]);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function openPidFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666);
  } catch (error) {
    throw new StartError(`Cannot open --pid-file=${path}: ${causeOf(error)}`);
  }
}

function inodeAt(path: string): number | null {
  try {
    return statSync(path).ino;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
