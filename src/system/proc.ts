/** Readers of /proc. What cannot be read counts as absent: processes vanish while one looks. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import type { FileLimit } from "./libc.ts";

/** Our children: the kernel lists them, and orphans that come to us, with our first thread. */
export function ownChildren(): number[] {
  return childrenOfThread("self", process.pid);
}

/** Children of the process, those of all its threads. */
function childrenOf(pid: number): number[] {
  return entries(`/proc/${pid}/task`).flatMap((thread) => childrenOfThread(pid, thread));
}

function childrenOfThread(pid: number | "self", thread: number | string): number[] {
  return text(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number);
}

/** The processes and all that descend from them. */
export function treesOf(pids: readonly number[]): number[] {
  const found = new Set<number>();
  const visit = (pid: number): void => {
    if (found.has(pid)) return;
    found.add(pid);
    for (const child of childrenOf(pid)) visit(child);
  };
  for (const pid of pids) visit(pid);
  return [...found];
}

/** What the descriptor refers to, such as `socket:[4711]`; null when it is closed or not ours to see. */
export function descriptorTarget(pid: number | "self", fd: number | string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return null;
  }
}

/** Open descriptors of the process with what they refer to. */
export function descriptorsOf(pid: number | "self"): { fd: number; target: string }[] {
  return entries(`/proc/${pid}/fd`).flatMap((name) => {
    const target = descriptorTarget(pid, name);
    return target === null ? [] : [{ fd: Number(name), target }];
  });
}

/** The process's limit on open files, or null where /proc does not tell. */
export function fileLimitOf(pid: number): FileLimit | null {
  const match = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(
    text(`/proc/${pid}/limits`),
  );
  if (match === null) return null;
  const number = (word: string | undefined): number =>
    word === "unlimited" ? 2 ** 64 : Number(word);
  return { soft: number(match[1]), hard: number(match[2]) };
}

/** NUL-separated content as a byte string: environ, cmdline. */
export function procBytes(pid: number | "self", name: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
