/** What every measurement is given, and what the measurements have in common. */
import type { Program, Programs } from "./programs.ts";
import type { Row } from "./table.ts";

export interface Bench {
  readonly programs: Programs;
  /** A directory of our own, removed at the end. */
  readonly scratch: string;
  /** Fewer runs: to try the bench, not to quote. */
  readonly quick: boolean;
  /** For `--verbose`. */
  readonly say: (line: string) => void;
}

export interface Benchmark {
  /** Its name for `--only`. */
  readonly key: string;
  readonly title: string;
  readonly measure: (bench: Bench) => Promise<Row[]>;
}

/** Who takes part, in the order of their turns. */
export type Runner = "empty" | "ours" | "perl";
export type Samples = Readonly<Partial<Record<Runner, readonly number[]>>>;
type Turns = Partial<Record<Runner, () => Promise<number>>>;

/** The two programs, the second only where it is installed. */
export function contestants({ ours, perl }: Programs): ["ours" | "perl", Program][] {
  return perl === null
    ? [["ours", ours]]
    : [
        ["ours", ours],
        ["perl", perl],
      ];
}

/** Lets all take turns, so that what else the machine does meets each alike. The first rounds do not count. */
export async function takeTurns(turns: Turns, runs: number, warmUps = 3): Promise<Samples> {
  const runners = Object.entries(turns) as [Runner, () => Promise<number>][];
  const samples = Object.fromEntries(runners.map(([runner]) => [runner, [] as number[]]));
  for (let round = -warmUps; round < runs; round += 1) {
    for (const [runner, turn] of runners) {
      const value = await turn();
      if (round >= 0) samples[runner]?.push(value);
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Quartiles of each, for `--verbose`. */
export function spread(samples: Samples): string {
  return Object.entries(samples)
    .map(([runner, values]) => {
      const [low, middle, high] = [0.25, 0.5, 0.75].map((at) => quantile(values, at).toFixed(2));
      return `${runner} ${low} ${middle} ${high} (${values.length} runs)`;
    })
    .join(" | ");
}

function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * at;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
