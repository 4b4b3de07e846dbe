/** Pid file, status file, log and limit that cannot be had; and the second start_server on one pid file. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { isAlive } from "../support/proc.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { lacksRoot } from "../support/packages.ts";
import { refusal, site, unprivileged } from "./refusal.ts";

const program = ["--", "./worker"];

describe("a file that cannot be made", () => {
  // The option, what stands in the way, and the line.
  test.each([
    [
      "--pid-file=missing/pid",
      "Cannot open --pid-file=missing/pid: no such file or directory (ENOENT)",
    ],
    ["--pid-file=folder", "Cannot open --pid-file=folder: it is a directory (EISDIR)"],
    ["--pid-file=worker/pid", "Cannot open --pid-file=worker/pid: not a directory (ENOTDIR)"],
    [
      "--status-file=missing/status",
      "Cannot write --status-file=missing/status: no such file or directory (ENOENT)",
    ],
    [
      "--log-file=missing/log",
      "Cannot open --log-file=missing/log: no such file or directory (ENOENT)",
    ],
    ["--log-file=folder", "Cannot open --log-file=folder: it is a directory (EISDIR)"],
  ])("%s", async (option, beginning) => {
    using dir = site();
    mkdirSync(dir.file("folder"));
    const { code, line } = await refusal(dir, ["--path=x.sock", "--port=0", option, ...program]);
    expect({ code, line: line.slice(0, beginning.length) }).toEqual({ code: 1, line: beginning });
  });

  test.skipIf(lacksRoot()).each(["--pid-file=pid", "--status-file=status", "--log-file=log"])(
    "%s in a directory that is not ours to write in",
    async (option) => {
      using dir = site();
      chmodSync(dir.path, 0o755);
      const { code, line } = await refusal(dir, [option, "--port=0", ...program], {
        command: unprivileged,
      });
      expect({ code, line }).toEqual({
        code: 1,
        line: expect.stringMatching(/^Cannot (open|write) --\S+: permission denied \(EACCES\)/),
      });
    },
  );

  test("a pid file that somebody else left is kept when the start fails", async () => {
    using dir = site({ pid: "4711\n" });
    const { code } = await refusal(dir, ["--pid-file=pid", "--port=192.0.2.1:0", ...program]);
    expect(code).toBe(1);
  });

  test.each(["missing/log", "folder"])(
    "--daemonize with --log-file=%s says so in the foreground",
    async (log) => {
      using dir = site();
      mkdirSync(dir.file("folder"));
      const { code, line } = await refusal(dir, [
        "--daemonize",
        `--log-file=${log}`,
        "--pid-file=pid",
        ...program,
      ]);
      expect({ code, line }).toEqual({
        code: 1,
        line: expect.stringContaining(`Cannot open --log-file=${log}: `),
      });
    },
  );
});

test.each([[[]], [["--daemonize", "--log-file=/dev/null"]]])(
  "a second start_server on one pid file is refused, the first keeps running %j",
  async (options) => {
    using dir = site({ "worker.sh": "#!/bin/sh\necho ready\nexec sleep 60\n" });
    await using first = startSupervisor(["--pid-file=pid", "--path=x.sock", "--", "./worker.sh"], {
      cwd: dir.path,
    });
    await first.output(/ready/);
    expect(dir.text("pid")).toBe(`${first.pid}\n`);
    expect(
      await refusal(dir, [...options, "--pid-file=pid", "--path=x.sock", "--port=0", ...program]),
    ).toEqual({
      code: 1,
      line: `Cannot start with --pid-file=pid: a start_server with pid ${first.pid} is running on it; stop it with --stop or use another file`,
    });
    expect(isAlive(first.pid)).toBe(true);
    expect(await first.stop()).toBe(0);
  },
);

describe("--rlimit-nofile", () => {
  test("more than the system has", async () => {
    using dir = site();
    const { code, line } = await refusal(dir, [
      "--rlimit-nofile=2000000000",
      "--pid-file=pid",
      ...program,
    ]);
    expect({ code, line }).toEqual({
      code: 1,
      line: expect.stringMatching(
        /^Cannot set --rlimit-nofile=2000000000.*: .*hard limit.*; ask for less$/,
      ),
    });
  });

  test.skipIf(lacksRoot())("more than an ordinary user may have", async () => {
    using dir = site();
    chmodSync(dir.path, 0o755);
    const command = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh", ...unprivileged];
    const { code, line } = await refusal(dir, ["--rlimit-nofile=64:128", ...program], { command });
    expect({ code, line }).toEqual({
      code: 1,
      line: "Cannot set --rlimit-nofile=64:128: not permitted above the hard limit 64; ask for less",
    });
  });

  test("the worker starts with what was asked for", async () => {
    using dir = site({
      "worker.sh": "#!/bin/sh\necho $(ulimit -Sn) $(ulimit -Hn)\nexec sleep 60\n",
    });
    await using server = startSupervisor(
      ["--rlimit-nofile=16:32", "--port=127.0.0.1:0=15", "--", "./worker.sh"],
      {
        cwd: dir.path,
      },
    );
    expect(await server.output(/./)).toBe("16 32");
    expect(await server.stop()).toBe(0);
  });
});
