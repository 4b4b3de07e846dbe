/** A program that cannot be found or run: 127 or 126, as a shell has it, before anything is bound. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { startSupervisor } from "../support/supervisor.ts";
import { refusal, site } from "./refusal.ts";

const made = [
  "--port=0",
  "--path=x.sock",
  "--pid-file=pid",
  "--status-file=status",
  "--log-file=log",
];

describe("a program that cannot be had", () => {
  const files = {
    plain: "echo ran >ran\n",
    lost: "#!/no/such/perl -w\n",
    windows: "#!/bin/sh\r\necho ran >ran\r\n",
    relative: "#! ./worker-lost\n",
    "dir/there": "#!/bin/sh\n",
  };

  // The command, the exit code, the line after "Cannot start: program ".
  test.each([
    [["no-such-program"], 127, '"no-such-program" is not in PATH: give its path, or set PATH'],
    [["./no-such-program"], 127, '"./no-such-program": no such file or directory (ENOENT)'],
    [["worker/x"], 127, '"worker/x": not a directory (ENOTDIR)'],
    [[""], 127, '"" has no name: give its name or path'],
    [
      ["./plain"],
      126,
      '"./plain": permission denied (EACCES); it must be executable (chmod +x), on a file system that allows it',
    ],
    [["./dir"], 126, '"./dir": it is a directory (EISDIR)'],
    [
      ["./fifo"],
      126,
      '"./fifo": permission denied (EACCES); it must be executable (chmod +x), on a file system that allows it',
    ],
    [
      ["./lost"],
      126,
      '"./lost": its interpreter "/no/such/perl": no such file or directory (ENOENT)',
    ],
    [
      ["./relative"],
      126,
      '"./relative": its interpreter "./worker-lost": no such file or directory (ENOENT)',
    ],
    [
      ["./windows"],
      126,
      '"./windows": its interpreter "/bin/sh\\x0d": no such file or directory (ENOENT); the script has line ends of Windows',
    ],
    [[`./${"x".repeat(300)}`], 126, `"./${"x".repeat(300)}": name too long (ENAMETOOLONG)`],
  ])("%j", async (command, code, reason) => {
    using dir = site(files);
    Bun.spawnSync(["mkfifo", "-m", "755", dir.file("fifo")]);
    const line = `Cannot start: program ${reason}`;
    expect(await refusal(dir, [...made, "--", ...command])).toEqual({
      code,
      line,
    });
  });

  test("what PATH finds but cannot run is 126, and a later directory helps out", async () => {
    using dir = site({
      "first/prog": "not executable",
      "second/prog": "#!/bin/sh\necho second\nexec sleep 60\n",
    });
    const denied = await refusal(dir, [...made, "--", "prog"], {
      env: { PATH: dir.file("first") },
    });
    expect(denied).toEqual({
      code: 126,
      line: expect.stringContaining('program "prog": permission denied'),
    });
    const PATH = `${dir.file("first")}:${dir.file("second")}:/usr/bin:/bin`;
    await using server = startSupervisor(["--", "prog"], { cwd: dir.path, env: { PATH } });
    await server.output(/^second$/);
    expect(await server.stop()).toBe(0);
  });

  test("the envdir's PATH counts, for it is the worker's", async () => {
    using dir = site({ "env/PATH": "/nowhere\n" });
    const { code, line } = await refusal(dir, [...made, "--envdir=env", "--", "sh"]);
    expect({ code, line }).toEqual({
      code: 127,
      line: expect.stringContaining('program "sh" is not in PATH'),
    });
  });

  test("a relative program is looked up from --dir", async () => {
    using dir = site({ "app/run": "#!/bin/sh\npwd\nexec sleep 60\n" });
    expect((await refusal(dir, [...made, "--dir=app", "--", "./worker"])).code).toBe(127);
    await using server = startSupervisor(["--dir=app", "--", "./run"], { cwd: dir.path });
    expect(await server.output(/./)).toEndWith("/app");
    expect(await server.stop()).toBe(0);
  });

  test("a binary whose dynamic loader is missing is not called missing itself", async () => {
    using dir = site();
    const binary = Buffer.from(await Bun.file("/bin/true").bytes());
    const loader = binary.indexOf("/lib64/ld-linux");
    if (loader < 0) return;
    binary.write("/lib63", loader, "latin1");
    await Bun.write(dir.file("foreign"), binary);
    chmodSync(dir.file("foreign"), 0o755);
    await using server = startSupervisor(["--", "./foreign"], { cwd: dir.path });
    expect(await server.exited).toBe(126);
    expect(server.stderr.at(-1)).toContain(
      'program "./foreign": its dynamic loader does not exist (ENOENT)',
    );
  });
});

describe("--dir", () => {
  test.each([
    ["missing", "no such file or directory (ENOENT)"],
    ["worker", "not a directory (ENOTDIR)"],
    ["worker/x", "not a directory (ENOTDIR)"],
  ])("%s is refused", async (name, reason) => {
    using dir = site();
    mkdirSync(dir.file("there"));
    expect(await refusal(dir, [...made, `--dir=${name}`, "--", "/bin/true"])).toEqual({
      code: 1,
      line: `Cannot start: --dir "${name}": ${reason}; give an existing directory`,
    });
  });
});

test("a script without #! is run by the shell, with its arguments", async () => {
  using dir = site({ plain: 'echo "ran with $*"\nexec sleep 60\n' });
  chmodSync(dir.file("plain"), 0o755);
  await using server = startSupervisor(["--", "./plain", "a b", "c"], { cwd: dir.path });
  await server.output(/^ran with a b c$/);
  expect(await server.stop()).toBe(0);
});

test("a script with nothing after #! is run by the shell", async () => {
  using dir = site({ bare: "#!\necho bare\nexec sleep 60\n" });
  await using server = startSupervisor(["--", "./bare"], { cwd: dir.path });
  await server.output(/^bare$/);
  expect(await server.stop()).toBe(0);
});

test("--wait-for-program starts without it, and runs it when it is there", async () => {
  using dir = site();
  await using server = startSupervisor(["--wait-for-program", "--interval=0.1", "--", "./late"], {
    cwd: dir.path,
  });
  await server.line(/late/);
  await Bun.write(dir.file("late"), "#!/bin/sh\necho came\nexec sleep 60\n");
  chmodSync(dir.file("late"), 0o755);
  await server.output(/^came$/);
  expect(await server.stop()).toBe(0);
});
