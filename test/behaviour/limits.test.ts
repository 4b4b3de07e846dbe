/** The limit on open files that a worker starts with, when nobody asks for one: the launcher's. */
import { expect, test } from "bun:test";
import { ours } from "../support/program.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test("the soft limit of a launcher that waits for it is the worker's", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\necho limit $(ulimit -Sn)\nexec sleep 60\n" });
  await using server = startSupervisor(
    ["--interval=0.1", "--status-file=status", "--", "./worker"],
    {
      cwd: dir.path,
      // The shell stays, as a login shell or a script does.
      command: ["sh", "-c", 'ulimit -Sn 512; "$@" & echo $! >pid; wait', "sh", ...ours],
    },
  );
  expect(await server.output(/^limit/)).toBe("limit 512");
  const pid = Number(await Bun.file(dir.file("pid")).text());
  process.kill(pid, "SIGHUP");
  await server.line(/^old worker/);
  expect(server.stdout).toEqual(["limit 512", "limit 512"]);
  process.kill(pid, "SIGTERM");
  expect(await server.exited).toBe(0);
});
