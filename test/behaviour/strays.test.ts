/** Processes that outlive their worker: those that hold a socket are named and told to leave, others left alone. */
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { isAlive, treeOf } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = ["--port=127.0.0.1:0", "--status-file=status", "--interval=0.3", "--"];
const prefork = [...options, "perl", fixture("prefork.pl")];

function childrenIn(line: string): number[] {
  return (line.split(" ")[2] ?? "").split(",").map(Number);
}

test.skipIf(lacks("perl"))(
  "they serve on until a successor is current, and are in the status file",
  async () => {
    using dir = tempDir();
    await using server = startSupervisor(prefork, { cwd: dir.path });
    const children = childrenIn(await server.output(/^children 1 /));
    const [master] = await serving(dir.file("status"), [1]);
    process.kill(master!.pid, "SIGKILL");
    const entries = await serving(dir.file("status"), [1, 1]);
    expect(new Set(entries.map((entry) => entry.pid))).toEqual(new Set(children));
    expect(children.every(isAlive)).toBe(true);
    await server.line(/^sending TERM to processes/);
    const named = children.map(String).toSorted().join(",");
    expect(server.stderr.filter((line) => /left|dead worker/.test(line)).slice(0, 2)).toEqual([
      `worker ${master!.pid} left processes that hold its sockets:${named}`,
      `sending TERM to processes that dead workers left:${named}`,
    ]);
    await eventually("they are gone", () => !children.some(isAlive));
    expect(await server.stop()).toBe(0);
  },
);

test.skipIf(lacks("perl"))(
  "children that outlive a master which was told to leave for a moment are no news",
  async () => {
    using dir = tempDir();
    await using server = startSupervisor(prefork, { cwd: dir.path, env: { LINGER: "0.3" } });
    const children = childrenIn(await server.output(/^children 1 /));
    await serving(dir.file("status"), [1]);
    server.signal("SIGHUP");
    await serving(dir.file("status"), [2]);
    expect(children.some(isAlive)).toBe(false);
    expect(server.stderr.filter((line) => /left|still/.test(line))).toEqual([]);
    expect(await server.stop()).toBe(0);
  },
);

test.skipIf(lacks("perl"))("children that do not leave are named a second later", async () => {
  using dir = tempDir();
  await using server = startSupervisor(prefork, { cwd: dir.path, env: { LINGER: "1.5" } });
  const children = childrenIn(await server.output(/^children 1 /));
  await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  expect(await server.line(/still/)).toBe(
    `processes that an old worker left still hold its sockets:${children.map(String).toSorted().join(",")}`,
  );
  await serving(dir.file("status"), [2]);
  expect(await server.stop()).toBe(0);
});

test.skipIf(lacks("perl"))("children of a candidate that fails leave with it", async () => {
  using dir = tempDir({
    worker: `#!/bin/sh\n[ $SERVER_STARTER_GENERATION = 1 ] && exec sleep 60\nperl ${fixture("prefork.pl")} &\nsleep 0.2\nexit 1\n`,
  });
  await using server = startSupervisor([...options, "./worker"], { cwd: dir.path });
  const [first] = await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  const children = childrenIn(await server.output(/^children 2 /));
  await server.line(/seems to have failed/);
  await eventually("they are gone", () => !children.some(isAlive));
  expect(isAlive(first!.pid)).toBe(true);
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
});

test("a process without a socket is neither named nor signalled, and is reaped when it ends", async () => {
  using dir = tempDir({
    // Double-forked, with the socket closed: what a worker leaves to run on its own.
    worker: `#!/bin/sh
for n in 1 2 3 4 5 6 7 8; do (sleep 0.1 3>&- &); done
(exec 3>&-; sleep 60 & echo $! >helper)
exec sleep 60
`,
  });
  await using server = startSupervisor([...options, "./worker"], { cwd: dir.path });
  const [first] = await serving(dir.file("status"), [1]);
  const helper = await eventually("its helper", () => Number(dir.text("helper")) || null);
  process.kill(first!.pid, "SIGKILL");
  await serving(dir.file("status"), [2]);
  expect(server.stderr.filter((line) => /left/.test(line))).toEqual([]);
  expect(isAlive(helper)).toBe(true);
  await eventually("none of its children is a zombie", () =>
    treeOf(server.pid).every((pid) => pid === server.pid || isAlive(pid)),
  );
  expect(await server.stop()).toBe(0);
  expect(isAlive(helper)).toBe(true);
  process.kill(helper, "SIGKILL");
  for (const pid of treeOf(server.pid)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});
