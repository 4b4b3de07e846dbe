/** A deploy that fails changes nothing and says why; the first that works ends it. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { lacks } from "../support/packages.ts";
import { isAlive } from "../support/proc.ts";
import { ours } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { runToEnd, startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const working = "#!/bin/sh\nexec sleep 60\n";
const files = ["--status-file=status", "--interval=0.1"];

// How the new worker ends, and its wait status in the log.
test.each([
  ["exit 7", 1792],
  ["exit 0", 0],
  ["kill -KILL $$", 9],
  ["kill -TERM $$", 15],
])("a new worker that does `%s`", async (end, status) => {
  using dir = tempDir({ worker: `#!/bin/sh\n[ ! -e broken ] || { ${end}; }\nexec sleep 60\n` });
  await using server = startSupervisor([...files, "--", "./worker"], { cwd: dir.path });
  const [first] = await serving(dir.file("status"), [1]);
  writeFileSync(dir.file("broken"), "");
  server.signal("SIGHUP");
  const line = await server.line(/seems to have failed to start/);
  expect(line).toMatch(
    new RegExp(`^new worker \\d+ seems to have failed to start, exit status:${status}$`),
  );
  expect(await serving(dir.file("status"), [1])).toEqual([first!]);
  expect(isAlive(first!.pid)).toBe(true);
  rmSync(dir.file("broken"));
  await server.line(/^old worker \d+ died, status:15$/);
  expect(await server.stop()).toBe(0);
});

describe("a program that", () => {
  // What becomes of it, and what the log says.
  test.each<[string, (path: string) => void, string]>([
    ["is gone", (path) => rmSync(path), 'program "./worker": no such file or directory (ENOENT)'],
    [
      "may not be executed",
      (path) => chmodSync(path, 0o644),
      'program "./worker": permission denied (EACCES); it must be executable (chmod +x), on a file system that allows it',
    ],
    [
      "has become a directory",
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      'program "./worker": it is a directory (EISDIR)',
    ],
    [
      "has lost its interpreter",
      (path) => writeFileSync(path, "#!/no/such/sh\n"),
      'program "./worker": its interpreter "/no/such/sh": no such file or directory (ENOENT)',
    ],
    [
      "is no program any more",
      (path) => writeFileSync(path, "\x7fELF\x02\x01\x01 but no more than that"),
      "",
    ],
  ])("%s, is a failed try", async (_, breakIt, reason) => {
    using dir = tempDir({ worker: working, good: working });
    const path = dir.file("worker");
    await using server = startSupervisor([...files, "--", "./worker"], { cwd: dir.path });
    const [first] = await serving(dir.file("status"), [1]);
    breakIt(path);
    server.signal("SIGHUP");
    const line = await server.line(/^cannot start new worker|seems to have failed/);
    if (reason !== "") expect(line).toBe(`cannot start new worker: ${reason}`);
    expect(await serving(dir.file("status"), [1])).toEqual([first!]);
    rmSync(path, { recursive: true, force: true });
    renameSync(dir.file("good"), path);
    await server.line(/^old worker \d+ died, status:15$/);
    expect(await server.stop()).toBe(0);
  });
});

test.skipIf(lacks("perl"))("a program that is being written (ETXTBSY) is tried again", async () => {
  using dir = tempDir();
  Bun.spawnSync(["cp", "/bin/sleep", dir.file("worker")]);
  await using server = startSupervisor([...files, "--", "./worker", "60"], { cwd: dir.path });
  await serving(dir.file("status"), [1]);
  Bun.spawnSync(["cp", "/bin/sleep", dir.file("next")]);
  renameSync(dir.file("next"), dir.file("worker"));
  const writer = Bun.spawn(
    ["perl", "-e", '$|=1; open F, "+<", "worker" or die; print "open\\n"; sleep 60'],
    {
      ...{ cwd: dir.path, stdout: "pipe" },
    },
  );
  await writer.stdout.getReader().read();
  server.signal("SIGHUP");
  expect(await server.line(/^cannot start/)).toBe(
    'cannot start new worker: program "./worker": the file is being written (ETXTBSY)',
  );
  writer.kill();
  await writer.exited;
  await server.line(/^old worker \d+ died/);
  expect(await server.stop()).toBe(0);
});

test("a directory that a symbolic link has moved to is the next worker's", async () => {
  using dir = tempDir({ "v1/worker": "#!/bin/sh\npwd -P\nexec sleep 60\n", "v2/x": "" });
  symlinkSync("v1", dir.file("current"));
  await using server = startSupervisor([...files, "--dir=current", "--", "./worker"], {
    cwd: dir.path,
  });
  expect(await server.output(/v1$/)).toBe(dir.file("v1"));
  await serving(dir.file("status"), [1]);
  rmSync(dir.file("current"));
  server.signal("SIGHUP");
  expect(await server.line(/^cannot start/)).toBe(
    'cannot start new worker: --dir "current": no such file or directory (ENOENT); give an existing directory',
  );
  renameSync(dir.file("v1/worker"), dir.file("v2/worker"));
  symlinkSync("v2", dir.file("current"));
  expect(await server.output(/v2$/)).toBe(dir.file("v2"));
  await server.line(/^old worker \d+ died/);
  expect(await server.stop()).toBe(0);
});

test("--wait-for-program waits for a program that is not there yet", async () => {
  using dir = tempDir();
  await using server = startSupervisor([...files, "--wait-for-program", "--", "./worker"], {
    cwd: dir.path,
  });
  await server.line(/^cannot start new worker: program ".\/worker": no such file/);
  writeFileSync(dir.file("next"), working, { mode: 0o755 });
  renameSync(dir.file("next"), dir.file("worker"));
  await server.line(/^starting new worker/);
  expect(await server.stop()).toBe(0);
});

test("a text without #! is run by the shell, as execvp(3) does", async () => {
  using dir = tempDir({ worker: 'echo "$0 $1"\nkill $PPID\nexec sleep 60\n' });
  chmodSync(dir.file("worker"), 0o755);
  const { code, stdout } = await runToEnd(["--", "./worker", "a b"], {
    ...{ cwd: dir.path, command: ours },
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "./worker a b\n" });
});
