/** What /proc tells about a process: its tree, memory, descriptors, wake-ups and time on the processor. */
import { readFileSync, readdirSync } from "node:fs";

export interface Memory {
  readonly residentMb: number;
  /** Anonymous memory, shared pages in proportion: what cannot be dropped and read again from the file. */
  readonly anonymousMb: number;
}

/** Counted since its start, over all threads. */
export interface Activity {
  readonly wakeUps: number;
  readonly cpuMs: number;
}

/** Stops the process and all its descendants, parents first, so that none starts another unseen; lists them. */
export function freezeTree(pid: number): number[] {
  try {
    process.kill(pid, "SIGSTOP");
  } catch {
    return [];
  }
  for (let looks = 0; looks < 1000 && !/^[TZ]?$/.test(stateOf(pid)); looks += 1) Bun.sleepSync(1);
  const children = threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(freezeTree)];
}

/** @throws where the kernel has no smaps_rollup, or the process is gone. */
export function memoryOf(pid: number): Memory {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  const megabytes = (field: string): number => {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(rollup);
    if (found === null) throw new Error(`/proc/${pid}/smaps_rollup does not tell ${field}`);
    return Number(found[1]) / 1024;
  };
  return { residentMb: megabytes("Rss"), anonymousMb: megabytes("Pss_Anon") };
}

export function descriptorCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function activityOf(pid: number): Activity {
  const threads = threadsOf(pid).map((thread) => `/proc/${pid}/task/${thread}`);
  if (threads.length === 0) throw new Error(`process ${pid} is gone`);
  return {
    wakeUps: sum(
      threads.map((thread) => /^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(`${thread}/status`))),
    ),
    // Its first number: nanoseconds on the processor.
    cpuMs: sum(threads.map((thread) => /^(\d+)/.exec(read(`${thread}/schedstat`)))) / 1e6,
  };
}

function sum(matches: readonly (RegExpExecArray | null)[]): number {
  return matches.reduce((total, match) => total + Number(match?.[1] ?? Number.NaN), 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Field 3 of stat, behind the name, which may hold anything. Empty when the process is gone. */
function stateOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).slice(0, 1);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
