/** The pid file: written once its lock is ours, locked for life, removed only while it is still ours. */
import { expect, test } from "bun:test";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const sleeper = ["--pid-file=pid", "--", "sleep", "60"];

function isLocked(path: string): boolean {
  return Bun.spawnSync(["flock", "--nonblock", path, "true"]).exitCode === 1;
}

test.skipIf(lacks("util-linux"))("it holds the pid, is locked for life and then gone", async () => {
  using dir = tempDir();
  await using server = startSupervisor(sleeper, { cwd: dir.path });
  await server.line(/^starting new worker/);
  expect(dir.text("pid")).toBe(`${server.pid}\n`);
  expect(isLocked(dir.file("pid"))).toBe(true);
  expect(await server.stop()).toBe(0);
  expect(existsSync(dir.file("pid"))).toBe(false);
});

test("a file that was left behind is taken over", async () => {
  using dir = tempDir({ pid: "99999999\nand more\n" });
  await using server = startSupervisor(sleeper, { cwd: dir.path });
  await server.line(/^starting new worker/);
  expect(dir.text("pid")).toBe(`${server.pid}\n`);
  expect(await server.stop()).toBe(0);
});

test("a file that somebody else put in its place stays", async () => {
  using dir = tempDir();
  await using server = startSupervisor(sleeper, { cwd: dir.path });
  await server.line(/^starting new worker/);
  writeFileSync(dir.file("other"), "1\n");
  renameSync(dir.file("other"), dir.file("pid"));
  expect(await server.stop()).toBe(0);
  expect(dir.text("pid")).toBe("1\n");
});

test.skipIf(lacks("util-linux"))("the lock outlives the log's last line", async () => {
  using dir = tempDir();
  // The log command is slow to end: who waits for the lock waits for the whole log.
  await using server = startSupervisor(
    ["--log-file=| cat >log; sleep 0.5; echo ended >>log", ...sleeper],
    { cwd: dir.path },
  );
  await eventually("the pid file is there", () => existsSync(dir.file("pid")));
  const lock = Bun.spawn(["flock", dir.file("pid"), "true"]);
  await server.stop();
  await lock.exited;
  expect(dir.text("log")).toEndWith("exiting\nended\n");
});
