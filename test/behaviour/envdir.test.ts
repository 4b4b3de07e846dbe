/** --envdir: read anew before each worker, and stronger than options and environment. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const showing =
  "#!/bin/sh\nenv | grep ^V_ | sort | tr '\\n' ' '\necho gen $SERVER_STARTER_GENERATION\nexec sleep 60\n";

test("first line is the value; dotfiles, empty files and files that are gone set nothing", async () => {
  using dir = tempDir({
    worker: showing,
    "env/V_PLAIN": "one\ntwo\n",
    "env/V_BARE": "no newline",
    "env/V_EQUALS": "a=b\n",
    "env/V_EMPTY": "",
    "env/V_BLANK": "\n",
    "env/.V_DOT": "hidden\n",
    "env/V_GIVEN": "envdir\n",
  });
  mkdirSync(dir.file("env/V_DIRECTORY"));
  await using server = startSupervisor(["--envdir=env", "--interval=0.1", "--", "./worker"], {
    ...{ cwd: dir.path, env: { V_GIVEN: "environment", V_OTHER: "environment" } },
  });
  expect(await server.output(/gen 1$/)).toBe(
    "V_BARE=no newline V_BLANK= V_EQUALS=a=b V_GIVEN=envdir V_OTHER=environment V_PLAIN=one gen 1",
  );
  rmSync(dir.file("env/V_GIVEN"));
  rmSync(dir.file("env/V_PLAIN"));
  writeFileSync(dir.file("env/V_NEW"), "three\n");
  server.signal("SIGHUP");
  expect(await server.output(/gen 2$/)).toBe(
    "V_BARE=no newline V_BLANK= V_EQUALS=a=b V_GIVEN=environment V_NEW=three V_OTHER=environment gen 2",
  );
  expect(await server.stop()).toBe(0);
});

test("what it says of the supervisor's own settings counts from the next worker on", async () => {
  using dir = tempDir({ worker: showing, "env/V_X": "1\n" });
  await using server = startSupervisor(["--envdir=env", "--interval=0.1", "--", "./worker"], {
    cwd: dir.path,
  });
  await server.output(/gen 1$/);
  writeFileSync(dir.file("env/KILL_OLD_DELAY"), "0.2\n");
  server.signal("SIGHUP");
  await server.line(/^sleeping 0.2 secs before killing old workers$/);
  await server.line(/^old worker/);
  rmSync(dir.file("env/KILL_OLD_DELAY"));
  const before = server.stderr.length;
  server.signal("SIGHUP");
  await server.line(/^old worker/, before);
  expect(server.stderr.slice(before).filter((line) => line.startsWith("sleeping"))).toEqual([]);
  expect(await server.stop()).toBe(0);
});

test("a directory that is gone is empty; one that cannot be read keeps its variables", async () => {
  using dir = tempDir({ worker: showing, "env/V_X": "1\n" });
  await using server = startSupervisor(["--envdir=env", "--interval=0.1", "--", "./worker"], {
    cwd: dir.path,
  });
  expect(await server.output(/gen 1$/)).toBe("V_X=1 gen 1");
  renameSync(dir.file("env"), dir.file("away"));
  server.signal("SIGHUP");
  expect(await server.output(/gen 2$/)).toBe("gen 2");
  renameSync(dir.file("away"), dir.file("env"));
  chmodSync(dir.file("env"), 0);
  server.signal("SIGHUP");
  // Root may read it all the same.
  const readable = process.getuid?.() === 0;
  expect(await server.output(/gen 3$/)).toBe(readable ? "V_X=1 gen 3" : "gen 3");
  chmodSync(dir.file("env"), 0o755);
  expect(await server.stop()).toBe(0);
});
