/**
 * Strays: processes that outlive the worker they descend from and still hold a listening socket, such as
 * the children of a prefork server whose master was killed. They would serve the old code unseen.
 *
 * The supervisor is a subreaper, so they become its children when their parent dies.
 */
import { descriptorTarget, descriptorsOf, treesOf } from "./proc.ts";

export interface Strays {
  /** Orphans that exist before `generation` is spawned are not its own. */
  note(orphans: readonly number[], generation: number): void;
  /** The orphans, with their trees, that a worker of `generation` may have left and that hold a socket. */
  leftBy(generation: number, orphans: readonly number[]): number[];
  /** Those of the trees of `pids` that hold a socket. */
  holding(pids: readonly number[]): number[];
}

export function createStrays(sockets: readonly number[]): Strays {
  const inodes = new Set<string>();
  for (const fd of sockets) {
    const target = descriptorTarget("self", fd);
    if (target !== null) inodes.add(target);
  }
  const holdsSocket = (pid: number): boolean =>
    descriptorsOf(pid).some(({ target }) => inodes.has(target));
  /** The generation that was the newest when an orphan was first seen: it came from that or an older one. */
  const newestAtSight = new Map<number, number>();

  const holding = (pids: readonly number[]): number[] =>
    inodes.size === 0 ? [] : treesOf(pids).filter(holdsSocket);

  return {
    note: (orphans, generation) => {
      for (const pid of newestAtSight.keys()) if (!orphans.includes(pid)) newestAtSight.delete(pid);
      for (const pid of orphans) {
        if (!newestAtSight.has(pid)) newestAtSight.set(pid, generation - 1);
      }
    },
    leftBy: (generation, orphans) =>
      holding(orphans.filter((pid) => (newestAtSight.get(pid) ?? generation) >= generation)),
    holding,
  };
}
