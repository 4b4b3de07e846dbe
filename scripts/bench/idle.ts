/** What a supervisor costs while nothing happens: memory, wake-ups, time on the processor. */
import { contestants, median } from "./bench.ts";
import type { Bench, Benchmark } from "./bench.ts";
import { freePort } from "./ports.ts";
import { activityOf, memoryOf } from "./proc.ts";
import { start } from "./processes.ts";
import { countRow, megabyteRow, timeRow } from "./table.ts";
import type { Samples } from "./bench.ts";
import { REPORTING, hasStarted } from "./workers.ts";

/** The runtime collects its garbage and gives memory back within this time. */
const SETTLE_MS = 60_000;
const QUICK_SETTLE_MS = 5_000;
const WINDOW_MS = 10_000;
/** The windows' median counts: the runtime's own housekeeping comes every half minute or so. */
const WINDOWS = 5;

export const idle: Benchmark = {
  key: "idle",
  title: "memory, wake-ups and processor time of an idle supervisor",
  measure: async (bench) => {
    const all = await Promise.all(
      contestants(bench.programs).map(async ([name, { command }]) => {
        const line = [...command, `--port=127.0.0.1:${freePort()}`, "--", ...REPORTING];
        const started = await start(bench, line, true);
        await started.report("the worker starts", hasStarted);
        return { name, started };
      }),
    );
    // They settle and are watched at the same time: they do nothing that could disturb each other.
    await Bun.sleep(bench.quick ? QUICK_SETTLE_MS : SETTLE_MS);
    const activity = all.map(({ name, started }) => ({
      name,
      pid: started.pid,
      windows: [] as Window[],
    }));
    for (let window = 0; window < windowsOf(bench); window += 1) {
      const before = activity.map(({ pid }) => activityOf(pid));
      await Bun.sleep(WINDOW_MS);
      for (const [index, { pid, windows }] of activity.entries()) {
        const after = activityOf(pid);
        windows.push({
          wakeUps: after.wakeUps - (before[index]?.wakeUps ?? 0),
          cpuMs: after.cpuMs - (before[index]?.cpuMs ?? 0),
        });
      }
    }
    for (const { name, windows } of activity) {
      const each = windows.map(({ wakeUps, cpuMs }) => `${wakeUps} in ${cpuMs.toFixed(2)} ms`);
      bench.say(`  ${name}, wake-ups a window: ${each.join(", ")}`);
    }
    const memory = all.map(({ name, started }) => ({ name, ...memoryOf(started.pid) }));
    for (const { started } of all) await started.end();

    const of = (pick: (window: Window) => number): Samples =>
      Object.fromEntries(activity.map(({ name, windows }) => [name, [median(windows.map(pick))]]));
    return [
      megabyteRow(
        "resident memory, idle (Rss)",
        Object.fromEntries(memory.map(({ name, residentMb }) => [name, [residentMb]])),
        null,
      ),
      megabyteRow(
        "unreclaimable memory, idle (Pss_Anon)",
        Object.fromEntries(memory.map(({ name, anonymousMb }) => [name, [anonymousMb]])),
        { text: "≤ ⅓ of Perl's", isMet: ({ ours, perl }) => ours <= perl / 3 },
      ),
      countRow(
        "wake-ups in 10 idle seconds",
        of(({ wakeUps }) => wakeUps),
        {
          text: "≤ 2",
          isMet: ({ ours }) => ours <= 2,
        },
      ),
      timeRow(
        "processor time in 10 idle seconds",
        of(({ cpuMs }) => cpuMs),
        null,
      ),
    ];
  },
};

interface Window {
  readonly wakeUps: number;
  readonly cpuMs: number;
}

function windowsOf({ quick }: Bench): number {
  return quick ? 1 : WINDOWS;
}
