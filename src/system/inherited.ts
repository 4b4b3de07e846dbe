/**
 * Descriptors that our launcher left open for whom it started. Server::Starter's workers get them, so ours
 * do; Bun marks them close-on-exec at start, which is undone here.
 */
import { readlinkSync } from "node:fs";
import type { Libc } from "./libc.ts";
import { descriptorsOf } from "./proc.ts";

/** Call it before anything else is opened. Descriptors of the event loop (`anon_inode:`) are Bun's own. */
export function inheritedDescriptors(): number[] {
  return descriptorsOf("self")
    .filter(({ fd, target }) => fd > 2 && !target.startsWith("anon_inode:"))
    .filter(({ target }) => target !== `/proc/${process.pid}/fd` && target !== executable())
    .map(({ fd }) => fd);
}

/** Let every child have them. */
export function passOn(libc: Libc, descriptors: readonly number[]): void {
  for (const fd of descriptors) libc.setCloseOnExec(fd, false);
}

function executable(): string | null {
  try {
    return readlinkSync("/proc/self/exe");
  } catch {
    return null;
  }
}
