/** --log-file: everybody's output, reopened on USR1, and no matter when its disk is full. */
import { describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { lacks, lacksRoot } from "../support/packages.ts";
import { ours } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const talking =
  "#!/bin/sh\necho out $SERVER_STARTER_GENERATION\necho err $SERVER_STARTER_GENERATION >&2\nexec sleep 60\n";
const options = ["--log-file=log", "--status-file=status", "--interval=0.1", "--", "./worker"];

test("it is appended to by the supervisor and by both streams of the worker", async () => {
  using dir = tempDir({ worker: talking, log: "before\n" });
  await using server = startSupervisor(options, { cwd: dir.path });
  const [worker] = await serving(dir.file("status"), [1]);
  expect(await server.stop()).toBe(0);
  const lines = dir.text("log").split("\n");
  expect(lines[0]).toBe("before");
  expect(lines).toEqual(
    expect.arrayContaining([`starting new worker ${worker!.pid}`, "out 1", "err 1", "exiting"]),
  );
  // As with Perl's, the first line is for who started it.
  expect(server.stderr).toEqual([`start_server (pid:${server.pid}) starting now...`]);
  expect(server.stdout).toEqual([]);
});

test("USR1 after a rename: our lines and the next worker's go to a new file", async () => {
  using dir = tempDir({ worker: talking });
  await using server = startSupervisor(options, { cwd: dir.path });
  const [worker] = await serving(dir.file("status"), [1]);
  renameSync(dir.file("log"), dir.file("log.1"));
  server.signal("SIGUSR1");
  await eventually("the new file says so", () =>
    dir
      .text("log")
      .includes(
        `received USR1, reopened the log; kept the old file until a deploy:${worker!.pid}\n`,
      ),
  );
  const old = dir.text("log.1");
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  expect(dir.text("log")).toContain("out 2\n");
  expect(await server.stop()).toBe(0);
  expect(dir.text("log")).toContain("exiting\n");
  expect(dir.text("log.1")).toBe(old);
});

test("USR1 when the file cannot be opened keeps the old one and says so", async () => {
  using dir = tempDir({ worker: talking, "d/x": "" });
  await using server = startSupervisor(
    ["--log-file=d/log", "--interval=0.1", "--status-file=status", "--", "./worker"],
    { cwd: dir.path },
  );
  await serving(dir.file("status"), [1]);
  renameSync(dir.file("d"), dir.file("e"));
  server.signal("SIGUSR1");
  await eventually("the old file says so", () =>
    dir
      .text("e/log")
      .includes("received USR1, cannot reopen the log: no such file or directory (ENOENT)\n"),
  );
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  expect(dir.text("e/log")).toContain("out 2\n");
  expect(await server.stop()).toBe(0);
});

describe("a disk that is full", () => {
  test.skipIf(lacksRoot() || lacks("util-linux"))("costs lines and nothing else", async () => {
    using dir = tempDir({ worker: talking });
    const mount = 'mount -t tmpfs -o size=64k none full && cp /dev/zero full/zero; exec "$@"';
    writeFileSync(dir.file("mount"), "");
    await using server = startSupervisor(["--log-file=full/log", ...options.slice(1)], {
      cwd: dir.path,
      command: [
        "unshare",
        "--mount",
        "sh",
        "-c",
        `mkdir full; ${mount} 2>/dev/null`,
        "sh",
        ...ours,
      ],
    });
    await serving(dir.file("status"), [1]);
    server.signal("SIGHUP");
    await serving(dir.file("status"), [2]);
    expect(await server.stop()).toBe(0);
  });

  test("/dev/full, as --log-file and as stderr", async () => {
    using dir = tempDir({ worker: talking });
    await using server = startSupervisor(["--log-file=/dev/full", ...options.slice(1)], {
      cwd: dir.path,
    });
    await serving(dir.file("status"), [1]);
    server.signal("SIGHUP");
    await serving(dir.file("status"), [2]);
    expect(await server.stop()).toBe(0);

    await using other = startSupervisor(options.slice(1), {
      ...{ cwd: dir.path, command: ["sh", "-c", 'exec "$@" 2>/dev/full', "sh", ...ours] },
    });
    await serving(dir.file("status"), [1]);
    expect(await other.stop()).toBe(0);
  });
});
