/**
 * Where writable-executable memory is refused there is no bun:ffi: it serves all the same, says what is
 * lost, and refuses what it cannot give. prctl(PR_SET_MDWE) makes such a place.
 */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { failures, startLoad } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { listeningPort } from "../support/ports.ts";
import { fixture, ours } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { runToEnd, startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

/** PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN: since Linux 6.3, inherited over exec and fork. */
const setMdwe = "syscall(157, 65, 1, 0, 0, 0) == 0 or die qq{no MDWE: $!}; exec @ARGV";
/** The worker is freed from it again by nothing: it must be a program without a compiler. */
const confined = ["perl", "-e", setMdwe, ...ours];
const files = ["--pid-file=pid", "--status-file=status"];
const options = [...files, "--interval=0.1"];

test.skipIf(lacks("perl", "util-linux"))(
  "serves, deploys under load, respawns and stops",
  async () => {
    using dir = tempDir();
    await using server = startSupervisor(
      [...options, "--port=127.0.0.1:0=7", "--path=x.sock", "--", "perl", fixture("worker.pl")],
      { cwd: dir.path, command: confined },
    );
    expect(await server.line(/reduced/)).toBe(
      "writable-executable memory is refused here, so the service is reduced: listening sockets stay non-blocking with a backlog of 512; workers start with SIGPIPE at its default and the limit on open files raised; environment and arguments that are not UTF-8 change; orphans go to init; the pid file is locked by flock(1) if that is installed",
    );
    const [first] = await serving(dir.file("status"), [1]);
    const load = startLoad({ port: await listeningPort(first!.pid) });
    const answers = (generation: number): Promise<true> =>
      eventually(
        `${generation} answers`,
        () => load.tally.generations.includes(generation) && true,
      );
    await answers(1);
    for (const generation of [2, 3, 4]) {
      server.signal("SIGHUP");
      await serving(dir.file("status"), [generation]);
      await answers(generation);
    }
    expect(failures(await load.stop())).toBe(0);
    const [fourth] = await serving(dir.file("status"), [4]);
    process.kill(fourth!.pid, "SIGKILL");
    await serving(dir.file("status"), [5]);
    expect(await server.line(/unexpectedly/)).toBe(
      `worker ${fourth!.pid} died unexpectedly with status:9, restarting`,
    );
    expect(await server.stop()).toBe(0);
    expect(["pid", "status", "x.sock"].filter((name) => existsSync(dir.file(name)))).toEqual([]);
  },
);

test.skipIf(lacks("perl", "util-linux"))(
  "one on a pid file, and the verbs, work there too",
  async () => {
    using dir = tempDir();
    await using server = startSupervisor([...options, "--", "sleep", "60"], {
      ...{ cwd: dir.path, command: confined },
    });
    await serving(dir.file("status"), [1]);
    const second = await runToEnd([...options, "--", "sleep", "60"], {
      ...{ cwd: dir.path, command: confined },
    });
    expect(second).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `Cannot start with --pid-file=pid: a start_server with pid ${server.pid} is running on it; stop it with --stop or use another file\n`,
    });
    const verb = (name: string): ReturnType<typeof runToEnd> =>
      runToEnd([name, ...files], { cwd: dir.path, command: confined });
    expect((await verb("--restart")).code).toBe(0);
    await serving(dir.file("status"), [2]);
    expect((await verb("--stop")).code).toBe(0);
    expect(await server.exited).toBe(0);
    expect((await verb("--stop")).code).toBe(1);
  },
);

describe("what it cannot give is refused", () => {
  test.skipIf(lacks("perl")).each([
    ["--port=u0", "--port=u0"],
    ["--daemonize --log-file=log", "--daemonize"],
    ["--rlimit-nofile=64", "--rlimit-nofile"],
    ["--log-file=|cat", "--log-file with a command"],
  ])("%s", async (asked, named) => {
    using dir = tempDir();
    const { code, stderr } = await runToEnd([...asked.split(" "), "--", "sleep", "60"], {
      ...{ cwd: dir.path, command: confined },
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Cannot have ${named} here: writable-executable memory is refused (MemoryDenyWriteExecute=yes?), and with it bun:ffi\n`,
    });
  });
});

test.skipIf(lacks("perl"))("its log file is everybody's, and reopened on USR1", async () => {
  using dir = tempDir({
    worker: "#!/bin/sh\necho out $SERVER_STARTER_GENERATION\nexec sleep 60\n",
  });
  await using server = startSupervisor([...options, "--log-file=log", "--", "./worker"], {
    ...{ cwd: dir.path, command: confined },
  });
  await serving(dir.file("status"), [1]);
  await Bun.write(dir.file("log"), "");
  server.signal("SIGUSR1");
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  await eventually("the log has all lines", () =>
    /reopened the log[^]*out 2/.test(dir.text("log")),
  );
  expect(await server.stop()).toBe(0);
});
