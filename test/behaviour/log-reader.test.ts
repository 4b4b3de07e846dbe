/** Whoever reads our stderr may be dead, stalled, or a person: no deploy waits for it. */
import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, writeFileSync, writeSync } from "node:fs";
import { openLibc } from "../../src/system/libc.ts";
import { createLogSink } from "../../src/system/log-sink.ts";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { ours } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const args = ["--status-file=status", "--interval=0.1", "--", "sleep", "60"];

/** A FIFO that holds as much as it can, and its reader, who begins when he likes. */
function fullPipe(path: string): {
  readonly fd: number;
  /** Reads from now on; what comes after the filling, in lines. */
  read(): () => string[];
  [Symbol.dispose](): void;
} {
  Bun.spawnSync(["mkfifo", path]);
  // Opened for both, so that neither opening nor closing by others is the end.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fd, "#".repeat(4096));
  } catch {
    // EAGAIN: it is full.
  }
  let cat: Bun.Subprocess | null = null;
  return {
    fd,
    read: () => {
      const child = Bun.spawn(["sh", "-c", `exec cat <${path}`], { stdout: "pipe" });
      cat = child;
      let text = "";
      void (async () => {
        for await (const chunk of child.stdout) text += Buffer.from(chunk).toString();
      })();
      return () => text.replace(/^#*/, "").split("\n").slice(0, -1);
    },
    [Symbol.dispose]: () => {
      cat?.kill();
      closeSync(fd);
    },
  };
}

/** The program with its stderr as the shell is told. */
function redirected(how: string): readonly string[] {
  return ["sh", "-c", `exec "$@" ${how}`, "sh", ...ours];
}

describe("a stderr that", () => {
  test.each([
    ["is closed", "2>&-"],
    ["is nothing", "2>/dev/null"],
    ["is full", "2>/dev/full"],
    ["has lost its reader", "2>&1 | true"],
  ])("%s costs nothing", async (_, how) => {
    using dir = tempDir();
    await using server = startSupervisor(args, { cwd: dir.path, command: redirected(how) });
    await serving(dir.file("status"), [1]);
    // With a pipe the shell is in between.
    const pid = Number(/"supervisor":(\d+)/.exec(dir.text("status.deploy"))?.[1]);
    for (const generation of [2, 3]) {
      process.kill(pid, "SIGHUP");
      await serving(dir.file("status"), [generation]);
    }
    process.kill(pid, "SIGTERM");
    expect(await server.exited).toBe(0);
  });
});

test("a reader that stalls stalls no deploy, and gets every line in the end", async () => {
  using dir = tempDir();
  using pipe = fullPipe(dir.file("fifo"));
  await using server = startSupervisor(args, { cwd: dir.path, command: redirected("2>fifo") });
  await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  const lines = pipe.read();
  await eventually("the last line arrives", () => lines().at(-1)?.startsWith("old worker"));
  expect(lines().map((line) => line.replaceAll(/\d+/g, "N"))).toEqual([
    "start_server (pid:N) starting now...",
    "starting new worker N",
    "received HUP, spawning a new worker",
    "starting new worker N",
    "new worker is now running, sending TERM to old workers:N",
    "killing old workers",
    "old worker N died, status:N",
  ]);
  expect(await server.stop()).toBe(0);
});

test("what a stalled reader has no room for is dropped and counted", async () => {
  using dir = tempDir();
  using pipe = fullPipe(dir.file("fifo"));
  const sink = createLogSink(openLibc(), pipe.fd);
  for (let line = 0; line < 1_500; line += 1) sink.write(`line ${line}`);
  const lines = pipe.read();
  await eventually("what was queued arrives", () => lines().at(-1) === "line 999");
  sink.write("afterwards");
  await eventually("the next line arrives", () => lines().at(-1) === "afterwards");
  expect(lines().slice(998)).toEqual([
    ...["line 998", "line 999", "start_server: 500 log lines were dropped", "afterwards"],
  ]);
  sink.finish();
});

test.skipIf(lacks("util-linux"))(
  "a terminal gets the time and colour, unless NO_COLOR is set",
  async () => {
    using dir = tempDir();
    const run = async (env: Record<string, string>): Promise<string> => {
      writeFileSync(dir.file("typescript"), "");
      await using server = startSupervisor(
        ["-qec", `${ours.join(" ")} -- sh -c 'kill $PPID; exec sleep 60'`, dir.file("typescript")],
        { cwd: dir.path, command: ["script"], env },
      );
      expect(await server.exited).toBe(0);
      return dir.text("typescript").replaceAll("\u001B", "ESC");
    };
    expect(await run({})).toMatch(
      /ESC\[2m\d\d:\d\d:\d\dESC\[22m start_server \(pid:\d+\) starting now/,
    );
    const plain = await run({ NO_COLOR: "1" });
    expect(plain).toMatch(/\d\d:\d\d:\d\d start_server \(pid:\d+\) starting now/);
    expect(plain).not.toContain("ESC[2m");
  },
);
