/** How long it takes until a dead worker has a successor, an old one is told to leave, `--restart` is done. */
import { join } from "node:path";
import { contestants, spread, takeTurns } from "./bench.ts";
import type { Bench, Benchmark } from "./bench.ts";
import { freePort } from "./ports.ts";
import { milliseconds, start, within } from "./processes.ts";
import type { Started } from "./processes.ts";
import type { Program } from "./programs.ts";
import { timeRow } from "./table.ts";
import { LEAVING, REPORTING, SILENT, hasStarted, pidIn } from "./workers.ts";

const RUNS = 41;
/** Perl's `--restart` looks once a second. */
const RESTART_RUNS = 15;
const QUICK_RUNS = 5;
/** What was asked before has been done by then, so that a supervisor is measured from its rest. */
const REST_MS = 100;

const FASTER = {
  text: "faster than Perl's",
  isMet: ({ ours, perl }: { readonly ours: number; readonly perl: number }) => ours < perl,
};

export const respawn: Benchmark = {
  key: "respawn",
  title: "worker killed to its successor's first instruction",
  measure: async (bench) => {
    const turns = contestants(bench.programs).map(
      ([name, program]) => [name, () => toSuccessor(bench, program)] as const,
    );
    const samples = await takeTurns(Object.fromEntries(turns), bench.quick ? QUICK_RUNS : RUNS);
    bench.say(`  ${spread(samples)}`);
    return [timeRow(respawn.title, samples, FASTER)];
  },
};

/** Each time a new supervisor: one that has just seen a worker die waits before it tries again. */
async function toSuccessor(bench: Bench, program: Program): Promise<number> {
  const started = await start(bench, line(program, [], REPORTING), true);
  const worker = await started.report("the worker starts", hasStarted);
  await Bun.sleep(REST_MS);
  const killedAt = Bun.nanoseconds();
  process.kill(pidIn(worker), "SIGKILL");
  const { at } = await started.report("a successor starts", hasStarted);
  await started.end();
  return milliseconds(killedAt, at);
}

export const switchOver: Benchmark = {
  key: "switch",
  title: "HUP to TERM arriving at the old worker (`--interval=0`)",
  measure: async (bench) => {
    const turns = contestants(bench.programs).map(async ([name, program]) => {
      const started = await start(bench, line(program, [], LEAVING), true);
      let current = pidIn(await started.report("the worker starts", hasStarted));
      const turn = async (): Promise<number> => {
        await Bun.sleep(REST_MS);
        const old = current;
        const askedAt = Bun.nanoseconds();
        process.kill(started.pid, "SIGHUP");
        const [next, leaving] = await Promise.all([
          started.report("a new worker starts", hasStarted),
          started.report("the old worker is told", (text) => text === `leaving ${old}`),
        ]);
        current = pidIn(next);
        return milliseconds(askedAt, leaving.at);
      };
      return { name, turn, started };
    });
    const all = await Promise.all(turns);
    const byName = Object.fromEntries(all.map(({ name, turn }) => [name, turn]));
    const samples = await takeTurns(byName, bench.quick ? QUICK_RUNS : RUNS);
    bench.say(`  ${spread(samples)}`);
    await endEach(all);
    return [timeRow(switchOver.title, samples, FASTER)];
  },
};

export const restart: Benchmark = {
  key: "restart",
  title: "`--restart`, end to end (`--interval=0`)",
  measure: async (bench) => {
    const turns = contestants(bench.programs).map(async ([name, program]) => {
      const files = [
        `--pid-file=${join(bench.scratch, `${name}.pid`)}`,
        `--status-file=${join(bench.scratch, `${name}.status`)}`,
      ];
      const started = await start(bench, line(program, files, REPORTING), true);
      await started.report("the worker starts", hasStarted);
      const turn = async (): Promise<number> => {
        await Bun.sleep(REST_MS);
        const verb = await start(bench, [...program.command, "--restart", ...files], false);
        const { code, at } = await within(verb.ended, `--restart of ${name} ends`);
        if (code !== 0) throw new Error(`--restart of ${name} ended with ${code}`);
        return milliseconds(verb.startedAt, at);
      };
      return { name, turn, started };
    });
    const all = await Promise.all(turns);
    const byName = Object.fromEntries(all.map(({ name, turn }) => [name, turn]));
    const samples = await takeTurns(byName, bench.quick ? QUICK_RUNS : RESTART_RUNS, 1);
    bench.say(`  ${spread(samples)}`);
    await endEach(all);
    return [timeRow(restart.title, samples, null)];
  },
};

function line({ command }: Program, options: readonly string[], worker: readonly string[]) {
  return [
    ...command,
    `--port=127.0.0.1:${freePort()}`,
    "--interval=0",
    ...options,
    "--",
    ...(worker.length === 0 ? SILENT : worker),
  ];
}

async function endEach(all: readonly { readonly started: Started }[]): Promise<void> {
  for (const { started } of all) await started.end();
}
