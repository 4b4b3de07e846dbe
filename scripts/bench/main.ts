/** The bench: options in, a table out. Exit code 1 when a row could not be measured. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, Benchmark } from "./bench.ts";
import { deploys } from "./deploys.ts";
import { idle } from "./idle.ts";
import { endAll } from "./processes.ts";
import { facts, findPrograms } from "./programs.ts";
import { firstInstruction, portOpen, version } from "./start-up.ts";
import { respawn, restart, switchOver } from "./switching.ts";
import { asMarkdown, asText } from "./table.ts";
import type { Row } from "./table.ts";

const BENCHMARKS: readonly Benchmark[] = [
  version,
  portOpen,
  firstInstruction,
  respawn,
  switchOver,
  restart,
  idle,
  deploys,
];

const HELP = `npm run bench -- [options]
  --only=ROW,…    measure these alone: ${BENCHMARKS.map(({ key }) => key).join(", ")}
  --quick         fewer runs and shorter waits, to try the bench itself
  --markdown      print the table as the README has it
  --verbose       print quartiles and the bench's own floor
  --ours=FILE     the executable to measure (dist/start_server)`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    ours: { type: "string", default: "dist/start_server" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const chosen = options.only?.split(",") ?? BENCHMARKS.map(({ key }) => key);
const unknown = chosen.filter((key) => !BENCHMARKS.some((each) => each.key === key));
if (unknown.length > 0) {
  console.error(`No such row: ${unknown.join(", ")}\n${HELP}`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), "start_server-bench-"));
const cleanUp = (): void => {
  endAll();
  rmSync(scratch, { recursive: true, force: true });
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    cleanUp();
    process.exit(1);
  });
}

let failures = 0;
try {
  const programs = findPrograms(options.ours, scratch);
  const bench: Bench = {
    programs,
    scratch,
    quick: options.quick,
    say: (line) => {
      if (options.verbose) console.error(line);
    },
  };
  const rows: Row[] = [];
  for (const { key, title, measure } of BENCHMARKS) {
    if (!chosen.includes(key)) continue;
    console.error(`measuring: ${title}`);
    try {
      rows.push(...(await measure(bench)));
    } catch (error) {
      failures += 1;
      console.error(`FAILED: ${title}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      endAll();
    }
  }
  const print = options.markdown ? asMarkdown : asText;
  console.log(print(rows, facts(programs, options.quick)));
} finally {
  cleanUp();
}
process.exit(failures > 0 ? 1 : 0);
