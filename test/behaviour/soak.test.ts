/** --kill-old-delay: old and new side by side, and the old one stays if the new one dies meanwhile. */
import { expect, test } from "bun:test";
import { isAlive } from "../support/proc.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test("the old worker is told after the delay, with Perl's lines", async () => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.1", "--kill-old-delay=0.3", "--", "sleep", "60"],
    { cwd: dir.path },
  );
  const [first] = await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [1, 2]);
  await server.line(/^old worker/);
  expect(server.stderr.slice(4)).toEqual([
    `new worker is now running, sending TERM to old workers:${first!.pid}`,
    "sleeping 0.3 secs before killing old workers",
    "killing old workers",
    `old worker ${first!.pid} died, status:15`,
  ]);
  expect(await server.stop()).toBe(0);
});

test("a new worker that dies in the delay costs the old one nothing", async () => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.1", "--kill-old-delay=60", "--", "sleep", "60"],
    { cwd: dir.path },
  );
  const [first] = await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  const [, second] = await serving(dir.file("status"), [1, 2]);
  process.kill(second!.pid, "SIGKILL");
  expect(await server.line(/, keeping/)).toBe(
    `new worker ${second!.pid} died while the old ones waited, keeping ${first!.pid}`,
  );
  // The deploy goes on with another try, and the first serves until that soaks, too.
  await serving(dir.file("status"), [1, 3]);
  expect(isAlive(first!.pid)).toBe(true);
  expect(await server.stop()).toBe(0);
});
