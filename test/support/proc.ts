/** What /proc tells about processes under test. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** The process and all its descendants. */
export function treeOf(pid: number): number[] {
  const children = entries(`/proc/${pid}/task`).flatMap((thread) =>
    text(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

/** Open descriptors by number. */
export function descriptorsOf(pid: number): Record<string, string> {
  return Object.fromEntries(
    entries(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [[fd, readlinkSync(`/proc/${pid}/fd/${fd}`)]];
      } catch {
        return [];
      }
    }),
  );
}

/** A line of /proc/PID/status, such as SigIgn. */
export function statusLine(pid: number, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text(`/proc/${pid}/status`))?.[1] ?? "";
}

export function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(text(`/proc/${pid}/status`));
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
