/** --daemonize: returns when the daemon can be talked to, or says why it is not there. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { isAlive, statusLine, treeOf } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { runToEnd } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

const unlogged = ["--daemonize", "--pid-file=pid", "--status-file=status", "--interval=0.1"];
const options = [...unlogged, "--log-file=log"];

/** Starts a daemon, and ends it and all its processes. */
async function daemon(
  dir: TempDir,
  args: readonly string[],
): Promise<{ pid: number; [Symbol.asyncDispose](): Promise<void> }> {
  const { code, stdout, stderr } = await runToEnd(args, { cwd: dir.path });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toMatch(/^start_server \(pid:\d+\) starting now...\n/);
  // Without waiting: it is written when the foreground returns.
  const pid = Number(dir.text("pid"));
  expect(pid).toBeGreaterThan(1);
  return {
    pid,
    [Symbol.asyncDispose]: async () => {
      const all = treeOf(pid);
      for (const each of all) if (isAlive(each)) process.kill(each, "SIGKILL");
      await eventually("the daemon is gone", () => !all.some(isAlive));
    },
  };
}

test("the daemon has its own session without leading it, no terminal, and no stdin", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\npwd\nexec sleep 60\n" });
  await using server = await daemon(dir, [...options, "--port=127.0.0.1:0", "--", "./worker"]);
  const fields = readFileSync(`/proc/${server.pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  const [, , group, session, terminal] = fields.map(Number);
  expect({ leads: session === server.pid, group, terminal }).toEqual({
    ...{ leads: false, group: session, terminal: 0 },
  });
  expect(session).not.toBe(Number(readFileSync("/proc/self/stat", "latin1").split(" ")[5]));
  const [worker] = await serving(dir.file("status"), [1]);
  for (const pid of [server.pid, worker!.pid]) {
    expect(readlinkSync(`/proc/${pid}/fd/0`)).toBe("/dev/null");
    expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(dir.file("log"));
  }
  expect(statusLine(worker!.pid, "SigBlk")).toMatch(/^0+$/);
  await eventually("the worker's output is in the log", () =>
    dir.text("log").includes(`${dir.path}\n`),
  );
});

test("a HUP right after its return deploys, and --stop ends it", async () => {
  using dir = tempDir();
  await using server = await daemon(dir, [...options, "--", "sleep", "60"]);
  process.kill(server.pid, "SIGHUP");
  await serving(dir.file("status"), [2]);
  expect((await runToEnd(["--stop", "--pid-file=pid"], { cwd: dir.path })).code).toBe(0);
  await eventually("it is gone", () => !isAlive(server.pid));
  expect(["pid", "status", "status.deploy"].filter((name) => existsSync(dir.file(name)))).toEqual(
    [],
  );
  expect(dir.text("log")).toEndWith("exiting\n");
});

test("with a command as its log", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\necho hello\nexec sleep 60\n" });
  const args = [...unlogged, "--log-file=| cat >log"];
  await using server = await daemon(dir, [...args, "--", "./worker"]);
  await eventually("the worker's line", () => dir.text("log").includes("hello\n"));
  expect((await runToEnd(["--stop", "--pid-file=pid"], { cwd: dir.path })).code).toBe(0);
  await eventually("it is gone", () => !isAlive(server.pid));
});

test.skipIf(lacks("perl"))("a socket as the worker's stdin stays one", async () => {
  using dir = tempDir();
  const port = "--port=127.0.0.1:0=0";
  await using server = await daemon(dir, [...options, port, "--", "perl", fixture("worker.pl")]);
  const [worker] = await serving(dir.file("status"), [1]);
  expect(readlinkSync(`/proc/${worker!.pid}/fd/0`)).toStartWith("socket:");
  expect(readlinkSync(`/proc/${server.pid}/fd/0`)).toBe("/dev/null");
  const said = await eventually("it is ready", () => /^ready 1 \d+ (\d+)$/m.exec(dir.text("log")));
  expect(await fetch(`http://127.0.0.1:${said[1]}/`).then((r) => r.text())).toBe(
    `1 ${worker!.pid}\n`,
  );
});

test("what cannot be had is said in the foreground, and nothing is left", async () => {
  using dir = tempDir();
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  const spec = `--port=127.0.0.1:${port}`;
  const { code, stderr } = await runToEnd([...options, spec, "--", "sleep", "60"], {
    cwd: dir.path,
  });
  taken.close();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `Cannot listen on ${spec}: address already in use (EADDRINUSE); stop what uses it, or use another address\n`,
  });
  expect(existsSync(dir.file("pid"))).toBe(false);
});
