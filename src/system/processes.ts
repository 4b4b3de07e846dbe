/**
 * Starts worker processes, signals them, and learns of their ends.
 *
 * Workers are started by libc's posix_spawn. Bun.spawn was measured to change what they find: every signal
 * disposition at its default (SIGPIPE, which Server::Starter's workers find ignored, kills them at the
 * first client that goes away), environment and arguments re-encoded as UTF-8, and the raw wait status,
 * which the log prints, lost. It is the fallback where FFI is refused.
 */
import type { FileLimit, Libc, SpawnRequest } from "./libc.ts";
import { signalNumber } from "../config/signals.ts";
import { ownChildren } from "./proc.ts";
import { createStrays } from "./strays.ts";
import { withFileLimit } from "./worker-limit.ts";

/** A worker as the supervisor wants it; see SpawnRequest. */
export type WorkerRequest = Omit<SpawnRequest, "newSession"> & {
  readonly generation: number;
  readonly limit: FileLimit | null;
};

export type OnExited = (pid: number, status: number, strays: readonly number[]) => void;

export interface Processes {
  /** @throws with a code when no process was made. */
  spawn(request: WorkerRequest): number;
  /** Signal a process that we started, or that one of those left behind, if it still lives. */
  kill(pid: number, signal: string): void;
  /** Those of `pids` and their descendants that hold a listening socket. */
  holding(pids: readonly number[]): number[];
  /** SIGCHLD came: reap. */
  reap(): void;
}

/** Children that Bun started and reaps by itself. */
const bunsChildren = new Set<number>();

/** Leave the child to Bun: reaping it here would make its `exited` reject. */
export function leaveToBun(child: {
  readonly pid: number;
  readonly exited: Promise<number>;
}): void {
  bunsChildren.add(child.pid);
  const forget = (): void => void bunsChildren.delete(child.pid);
  child.exited.then(forget, forget);
}

/** @param sockets Our descriptors of the listening sockets. */
export function createProcesses(
  libc: Libc,
  sockets: readonly number[],
  onExited: OnExited,
): Processes {
  /** Workers and strays that are not known to be gone. */
  const known = new Map<number, { readonly generation: number; readonly stray: boolean }>();
  const strays = createStrays(sockets);
  const unknownChildren = (): number[] =>
    ownChildren().filter((pid) => !known.has(pid) && !bunsChildren.has(pid));

  return {
    spawn: (request) => {
      strays.note(unknownChildren(), request.generation);
      const start = (): number => libc.spawn({ ...request, newSession: false });
      const pid = request.limit === null ? start() : withFileLimit(libc, request.limit, start);
      known.set(pid, { generation: request.generation, stray: false });
      return pid;
    },
    kill: (pid, signal) => {
      const found = known.get(pid);
      if (found === undefined) return;
      // A stray may be reaped by its own parent and its pid given to a stranger, who has no socket of ours.
      if (found.stray && !strays.holding([pid]).includes(pid)) return;
      send(pid, signal);
    },
    holding: (pids) => {
      const generation = known.get(pids[0] ?? 0)?.generation ?? 0;
      const holding = strays.holding(pids.filter((pid) => known.has(pid)));
      for (const pid of pids) if (!holding.includes(pid)) known.delete(pid);
      for (const pid of holding) if (!known.has(pid)) known.set(pid, { generation, stray: true });
      return holding;
    },
    reap: () => {
      for (const [pid, { generation, stray }] of known) {
        const status = libc.reap(pid);
        if (status === null) continue;
        // A stray deeper in a tree is no child of ours; whether it is gone, `holding` finds out.
        if (status === "none" && stray) continue;
        known.delete(pid);
        const left = strays.leftBy(generation, unknownChildren());
        for (const each of left) known.set(each, { generation, stray: true });
        onExited(pid, status === "none" ? 0 : status, left);
      }
      for (const pid of unknownChildren()) libc.reap(pid);
    },
  };
}

/** Without libc: Bun starts and reaps; orphans go to init. */
export function createBunProcesses(onExited: OnExited): Processes {
  const known = new Set<number>();
  return {
    spawn: ({ file, argv, environment, dir, descriptors }) => {
      const text = (bytes: string): string => Buffer.from(bytes, "latin1").toString();
      const stdio: (number | "inherit" | "ignore")[] = ["inherit", "inherit", "inherit"];
      for (const [ours, theirs] of descriptors) {
        while (stdio.length <= theirs) stdio.push("ignore");
        stdio[theirs] = ours;
      }
      const child = Bun.spawn([text(file), ...argv.slice(1).map(text)], {
        argv0: text(argv[0] ?? file),
        env: Object.fromEntries([...environment].map(([name, value]) => [text(name), text(value)])),
        ...(dir === null ? {} : { cwd: dir }),
        stdio: stdio as ["inherit", "inherit", "inherit"],
        onExit: ({ pid }, code, signal) => {
          known.delete(pid);
          onExited(pid, rawStatus(code, signal), []);
        },
      });
      known.add(child.pid);
      return child.pid;
    },
    kill: (pid, signal) => {
      if (known.has(pid)) send(pid, signal);
    },
    holding: () => [],
    reap: () => undefined,
  };
}

/** wait(2)'s status, but for the core bit, which Bun does not tell. */
function rawStatus(code: number | null, signal: number | string | null): number {
  if (typeof signal === "number") return signal;
  if (signal !== null) return signalNumber(signal.replace(/^SIG/, "")) ?? 0;
  return (code ?? 0) << 8;
}

function send(pid: number, signal: string): void {
  try {
    process.kill(pid, /^\d+$/.test(signal) ? Number(signal) : (`SIG${signal}` as NodeJS.Signals));
  } catch {
    // ESRCH: it died and is not reaped yet. EPERM: it changed its user; there is nothing we could do.
  }
}
