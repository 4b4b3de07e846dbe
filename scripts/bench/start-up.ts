/** How long a start takes: `--version`, exec to port open, exec to the worker's first instruction. */
import { contestants, spread, takeTurns } from "./bench.ts";
import type { Bench, Benchmark } from "./bench.ts";
import { freePort, opened } from "./ports.ts";
import { milliseconds, start, within } from "./processes.ts";
import type { Program } from "./programs.ts";
import { timeRow } from "./table.ts";
import { REPORTING, SILENT, hasStarted } from "./workers.ts";

const RUNS = 41;
const QUICK_RUNS = 7;

export const version: Benchmark = {
  key: "version",
  title: "`--version`",
  measure: async (bench) => {
    const turns = contestants(bench.programs).map(
      ([name, { command }]) => [name, () => toExit(bench, [...command, "--version"])] as const,
    );
    const empty = (): Promise<number> => toExit(bench, bench.programs.empty.command);
    const samples = await takeTurns({ empty, ...Object.fromEntries(turns) }, runs(bench));
    bench.say(`  ${spread(samples)}`);
    const floor = await takeTurns({ ours: () => toExit(bench, ["true"]) }, runs(bench));
    bench.say(`  the bench's own floor, true(1): ${spread(floor)}`);
    return [
      timeRow(version.title, samples, {
        text: "≤ 1.5 × empty",
        isMet: ({ ours, empty: least }) => ours <= 1.5 * least,
      }),
    ];
  },
};

export const portOpen: Benchmark = {
  key: "port",
  title: "start to port open",
  measure: async (bench) => {
    const turns = contestants(bench.programs).map(
      ([name, program]) => [name, () => toPort(bench, program)] as const,
    );
    const empty = (): Promise<number> => toExit(bench, bench.programs.empty.command);
    const samples = await takeTurns({ empty, ...Object.fromEntries(turns) }, runs(bench));
    bench.say(`  ${spread(samples)}`);
    return [
      timeRow(portOpen.title, samples, {
        text: "≤ 2 × empty",
        isMet: ({ ours, empty: least }) => ours <= 2 * least,
      }),
    ];
  },
};

export const firstInstruction: Benchmark = {
  key: "first",
  title: "start to the worker's first instruction",
  measure: async (bench) => {
    const turns = contestants(bench.programs).map(([name, { command }]) => {
      const line = (): string[] => [...command, `--port=127.0.0.1:${freePort()}`, "--"];
      return [name, () => toReport(bench, [...line(), ...REPORTING])] as const;
    });
    const samples = await takeTurns(Object.fromEntries(turns), runs(bench));
    bench.say(`  ${spread(samples)}`);
    const floor = await takeTurns({ ours: () => toReport(bench, REPORTING) }, runs(bench));
    bench.say(`  of it the worker, a shell, by itself: ${spread(floor)}`);
    return [timeRow(firstInstruction.title, samples, null)];
  },
};

function runs({ quick }: Bench): number {
  return quick ? QUICK_RUNS : RUNS;
}

async function toExit(bench: Bench, command: readonly string[]): Promise<number> {
  const started = await start(bench, command, false);
  const { code, at } = await within(started.ended, `${command.join(" ")} ends`);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
  return milliseconds(started.startedAt, at);
}

async function toPort(bench: Bench, { command }: Program): Promise<number> {
  const port = freePort();
  const line = [...command, `--port=127.0.0.1:${port}`, "--", ...SILENT];
  const started = await start(bench, line, false);
  const at = await opened(port);
  await started.end();
  return milliseconds(started.startedAt, at);
}

async function toReport(bench: Bench, command: readonly string[]): Promise<number> {
  const started = await start(bench, command, true);
  const { at } = await started.report("the worker starts", hasStarted);
  await started.end();
  return milliseconds(started.startedAt, at);
}
