/** What runs out while it runs costs a line, and is made good when it is there again; nothing piles up. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { descriptorsOf, treeOf } from "../support/proc.ts";
import { readStatus, serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test.skipIf(lacks("util-linux"))(
  "without a free descriptor it deploys, and the files follow",
  async () => {
    using dir = tempDir();
    await using server = startSupervisor(
      ["--port=127.0.0.1:0", "--status-file=status", "--interval=0.1", "--", "sleep", "60"],
      { cwd: dir.path },
    );
    const [first] = await serving(dir.file("status"), [1]);
    const open = new Set(Object.keys(descriptorsOf(server.pid)).map(Number));
    const free = Array.from({ length: 99 }, (_, fd) => fd).find((fd) => !open.has(fd)) ?? 0;
    const setLimit = (soft: number): void => {
      expect(Bun.spawnSync(["prlimit", `--pid=${server.pid}`, `--nofile=${soft}:`]).exitCode).toBe(
        0,
      );
    };
    setLimit(free);
    server.signal("SIGHUP");
    await server.line(/^old worker/);
    expect(server.stderr.filter((line) => line.includes("EMFILE"))).toEqual([
      "cannot write --status-file status.deploy: too many open files (EMFILE)",
      "cannot write --status-file status: too many open files (EMFILE)",
    ]);
    expect(readStatus(dir.file("status"))).toEqual([first!]);
    setLimit(1024);
    await serving(dir.file("status"), [2]);
    expect(await server.stop()).toBe(0);
  },
);

test("two hundred deploys leave no descriptor, no process and no file behind", async () => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--port=127.0.0.1:0", "--status-file=status", "--interval=0", "--", "sleep", "60"],
    { cwd: dir.path },
  );
  await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  const before = Object.values(descriptorsOf(server.pid)).toSorted();
  for (let generation = 3; generation <= 202; generation += 1) {
    server.signal("SIGHUP");
    await serving(dir.file("status"), [generation]);
  }
  expect(Object.values(descriptorsOf(server.pid)).toSorted()).toEqual(before);
  expect(treeOf(server.pid)).toHaveLength(2);
  await eventually("there are these two files and no others", () => {
    const names = readdirSync(dir.path).toSorted();
    return names.join() === "status,status.deploy";
  });
  expect(await server.stop()).toBe(0);
});
