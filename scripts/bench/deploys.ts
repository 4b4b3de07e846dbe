/** Whether many deploys leave something behind: memory and descriptors before and after. */
import { contestants } from "./bench.ts";
import type { Bench, Benchmark } from "./bench.ts";
import { freePort } from "./ports.ts";
import { descriptorCount, memoryOf } from "./proc.ts";
import { start } from "./processes.ts";
import type { Started } from "./processes.ts";
import type { Program } from "./programs.ts";
import type { Cell, Row } from "./table.ts";
import { REPORTING, hasStarted } from "./workers.ts";

const DEPLOYS = 2_000;
const QUICK_DEPLOYS = 200;
/** By then the runtime has collected what it will collect. */
const SETTLE_MS = 5_000;
/**
 * What the second half of the deploys may add and still count as none: the runtime gives memory back in
 * pieces, and when it likes. The first half is not asked, for code is compiled and heaps find their size.
 */
const NOISE_MB = 0.5;

/** At the start, half way, and at the end. */
type Readings = readonly [Reading, Reading, Reading];

interface Reading {
  readonly residentMb: number;
  readonly anonymousMb: number;
  readonly descriptors: number;
}

export const deploys: Benchmark = {
  key: "deploys",
  title: "2,000 deploys: memory and descriptors before and after",
  measure: async (bench) => {
    const count = bench.quick ? QUICK_DEPLOYS : DEPLOYS;
    const found: Partial<Record<"ours" | "perl", Readings>> = {};
    for (const [name, program] of contestants(bench.programs)) {
      found[name] = await deployMany(bench, program, count);
      for (const [index, reading] of found[name].entries()) {
        const { residentMb, anonymousMb, descriptors } = reading;
        bench.say(
          `  ${name}, after ${(count * index) / 2} deploys: Rss ${residentMb.toFixed(1)} MB, Pss_Anon ${anonymousMb.toFixed(2)} MB, ${descriptors} descriptors`,
        );
      }
    }
    const { ours } = found;
    if (ours === undefined) return [];
    const cells = (show: (reading: Reading) => string): Pick<Row, "ours" | "perl"> => {
      const cell = (readings: Readings | undefined): Cell | null =>
        readings === undefined
          ? null
          : { text: `${show(readings[0])} → ${show(readings[2])}`, value: null };
      return { ours: cell(ours) as Cell, perl: cell(found.perl) };
    };
    const row = (
      what: string,
      unit: string,
      show: (reading: Reading) => string,
      isMet: boolean,
    ): Row => ({
      title: `${count.toLocaleString("en")} deploys: ${what}`,
      unit,
      empty: null,
      ...cells(show),
      aim: { text: "no growth", isMet },
    });
    const [before, half, after] = ours;
    return [
      row(
        "unreclaimable memory (Pss_Anon)",
        "MB",
        ({ anonymousMb }) => anonymousMb.toFixed(1),
        after.anonymousMb <= half.anonymousMb + NOISE_MB,
      ),
      row(
        "resident memory (Rss)",
        "MB",
        ({ residentMb }) => residentMb.toFixed(1),
        after.residentMb <= half.residentMb + NOISE_MB,
      ),
      row(
        "descriptors",
        "",
        ({ descriptors }) => String(descriptors),
        after.descriptors <= before.descriptors,
      ),
    ];
  },
};

async function deployMany(bench: Bench, { command }: Program, count: number): Promise<Readings> {
  const line = [...command, `--port=127.0.0.1:${freePort()}`, "--interval=0", "--", ...REPORTING];
  const started = await start(bench, line, true);
  await started.report("the worker starts", hasStarted);
  const before = await readingOf(started);
  await deploy(started, count / 2);
  const half = await readingOf(started);
  await deploy(started, count / 2);
  const after = await readingOf(started);
  await started.end();
  return [before, half, after];
}

async function deploy(started: Started, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    process.kill(started.pid, "SIGHUP");
    await started.report(`worker ${done + 1} of ${count} starts`, hasStarted);
  }
}

async function readingOf({ pid }: Started): Promise<Reading> {
  await Bun.sleep(SETTLE_MS);
  return { ...memoryOf(pid), descriptors: descriptorCount(pid) };
}
