/** The supervisor never accepts: what connects while nobody does waits in the kernel's queue. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { failures, request, startLoad } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { listeningPort } from "../support/ports.ts";
import { descriptorsOf } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test.skipIf(lacks("perl"))(
  "connections made while no worker accepts are answered by the next one that does",
  async () => {
    // Generation 1 never accepts.
    using dir = tempDir({
      worker: `#!/bin/sh\n[ $SERVER_STARTER_GENERATION = 1 ] && exec sleep 60\nexec perl ${fixture("worker.pl")}\n`,
    });
    const status = dir.file("status");
    await using server = startSupervisor([
      ...["--port=127.0.0.1:0", "--interval=0.05", `--status-file=${status}`],
      ...["--", dir.file("worker")],
    ]);
    await serving(status, [1]);
    const port = await listeningPort(server.pid);
    const waiting = Array.from({ length: 50 }, () => request({ port }));
    server.signal("SIGHUP");
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => 2));
    expect(await server.stop()).toBe(0);
  },
);

test("the supervisor's event loop does not watch the sockets", async () => {
  using dir = tempDir();
  const status = dir.file("status");
  const sockets = ["--port=127.0.0.1:0", "--port=127.0.0.1:u0", `--path=${dir.file("x.sock")}`];
  await using server = startSupervisor([
    ...sockets,
    `--status-file=${status}`,
    "--interval=0",
    "--",
    "sleep",
    "60",
  ]);
  await serving(status, [1]);
  const open = Object.entries(descriptorsOf(server.pid));
  const watched = open
    .filter(([, target]) => target === "anon_inode:[eventpoll]")
    .flatMap(([fd]) =>
      [
        ...readFileSync(`/proc/${server.pid}/fdinfo/${fd}`, "latin1").matchAll(/^tfd:\s*(\d+)/gm),
      ].map(([, tfd]) => tfd),
    );
  const listening = open
    .filter(([fd, target]) => Number(fd) > 2 && target.startsWith("socket:"))
    .map(([fd]) => fd);
  expect(listening).toHaveLength(3);
  expect(watched.filter((fd) => listening.includes(fd ?? ""))).toEqual([]);
});

test.skipIf(lacks("perl"))(
  "workers that are killed one after the other: nobody is refused",
  async () => {
    using dir = tempDir();
    const status = dir.file("status");
    await using server = startSupervisor([
      ...["--port=127.0.0.1:0", "--interval=0.05", `--status-file=${status}`],
      ...["--", "perl", fixture("worker.pl")],
    ]);
    await serving(status, [1]);
    const load = startLoad({ port: await listeningPort(server.pid) });
    for (let generation = 1; generation <= 5; generation += 1) {
      const [entry] = await serving(status, [generation]);
      await eventually("it answers", () => load.tally.generations.includes(generation));
      process.kill(entry?.pid ?? 0, "SIGKILL");
    }
    await serving(status, [6]);
    const tally = await load.stop();
    expect(tally.failed.refused).toBe(0);
    // A worker that is killed takes with it what it had accepted: one request at a time.
    expect(failures(tally)).toBeLessThanOrEqual(5);
    expect(await server.stop()).toBe(0);
  },
);
