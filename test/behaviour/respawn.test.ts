/** A worker that dies is replaced: the first time at once, then at a distance that grows. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { readStatus, serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = ["--status-file=status", "--interval=0.1", "--"];

test("a worker that is killed is replaced at once, with a line", async () => {
  using dir = tempDir();
  await using server = startSupervisor([...options, "sleep", "60"], { cwd: dir.path });
  const [first] = await serving(dir.file("status"), [1]);
  process.kill(first!.pid, "SIGKILL");
  const [second] = await serving(dir.file("status"), [2]);
  await server.line(new RegExp(`^starting new worker ${second!.pid}$`));
  expect(server.stderr.slice(2)).toEqual([
    `worker ${first!.pid} died unexpectedly with status:9, restarting`,
    `starting new worker ${second!.pid}`,
  ]);
  expect(await server.stop()).toBe(0);
});

test("the current worker dies while its successor proves itself", async () => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.4", "--", "sleep", "60"],
    { cwd: dir.path },
  );
  const [first] = await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await eventually("the second starts", () => server.stderr.length >= 4);
  process.kill(first!.pid, "SIGKILL");
  const [second] = await serving(dir.file("status"), [2]);
  await server.line(/^killing old workers$/);
  expect(server.stderr.slice(2)).toEqual([
    "received HUP, spawning a new worker",
    `starting new worker ${second!.pid}`,
    `old worker ${first!.pid} died, status:9`,
    "new worker is now running, sending TERM to old workers:none",
    "killing old workers",
  ]);
  expect(await server.stop()).toBe(0);
});

test("both die: the search goes on until somebody serves", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\n[ ! -e broken ] || exit 1\nexec sleep 60\n" });
  await using server = startSupervisor([...options, "./worker"], { cwd: dir.path });
  const [first] = await serving(dir.file("status"), [1]);
  writeFileSync(dir.file("broken"), "");
  server.signal("SIGHUP");
  await server.line(/seems to have failed/);
  process.kill(first!.pid, "SIGKILL");
  await eventually("nobody is current", () => readStatus(dir.file("status")).length === 0);
  rmSync(dir.file("broken"));
  const [next] = await eventually("somebody serves", () => {
    const entries = readStatus(dir.file("status"));
    return entries.length === 1 && entries;
  });
  expect(next!.generation).toBeGreaterThan(2);
  expect(await server.stop()).toBe(0);
});

test("a program that fails at once does not spin, even with --interval=0", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\necho $SERVER_STARTER_GENERATION >>starts\nexit 1\n" });
  await using server = startSupervisor(["--interval=0", "--", "./worker"], { cwd: dir.path });
  const starts = (): number => dir.text("starts").trimEnd().split("\n").length;
  await server.line(/died unexpectedly/);
  const begun = performance.now();
  await eventually("five starts", () => starts() >= 5);
  const secondsPassed = (performance.now() - begun) / 1000;
  // Ten a second at the most, but for the first two.
  expect(starts()).toBeLessThanOrEqual(3 + Math.ceil(secondsPassed * 10));
  expect(await server.stop()).toBe(0);
});

test("a HUP ends a back-off at once", async () => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=30", "--wait-for-program", "--", "./missing"],
    { cwd: dir.path },
  );
  await server.line(/^cannot start/);
  writeFileSync(dir.file("missing"), "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
  server.signal("SIGHUP");
  await server.line(/^starting new worker/);
  expect(await server.stop()).toBe(0);
});
