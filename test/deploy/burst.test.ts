/** Signals that nobody waits for: they merge, and no request fails. */
import { expect, test } from "bun:test";
import { failures, startLoad } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { listeningPort } from "../support/ports.ts";
import { treeOf } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { readStatus, serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

test.skipIf(lacks("perl"))(
  "a burst of HUPs ends in one current generation, and loses nothing",
  async () => {
    using dir = tempDir();
    const status = dir.file("status");
    await using server = startSupervisor([
      ...["--port=127.0.0.1:0", "--interval=0.05", `--status-file=${status}`],
      ...["--", "perl", fixture("worker.pl")],
    ]);
    await serving(status, [1]);
    const load = startLoad({ port: await listeningPort(server.pid) });
    await eventually("it answers", () => load.tally.answered > 0);
    for (let hup = 0; hup < 300; hup += 1) {
      server.signal("SIGHUP");
      if (hup % 10 === 0) await Bun.sleep(1);
    }
    // The last signal is served when a deploy that began after it has ended.
    const deploys = (): number =>
      server.stderr.filter((line) => line.startsWith("new worker is now")).length;
    await eventually("one generation is left, and no deploy is under way", () => {
      const begun = server.stderr.filter(
        (line) => line === "received HUP, spawning a new worker",
      ).length;
      return begun > 0 && begun === deploys() && readStatus(status).length === 1;
    });
    const tally = await load.stop();
    expect(failures(tally)).toBe(0);
    expect(deploys()).toBeLessThanOrEqual(300);
    expect(treeOf(server.pid)).toHaveLength(2);
    expect(await server.stop()).toBe(0);
  },
);
