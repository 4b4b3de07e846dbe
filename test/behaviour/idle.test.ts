/** Idle costs nothing: no time of the processor, whatever stderr and the sockets are. */
import { expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { ours } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

/** Nanoseconds that the process's threads have run. */
function runTime(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]),
    0,
  );
}

/** A tenth of what a loop without a pause would take. */
const LOOK_MS = 500;
const MOST_NS = 50e6;

test.each([
  ["a pipe as stderr", "", []],
  ["no stderr", "2>/dev/null", []],
  ["a file as stderr", "2>errors", []],
  ["sockets", "", ["--port=127.0.0.1:0", "--port=127.0.0.1:u0", "--path=x.sock"]],
  ["a log command", "", ["--log-file=| cat >log"]],
  [
    "restarts to come",
    "",
    ["--enable-auto-restart", "--auto-restart-interval=3600", "--kill-old-delay=0"],
  ],
])("with %s", async (_, redirection, options) => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.05", ...options, "--", "sleep", "60"],
    { cwd: dir.path, command: ["sh", "-c", `exec "$@" ${redirection}`, "sh", ...ours] },
  );
  await serving(dir.file("status"), [1]);
  const before = runTime(server.pid);
  await Bun.sleep(LOOK_MS);
  expect(runTime(server.pid) - before).toBeLessThan(MOST_NS);
  // Not asleep for good either.
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  await eventually("it ends", async () => (await server.stop()) === 0);
});
