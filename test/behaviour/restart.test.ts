/** --restart tells the truth, and works on Perl's files as --stop does; Perl's verbs work on ours. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { ours, perls } from "../support/program.ts";
import { readStatus, serving } from "../support/status.ts";
import { runToEnd, startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const files = ["--pid-file=pid", "--status-file=status"];
const steady = "#!/bin/sh\n[ ! -e broken ] || exit 3\nexec sleep 60\n";
const slow =
  "#!/bin/sh\ntrap 'while [ ! -e leave ]; do sleep 0.02; done; exit 0' TERM\nwhile :; do sleep 0.02; done\n";

test("it returns when the new generation is current and the old one is gone", async () => {
  using dir = tempDir({ worker: slow });
  await using server = startSupervisor([...files, "--interval=0.3", "--", "./worker"], {
    cwd: dir.path,
  });
  await serving(dir.file("status"), [1]);
  const restart = runToEnd(["--restart", ...files], { cwd: dir.path });
  let returned = false;
  void restart.then(() => (returned = true));
  await serving(dir.file("status"), [1, 2]);
  await server.line(/^killing old workers/);
  // It looks every few milliseconds: were it satisfied, it would be gone by now.
  await Bun.sleep(150);
  expect(returned).toBe(false);
  writeFileSync(dir.file("leave"), "");
  expect(await restart).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readStatus(dir.file("status")).map((entry) => entry.generation)).toEqual([2]);
  expect(await server.stop()).toBe(0);
});

test("a first try that fails is said, and a later one that works is success", async () => {
  using dir = tempDir({ worker: steady });
  await using server = startSupervisor([...files, "--interval=0.3", "--", "./worker"], {
    cwd: dir.path,
  });
  await serving(dir.file("status"), [1]);
  writeFileSync(dir.file("broken"), "");
  const restart = runToEnd(["--restart", ...files], { cwd: dir.path });
  await server.line(/seems to have failed to start/);
  await eventually("the failure is published", () =>
    /"failedTries":[1-9]/.test(dir.text("status.deploy")),
  );
  rmSync(dir.file("broken"));
  const { code, stderr } = await restart;
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^try \d failed: new worker \d+ ended with status 768; the old generation stays, trying again\n/,
  );
  expect(await server.stop()).toBe(0);
});

test("a supervisor that ends meanwhile is a failure", async () => {
  using dir = tempDir({ worker: steady });
  await using server = startSupervisor([...files, "--interval=5", "--", "./worker"], {
    cwd: dir.path,
  });
  await server.line(/^starting new worker/);
  await eventually("the status file is there", () => readStatus(dir.file("status")).length > 0);
  const restart = runToEnd(["--restart", ...files], { cwd: dir.path });
  await server.line(/^received HUP/);
  expect(await server.stop()).toBe(0);
  const { code, stderr } = await restart;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `Cannot --restart: start_server with pid ${server.pid} ended before the deploy did\n`,
  });
});

test("asked during another deploy, it waits for one of its own", async () => {
  using dir = tempDir({ worker: steady });
  await using server = startSupervisor([...files, "--interval=0.3", "--", "./worker"], {
    cwd: dir.path,
  });
  await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await eventually("generation 2 is on its way", () => server.stderr.length >= 4);
  expect((await runToEnd(["--restart", ...files], { cwd: dir.path })).code).toBe(0);
  expect(readStatus(dir.file("status")).map((entry) => entry.generation)).toEqual([3]);
  expect(await server.stop()).toBe(0);
});

// Whose verb, on whose files.
test.skipIf(lacks("libserver-starter-perl")).each([
  ["ours", "Perl's", ours, perls],
  ["Perl's", "ours", perls, ours],
])("%s --restart and --stop on %s files", async (_, __, verb, supervisor) => {
  using dir = tempDir({ worker: steady });
  await using server = startSupervisor([...files, "--interval=1", "--", "./worker"], {
    ...{ cwd: dir.path, command: supervisor },
  });
  await serving(dir.file("status"), [1]);
  const run = (option: string): ReturnType<typeof runToEnd> =>
    runToEnd([option, ...files], { cwd: dir.path, command: verb });
  expect((await run("--restart")).code).toBe(0);
  expect(readStatus(dir.file("status")).map((entry) => entry.generation)).toEqual([2]);
  expect((await run("--stop")).code).toBe(0);
  expect(await server.exited).toBe(0);
});
