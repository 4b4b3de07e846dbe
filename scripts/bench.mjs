/**
 * `npm run bench`: measures this program beside Perl's start_server. `npm run bench -- --help` names the
 * options.
 */
import { spawn } from "node:child_process";
import { bun, install, must, root } from "./tools.mjs";

install();
// Standard output is the table's alone: `npm run --silent bench -- --markdown` can be redirected.
must("node", ["scripts/build.mjs"], { stdio: ["inherit", 2, 2] });
const bench = spawn(bun(), ["scripts/bench/main.ts", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
// Ctrl-C reaches the bench too, which then ends what it started; what reaches us alone is passed on.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => bench.kill(signal));
bench.on("exit", (code, signal) => process.exit(signal === null ? code : 1));
