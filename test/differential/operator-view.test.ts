/** What an operator sees under each program: log lines, files at each stage, exit codes. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { lacks } from "../support/packages.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import type { Supervisor } from "../support/supervisor.ts";
import { contentOf, filesIn, normalized, onBothSides } from "./sides.ts";
import type { Side } from "./sides.ts";

/** Fails while `broken` is there; a worker that leaves takes its time while `slow` is there. */
const worker = `#!/bin/sh
if [ -e broken ]; then rm broken; exit 3; fi
# What sleeps for it must not hold the sockets.
nap() { sleep 0.05 3>&- 4>&- 5>&-; }
leave() { while [ -e slow ]; do nap; done; exit 0; }
trap leave TERM USR1 INT QUIT
while :; do nap; done
`;

interface Stage {
  readonly server: Supervisor;
  readonly side: Side;
  /** Waits until exactly these generations are in the status file. */
  readonly serving: (...generations: number[]) => Promise<number[]>;
  /** Writes down what the files hold. */
  readonly note: () => void;
}

interface Scenario {
  readonly options?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly play: (stage: Stage) => Promise<unknown>;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "start and TERM": {
    play: async ({ serving: await_, note, server }) => {
      await await_(1);
      note();
      server.signal("SIGTERM");
    },
  },
  "start and INT, with another signal for TERM": {
    options: ["--signal-on-term=USR1"],
    play: async ({ serving: await_, server }) => {
      await await_(1);
      server.signal("SIGINT");
    },
  },
  "TERM with another signal": {
    options: ["--signal-on-term=USR1"],
    play: async ({ serving: await_, server }) => {
      await await_(1);
      server.signal("SIGTERM");
    },
  },
  "three deploys, files in between": {
    play: async ({ serving: await_, note, server }) => {
      await await_(1);
      for (const generation of [2, 3, 4]) {
        server.signal("SIGHUP");
        await await_(generation);
        note();
      }
      server.signal("SIGTERM");
    },
  },
  "a deploy with an old worker that takes its time, and another signal": {
    options: ["--signal-on-hup=USR1"],
    play: async ({ serving: await_, note, server, side }) => {
      await await_(1);
      writeFileSync(side.dir.file("slow"), "");
      server.signal("SIGHUP");
      await await_(1, 2);
      note();
      await server.line(/^killing old workers/);
      await Bun.file(side.dir.file("slow")).delete();
      await await_(2);
      note();
      server.signal("SIGTERM");
    },
  },
  "a deploy whose first try fails": {
    play: async ({ serving: await_, note, server, side }) => {
      await await_(1);
      writeFileSync(side.dir.file("broken"), "");
      server.signal("SIGHUP");
      await server.line(/seems to have failed/);
      note();
      await await_(3);
      note();
      server.signal("SIGTERM");
    },
  },
  "a first start whose first try fails": {
    files: { broken: "" },
    play: async ({ serving: await_, server }) => {
      await await_(2);
      server.signal("SIGTERM");
    },
  },
  "a worker that is killed": {
    play: async ({ serving: await_, note, server }) => {
      const [pid] = await await_(1);
      process.kill(pid ?? 0, "SIGKILL");
      await await_(2);
      note();
      server.signal("SIGTERM");
    },
  },
  "an old worker that is kept for a while": {
    options: ["--kill-old-delay=1"],
    play: async ({ serving: await_, note, server }) => {
      await await_(1);
      server.signal("SIGHUP");
      await await_(1, 2);
      note();
      await await_(2);
      server.signal("SIGTERM");
    },
  },
  "automatic restarts": {
    options: ["--enable-auto-restart", "--auto-restart-interval=2", "--kill-old-delay=0"],
    play: async ({ serving: await_, server }) => {
      await await_(1);
      await await_(2);
      server.signal("SIGTERM");
    },
  },
};

test.skipIf(lacks("libserver-starter-perl")).each(Object.entries(scenarios))(
  "%s",
  async (_, { options = [], files = {}, play }) => {
    const { perl, own } = await onBothSides({ worker, ...files }, async (side) => {
      await using server = startSupervisor(
        [
          ...["--port=127.0.0.1:0", "--path=x.sock", "--pid-file=pid", "--status-file=status"],
          ...["--interval=1", ...options, "--", "./worker"],
        ],
        { cwd: side.dir.path, command: side.command },
      );
      const notes: unknown[] = [];
      await play({
        ...{ server, side },
        serving: async (...generations) =>
          (await serving(side.dir.file("status"), generations)).map((entry) => entry.pid),
        note: () => {
          const generations = contentOf(side, "status")?.replaceAll(/:\d+/g, ":PID");
          const pid = contentOf(side, "pid")?.replace(String(server.pid), "SUPERVISOR");
          // Ours beside the status file is among the listed differences.
          const names = filesIn(side).filter((name) => !name.startsWith("status.deploy"));
          notes.push({ generations, pid, names });
        },
      });
      const exitCode = await server.exited;
      return { exitCode, notes, files: filesIn(side), lines: normalized(server.stderr, side) };
    });
    expect(perl.lines.length).toBeGreaterThan(3);
    expect(own).toEqual(perl);
  },
);
