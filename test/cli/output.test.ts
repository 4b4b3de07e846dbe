/** --help and --version: on stdout, exit code 0, and no crash whatever stdout is. */
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json";
import { lacks } from "../support/packages.ts";
import { ours, perls } from "../support/program.ts";
import { runToEnd } from "../support/supervisor.ts";
import { site } from "./refusal.ts";

/** Runs it by the shell, `$@` being the command line, stdout or stderr as redirected. */
function byShell(script: string, args: readonly string[]): ReturnType<typeof runToEnd> {
  return runToEnd(args, { command: ["sh", "-c", script, "sh", ...ours] });
}

test.each(["--version", "-v", "--VERS"])("%s", async (option) => {
  expect(await runToEnd([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test.each(["--help", "-h", "--he"])("%s", async (option) => {
  const { code, stdout, stderr } = await runToEnd([option]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toStartWith("Usage: start_server [options] -- program [arguments]\n");
  expect(stdout).toMatch(/\S\n$/);
});

test.each(["60", "100", "0", "-1", "wide", ""])(
  "COLUMNS=%s gives a help of some width",
  async (COLUMNS) => {
    const { code, stdout } = await runToEnd(["--help"], { env: { COLUMNS } });
    const longest = Math.max(...stdout.split("\n").map((line) => line.length));
    expect({ code, fits: longest <= 100 }).toEqual({ code: 0, fits: true });
  },
);

test("help wins over all else, and nothing runs", async () => {
  using dir = site({ "x.sock": "data" });
  const args = [
    "--port=0",
    "--path=x.sock",
    "--interval=soon",
    "--stop",
    "--version",
    "--help",
    "--",
    "./worker",
  ];
  const { code, stdout } = await runToEnd(args, { cwd: dir.path, env: { KILL_OLD_DELAY: "soon" } });
  expect({ code, usage: stdout.startsWith("Usage:") }).toEqual({ code: 0, usage: true });
  expect(await Bun.file(dir.file("ran")).exists()).toBe(false);
});

test("after the program's name --help is the program's", async () => {
  using dir = site({ "worker.sh": '#!/bin/sh\necho "$1"\nkill $PPID\nexec sleep 60\n' });
  const { code, stdout } = await runToEnd(["./worker.sh", "--help"], { cwd: dir.path });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "--help\n" });
});

describe.each(["--help", "--version"])("%s with a stdout that", (option) => {
  test("is closed", async () => {
    expect(await byShell('"$@" >&-', [option])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("is full", async () => {
    expect(await byShell('"$@" >/dev/full', [option])).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: "Cannot write to stdout: no space left on device (ENOSPC)\n",
    });
  });

  test("nobody reads", async () => {
    const unread = ["perl", "-e", 'pipe R, W; close R; open STDOUT, ">&W"; exec @ARGV', ...ours];
    expect(await runToEnd([option], { command: unread })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});

test.each(["2>/dev/full", "2>&-"])(
  "a refusal that cannot be printed (%s) is told by its code",
  async (redirection) => {
    expect(await byShell(`"$@" ${redirection}`, ["--frobnicate"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "",
    });
  },
);

test.skipIf(lacks("libserver-starter-perl"))(
  "Perl's knows the same two options and exits as we do",
  async () => {
    for (const option of ["--version", "--help"]) {
      const perl = await runToEnd([option], { command: perls });
      const own = await runToEnd([option]);
      expect([own.code, own.stderr]).toEqual([perl.code, perl.stderr]);
    }
  },
);
