/**
 * The limit on open files that a worker starts with.
 *
 * Bun raises its own soft limit to the hard one before our code runs, and the old value is gone; the
 * launcher still has it, unless it changed its own. So without --rlimit-nofile the parent's is taken.
 */
import type { Config } from "../config/parse.ts";
import type { FileLimit, Libc } from "./libc.ts";
import { fileLimitOf } from "./proc.ts";

/** @param launcher Pid of who started us; 0 when it is outside our pid namespace. */
export function workerLimit(
  libc: Libc,
  asked: Config["rlimitNofile"],
  launcher: number,
): FileLimit {
  const own = libc.fileLimit();
  if (asked !== null) return { soft: asked.soft, hard: asked.hard ?? own.hard };
  const parent = fileLimitOf(launcher);
  if (parent === null || parent.hard !== own.hard || parent.soft >= own.soft) return own;
  return { soft: parent.soft, hard: own.hard };
}

/** Run `start` while our own limit is the worker's, because a child inherits it. */
export function withFileLimit<T>(libc: Libc, limit: FileLimit, start: () => T): T {
  const own = libc.fileLimit();
  if (own.soft === limit.soft && own.hard === limit.hard) return start();
  libc.setFileLimit(limit);
  try {
    return start();
  } finally {
    restore(libc, own, limit);
  }
}

/** Without privileges a lowered hard limit stays lowered, which we can live with. */
function restore(libc: Libc, own: FileLimit, limit: FileLimit): void {
  try {
    libc.setFileLimit(own);
  } catch {
    libc.setFileLimit({ soft: limit.hard, hard: limit.hard });
  }
}
