/** The children of a prefork master that is killed serve the old code: they are named, and leave with a successor. */
import { expect, test } from "bun:test";
import { request } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { listeningPort } from "../support/ports.ts";
import { isAlive, treeOf } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { readStatus, serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test.skipIf(lacks("libplack-perl", "starlet"))("Starlet's master is killed", async () => {
  using dir = tempDir();
  const status = dir.file("status");
  await using server = startSupervisor([
    ...["--port=127.0.0.1:0", "--interval=0.2", `--status-file=${status}`],
    ...["--", "plackup", "-s", "Starlet", "--max-workers=3", fixture("app.psgi")],
  ]);
  const [master] = await serving(status, [1]);
  const pid = master?.pid ?? 0;
  const port = await listeningPort(server.pid);
  const children = await eventually("three children accept", () => {
    const found = treeOf(pid).filter((each) => each !== pid);
    return found.length === 3 && found;
  });
  process.kill(pid, "SIGKILL");
  const named = children.map(String).toSorted().join(",");
  expect(await server.line(/left processes/)).toBe(
    `worker ${pid} left processes that hold its sockets:${named}`,
  );
  expect(await server.line(/sending TERM to processes/)).toBe(
    `sending TERM to processes that dead workers left:${named}`,
  );
  await eventually("they are gone", () => !children.some(isAlive));
  await serving(status, [2]);
  expect(await Promise.all(Array.from({ length: 20 }, () => request({ port })))).toEqual(
    Array.from({ length: 20 }, () => 2),
  );
  expect(readStatus(status)).toHaveLength(1);
  expect(await server.stop()).toBe(0);
});
