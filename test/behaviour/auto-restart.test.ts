/** --enable-auto-restart: a deploy of its own accord, forced when an old worker does not leave. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test("it comes again and again, also when only the environment asks for it", async () => {
  using dir = tempDir();
  const args = ["--status-file=status", "--interval=0.1", "--kill-old-delay=0"];
  await using server = startSupervisor([...args, "--", "sleep", "60"], {
    cwd: dir.path,
    env: { ENABLE_AUTO_RESTART: "1", AUTO_RESTART_INTERVAL: "0.3" },
  });
  await serving(dir.file("status"), [3]);
  expect(server.stderr.filter((line) => line.startsWith("autorestart")).slice(0, 2)).toEqual([
    "autorestart triggered (interval=0.3)",
    "autorestart triggered (interval=0.3)",
  ]);
  expect(await server.stop()).toBe(0);
});

test("an old worker that does not leave delays it to twice the time", async () => {
  using dir = tempDir({
    worker:
      "#!/bin/sh\ntrap 'while [ ! -e leave ]; do sleep 0.02; done; exit 0' TERM\nwhile :; do sleep 0.02; done\n",
  });
  await using server = startSupervisor(
    [
      ...["--status-file=status", "--interval=0.3", "--kill-old-delay=0"],
      ...["--enable-auto-restart", "--auto-restart-interval=0.3", "--", "./worker"],
    ],
    { cwd: dir.path },
  );
  await server.line(/^autorestart triggered \(interval=0.3\)$/);
  await server.line(/^autorestart triggered \(forced, interval=0.3\)$/);
  writeFileSync(dir.file("leave"), "");
  expect(await server.stop()).toBe(0);
});

test("ENABLE_AUTO_RESTART=0 is off, as Perl sees it", async () => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.05", "--", "sleep", "60"],
    { cwd: dir.path, env: { ENABLE_AUTO_RESTART: "0", AUTO_RESTART_INTERVAL: "0.1" } },
  );
  await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  await server.line(/^old worker/);
  expect(server.stderr.filter((line) => line.startsWith("autorestart"))).toEqual([]);
  expect(await server.stop()).toBe(0);
});
