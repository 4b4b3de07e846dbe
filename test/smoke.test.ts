import { expect, test } from "bun:test";
import { fixture } from "./support/program.ts";
import { serving } from "./support/status.ts";
import { startSupervisor } from "./support/supervisor.ts";
import { tempDir } from "./support/temp-dir.ts";

test("a worker serves, a HUP replaces it, TERM ends both", async () => {
  using dir = tempDir();
  const status = dir.file("status");
  await using server = startSupervisor([
    ...["--port=127.0.0.1:0", "--interval=0.1", `--status-file=${status}`],
    ...["--", "perl", fixture("worker.pl")],
  ]);
  const ready = await server.output(/^ready 1 /);
  const [, , first, port] = ready.split(" ");
  expect(await fetch(`http://127.0.0.1:${port}/`).then((r) => r.text())).toBe(`1 ${first}\n`);
  await serving(status, [1]);
  server.signal("SIGHUP");
  const [, , second] = (await server.output(/^ready 2 /)).split(" ");
  await serving(status, [2]);
  expect(await fetch(`http://127.0.0.1:${port}/`).then((r) => r.text())).toBe(`2 ${second}\n`);
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toEqual([
    `start_server (pid:${server.pid}) starting now...`,
    `starting new worker ${first}`,
    "received HUP, spawning a new worker",
    `starting new worker ${second}`,
    `new worker is now running, sending TERM to old workers:${first}`,
    "killing old workers",
    `old worker ${first} died, status:0`,
    `received TERM, sending TERM to all workers:${second}`,
    `worker ${second} died, status:0`,
    "exiting",
  ]);
});
