/** Datagrams that arrive between two generations wait in the kernel: none is lost, none is read by the supervisor. */
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { fixture } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const DEPLOYS = 20;

test.skipIf(lacks("perl"))("every datagram is answered through deploys and deaths", async () => {
  using dir = tempDir();
  const status = dir.file("status");
  await using server = startSupervisor([
    ...["--port=127.0.0.1:u0", "--interval=0.05", `--status-file=${status}`],
    ...["--", "perl", fixture("udp.pl")],
  ]);
  const [, , , port] = (await server.output(/^ready 1 /)).split(" ");
  const answered = new Map<string, number>();
  const client = await Bun.udpSocket({
    connect: { hostname: "127.0.0.1", port: Number(port) },
    socket: {
      data: (_, datagram) => {
        const [number = "", generation] = datagram.toString().split(" ");
        answered.set(number, Number(generation));
      },
    },
  });
  let sent = 0;
  const ask = async (): Promise<number> => {
    sent += 1;
    const number = String(sent);
    client.send(number);
    await eventually(`datagram ${number} is answered`, () => answered.has(number));
    return answered.get(number) ?? 0;
  };
  expect(await ask()).toBe(1);
  for (let generation = 2; generation <= DEPLOYS; generation += 1) {
    server.signal("SIGHUP");
    const [entry] = await serving(status, [generation]);
    if (generation % 5 === 0) process.kill(entry?.pid ?? 0, "SIGKILL");
    // After a death nobody reads until the successor does.
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    if (generation % 5 === 0) {
      expect(Math.max(...answers)).toBe(generation + 1);
      generation += 1;
    }
  }
  client.close();
  expect(answered.size).toBe(sent);
  expect(await server.stop()).toBe(0);
});
