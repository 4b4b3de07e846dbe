/**
 * `--log-file`: where stdout and stderr of everybody go. Opens it, puts it in the place of our descriptors
 * 1 and 2, which the workers inherit, and opens it again on USR1.
 */
import { closeSync, openSync } from "node:fs";
import type { LogTarget } from "../config/parse.ts";
import { StartError, causeOf } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { createLogCommand } from "./log-command.ts";
import type { LogCommand } from "./log-command.ts";

export interface LogOutput {
  /** The descriptor that workers get as stdout and stderr. */
  readonly fd: number;
  /** The descriptor that our own lines go to. */
  readonly ours: number;
  /**
   * Open the file again, or start a command that was given up again.
   * @returns Whether a file was opened. @throws when it cannot be.
   */
  reopen(): boolean;
  /** The last line is written: give the command time to finish. */
  close(): Promise<void>;
}

/**
 * Opens the target without using it yet.
 * @param note For what a reader of the log must know about a command. @throws StartError
 */
export function openLogTarget(
  libc: Libc | null,
  target: LogTarget,
  note: (line: string) => void,
): LogCommand | number {
  if (target.kind === "command") {
    if (libc === null) {
      throw new StartError(
        "Cannot use --log-file with a command: it needs bun:ffi, which is refused here",
      );
    }
    return createLogCommand(libc, target.command, note);
  }
  try {
    return openSync(target.path, "a");
  } catch (error) {
    throw new StartError(`Cannot open --log-file=${target.path}: ${causeOf(error)}`);
  }
}

/** From now on descriptors 1 and 2 are the log. */
export function redirectOutput(
  libc: Libc | null,
  target: LogTarget,
  opened: LogCommand | number,
): LogOutput {
  const path = target.kind === "file" ? target.path : null;
  let fd = typeof opened === "number" ? opened : opened.writer;
  const takeOver = (): void => {
    if (libc === null) return;
    libc.replace(fd, 1);
    libc.replace(fd, 2);
  };
  if (typeof opened !== "number") opened.start();
  takeOver();
  return {
    get fd() {
      return fd;
    },
    get ours() {
      return libc === null ? fd : 2;
    },
    reopen: () => {
      if (typeof opened !== "number") {
        opened.restart();
        return false;
      }
      if (path === null) return false;
      const next = openSync(path, "a");
      closeSync(fd);
      fd = next;
      takeOver();
      return true;
    },
    close: async () => {
      if (typeof opened === "number") return;
      if (libc !== null) opened.release();
      await opened.close();
    },
  };
}
