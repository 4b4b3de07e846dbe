/** --log-file="| command": a command that dies, stalls or never works costs no worker anything. */
import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

/** Writes a numbered line now and then, and leaves a file when a write fails. */
const counting = `#!/usr/bin/perl
$| = 1; $SIG{PIPE} = 'IGNORE'; $SIG{TERM} = sub { exit };
for (my $n = 1; ; $n++) { print "line $n\\n" or open my $f, '>', 'failed'; select undef, undef, undef, 0.002 }
`;
const options = ["--status-file=status", "--interval=0.1", "--"];

function numbers(text: string): number[] {
  return [...text.matchAll(/^line (\d+)$/gm)].map((match) => Number(match[1]));
}

test("the command gets everybody's lines, and its end when the supervisor ends", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\necho out\necho err >&2\nexec sleep 60\n" });
  await using server = startSupervisor(
    ["--log-file=| cat >log; echo end of input >>log", ...options, "./worker"],
    { cwd: dir.path },
  );
  await serving(dir.file("status"), [1]);
  expect(await server.stop()).toBe(0);
  const lines = dir.text("log").split("\n");
  const starting = expect.stringMatching(/^starting new worker \d+$/);
  expect(lines).toEqual(expect.arrayContaining([starting, "out", "err"]));
  expect(lines.slice(-3)).toEqual(["exiting", "end of input", ""]);
});

test("a command that is killed is started again, and loses at most the line in its hands", async () => {
  using dir = tempDir({ worker: counting });
  // The shell reads byte by byte: what it has not read is still in the pipe.
  const command = "echo $$ >pid; while read -r line; do echo $line >>log; done";
  await using server = startSupervisor([`--log-file=| ${command}`, ...options, "./worker"], {
    cwd: dir.path,
  });
  await eventually("lines arrive", () => numbers(dir.text("log")).length > 20);
  const first = dir.text("pid").trim();
  process.kill(Number(first), "SIGKILL");
  await eventually("another command", () => !["", first].includes(dir.text("pid").trim()));
  await eventually("it says so", () =>
    dir
      .text("log")
      .includes("the command of --log-file ended with exit code 137, starting it again\n"),
  );
  expect(await server.stop()).toBe(0);
  expect(existsSync(dir.file("failed"))).toBe(false);
  const seen = numbers(dir.text("log"));
  expect(seen.at(-1)).toBeLessThanOrEqual(seen.length + 1);
});

test("a command that always dies is given up, said on the old stderr, and tried again on USR1", async () => {
  using dir = tempDir({
    worker: "#!/bin/sh\nwhile :; do seq 1 20000; echo x >>rounds; sleep 0.05; done\n",
    broken: "",
  });
  const command = "[ -e broken ] && exit 3; exec cat >log";
  await using server = startSupervisor([`--log-file=| ${command}`, ...options, "./worker"], {
    cwd: dir.path,
  });
  expect(await server.line(/command of --log-file/)).toBe(
    `start_server (pid:${server.pid}): the command of --log-file ended with exit code 3 5 times in a row, its input is dropped until USR1: ${command}`,
  );
  // Far more than a pipe holds: somebody reads it, or the worker would stand still.
  const rounds = dir.text("rounds").length;
  await eventually("the worker writes on", () => dir.text("rounds").length > rounds + 10);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  rmSync(dir.file("broken"));
  server.signal("SIGUSR1");
  await eventually("the log tells of the gap", () =>
    /^\d+ bytes for the command of --log-file were dropped$/m.test(dir.text("log")),
  );
  expect(await server.stop()).toBe(0);
});

test("a command that stalls does not stall a deploy", async () => {
  using dir = tempDir({
    worker: "#!/bin/sh\n[ $SERVER_STARTER_GENERATION = 1 ] && seq 1 200000\nexec sleep 60\n",
  });
  await using server = startSupervisor(["--log-file=| exec sleep 60", ...options, "./worker"], {
    cwd: dir.path,
  });
  // The pipe is full and the first worker blocks on it.
  await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
});
