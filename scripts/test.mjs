/**
 * `npm test`: builds what is tested and runs all tests on the compiled binary, then those that start the
 * program once more on its source. The last line counts them.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { bun, install, must, root } from "./tools.mjs";

/** Directories whose tests start the program, and so depend on how it was built. */
const ON_SOURCE_TOO = ["test/behaviour", "test/cli", "test/smoke.test.ts"];
/** Far above what any test takes: a test that hangs ends the run, a slow machine does not. */
const TIMEOUT_MS = 120_000;

install();
must("node", ["scripts/build.mjs"]);
must("node", ["scripts/package.mjs"]);

const chosen = process.argv.slice(2);
const runs =
  chosen.length > 0
    ? [{ target: "compiled", paths: chosen }]
    : [
        { target: "compiled", paths: [] },
        { target: "source", paths: ON_SOURCE_TOO },
      ];

const total = { tests: 0, failures: 0, skipped: 0 };
const scratch = mkdtempSync(join(tmpdir(), "start_server-test-"));
let failed = false;
for (const { target, paths } of runs) {
  console.log(`\n# The tests on the ${target} program\n`);
  const report = join(scratch, `${target}.xml`);
  const { status } = spawnSync(
    bun(),
    [
      ...["test", `--parallel=${Math.min(2, availableParallelism())}`, `--timeout=${TIMEOUT_MS}`],
      ...["--reporter=junit", `--reporter-outfile=${report}`, ...paths],
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, START_SERVER_TARGET: target } },
  );
  failed ||= status !== 0;
  for (const [name, count] of Object.entries(countsIn(report))) total[name] += count;
}
rmSync(scratch, { recursive: true });

// A run that died before its report counts as one failure.
if (failed && total.failures === 0) total.failures = 1;
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
const passed = Math.max(0, total.tests - total.failures - total.skipped);
console.log(`\n${passed} passed, ${total.failures} failed${skipped}`);
process.exit(failed ? 1 : 0);

function countsIn(report) {
  let xml = "";
  try {
    xml = readFileSync(report, "utf8");
  } catch {
    // Said above.
  }
  const [head = ""] = /<testsuites [^>]*>/.exec(xml) ?? [];
  const attribute = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  return {
    tests: attribute("tests"),
    failures: attribute("failures") + attribute("errors"),
    skipped: attribute("skipped"),
  };
}
