/** --stop and --restart where no start_server runs: they say so, and signal nobody. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { isAlive } from "../support/proc.ts";
import { lacks } from "../support/packages.ts";
import { perls } from "../support/program.ts";
import { runToEnd, startSupervisor } from "../support/supervisor.ts";
import { refusal, site } from "./refusal.ts";

const verbs = [
  ["--stop", ["--stop", "--pid-file=pid"]],
  ["--restart", ["--restart", "--pid-file=pid", "--status-file=status"]],
] as const;

/** A process that is nobody's start_server. */
function stranger(): { readonly pid: number; [Symbol.asyncDispose](): Promise<void> } {
  const child = Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "ignore"] });
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await child.exited;
    },
  };
}

describe.each(verbs)("%s", (verb, args) => {
  test("without a pid file", async () => {
    using dir = site();
    expect(await refusal(dir, args)).toEqual({
      code: 1,
      line: `Cannot ${verb}: --pid-file=pid: no such file or directory (ENOENT); start_server is not running, or uses another file`,
    });
  });

  test("a stale pid that a stranger has now: no signal", async () => {
    await using living = stranger();
    using dir = site({ pid: `${living.pid}\n`, status: `1:${living.pid}\n` });
    const { code, line } = await refusal(dir, args);
    expect({ code, line }).toEqual({
      code: 1,
      line: expect.stringContaining(
        "start_server is not running: nobody holds the lock on --pid-file=pid",
      ),
    });
    expect(isAlive(living.pid)).toBe(true);
  });

  test.each(["", "0\n", "-1\n", "pid\n", "99999999999999999999\n"])(
    "a file that holds %j: no signal",
    async (pid) => {
      using dir = site({ pid, status: "" });
      expect((await refusal(dir, args)).code).toBe(1);
    },
  );

  test("a locked file without a pid", async () => {
    using dir = site({ pid: "\n", status: "1:1\n" });
    const holder = Bun.spawn(["flock", dir.file("pid"), "sh", "-c", "echo locked; exec cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await holder.stdout.getReader().read();
    const { code, line } = await refusal(dir, args);
    expect({ code, line }).toEqual({
      code: 1,
      line: expect.stringContaining("--pid-file=pid holds no pid"),
    });
    await holder.stdin.end();
    expect(await holder.exited).toBe(0);
  });

  test("a directory as its pid file", async () => {
    using dir = site();
    mkdirSync(dir.file("pid"));
    expect((await refusal(dir, args)).code).toBe(1);
  });

  test("a wrong value in the environment of a worker that calls it is no matter", async () => {
    using dir = site();
    const { line } = await refusal(dir, args, { env: { KILL_OLD_DELAY: "soon" } });
    expect(line).toStartWith(`Cannot ${verb}: --pid-file=pid: no such file`);
  });
});

test("--restart without a status file sends no HUP", async () => {
  using dir = site({ "worker.sh": "#!/bin/sh\necho ready\nexec sleep 60\n" });
  await using server = startSupervisor(["--pid-file=pid", "--", "./worker.sh"], { cwd: dir.path });
  await server.output(/ready/);
  const { code, line } = await refusal(dir, [
    "--restart",
    "--pid-file=pid",
    "--status-file=status",
  ]);
  expect({ code, line }).toEqual({
    code: 1,
    line: expect.stringContaining("--status-file=status: no such file or directory (ENOENT)"),
  });
  expect(await server.stop()).toBe(0);
  expect(server.stderr.filter((each) => each.includes("HUP"))).toEqual([]);
});

test("a file of the same name that a start_server made anew is found by --stop", async () => {
  using dir = site({ "worker.sh": "#!/bin/sh\necho ready\nexec sleep 60\n" });
  writeFileSync(dir.file("pid"), "1\n");
  await using server = startSupervisor(["--pid-file=pid", "--", "./worker.sh"], { cwd: dir.path });
  await server.output(/ready/);
  const { code, stdout, stderr } = await runToEnd(["--stop", "--pid-file=pid"], { cwd: dir.path });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toMatch(
    new RegExp(`^stop_server \\(pid:\\d+\\) stopping now \\(pid:${server.pid}\\)\\.\\.\\.\n$`),
  );
  expect(await server.exited).toBe(0);
});

test.skipIf(lacks("libserver-starter-perl"))("our --stop ends Perl's start_server", async () => {
  using dir = site({ "worker.sh": "#!/bin/sh\necho ready\nexec sleep 60\n" });
  await using server = startSupervisor(["--pid-file=pid", "--interval=0", "--", "./worker.sh"], {
    ...{ cwd: dir.path, command: perls },
  });
  await server.output(/ready/);
  expect((await runToEnd(["--stop", "--pid-file=pid"], { cwd: dir.path })).code).toBe(0);
  expect(await server.exited).toBe(0);
});
