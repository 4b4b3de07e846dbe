/** Reading a status file the way an operator's script does. */
import { readFileSync } from "node:fs";
import { eventually } from "./eventually.ts";

export interface Entry {
  readonly generation: number;
  readonly pid: number;
}

/** The entries, none while the file is not there. */
export function readStatus(path: string): Entry[] {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch {
    return [];
  }
  return [...text.matchAll(/^(\d+):(\d+)$/gm)].map(([, generation, pid]) => ({
    generation: Number(generation),
    pid: Number(pid),
  }));
}

/** Waits until exactly these generations are in the file. */
export function serving(path: string, generations: readonly number[]): Promise<Entry[]> {
  return eventually(`generations ${generations.join(", ")} in the status file`, () => {
    const entries = readStatus(path);
    const seen = entries.map((entry) => entry.generation);
    return (
      seen.length === generations.length &&
      seen.every((each, index) => each === generations[index]) &&
      entries
    );
  });
}
