/** What each signal does to the supervisor, and that none of them orphans a worker. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync } from "node:fs";
import { isAlive } from "../support/proc.ts";
import { ours } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

/** Says which signal it got. */
const telling = `#!/bin/sh
for signal in TERM INT QUIT USR1 USR2 WINCH; do trap "echo got $signal; exit 0" $signal; done
echo ready
while :; do sleep 0.02; done
`;

// What the supervisor gets, and what the worker gets.
test.each([
  ["SIGTERM", "USR1", "USR1"],
  ["SIGQUIT", "USR1", "USR1"],
  ["SIGINT", "USR1", "TERM"],
  ["SIGTERM", "SIGwinch", "WINCH"],
  ["SIGTERM", "12", "USR2"],
] as const)(
  "%s with --signal-on-term=%s stops, the worker gets %s",
  async (signal, option, got) => {
    using dir = tempDir({ worker: telling });
    await using server = startSupervisor([`--signal-on-term=${option}`, "--", "./worker"], {
      cwd: dir.path,
    });
    await server.output(/^ready/);
    server.signal(signal);
    await server.output(new RegExp(`^got ${got}$`));
    expect(await server.exited).toBe(0);
    const asked = signal.replace("SIG", "");
    const sent = /^\d+$/.test(option) ? option : got;
    expect(server.stderr.at(-3)).toMatch(
      new RegExp(`^received ${asked}, sending ${sent} to all workers:\\d+$`),
    );
  },
);

describe("what does not stop it", () => {
  test.each([
    ["SIGUSR2", /^received USR2, which is kept for replacing start_server itself: ignored$/],
    ["SIGUSR1", /^received USR1, but there is no --log-file to reopen$/],
  ] as const)("%s is answered with a line", async (signal, line) => {
    await using server = startSupervisor(["--interval=0.1", "--", "sleep", "60"]);
    await server.line(/^starting new worker/);
    server.signal(signal);
    await server.line(line);
    expect(await server.stop()).toBe(0);
  });

  test.each(["SIGALRM", "SIGWINCH", "SIGCONT", "SIGPIPE", "SIGCHLD", "SIGURG"] as const)(
    "%s does nothing",
    async (signal) => {
      using dir = tempDir();
      await using server = startSupervisor(
        ["--status-file=status", "--interval=0.1", "--", "sleep", "60"],
        { cwd: dir.path },
      );
      await serving(dir.file("status"), [1]);
      server.signal(signal);
      server.signal("SIGHUP");
      await server.line(/^old worker/);
      expect(server.stderr).toHaveLength(7);
      expect(await server.stop()).toBe(0);
    },
  );
});

test("a HUP while it stops is ignored", async () => {
  using dir = tempDir({
    worker:
      "#!/bin/sh\ntrap 'while [ ! -e leave ]; do sleep 0.02; done; exit 0' TERM\necho ready\nwhile :; do sleep 0.02; done\n",
  });
  await using server = startSupervisor(["--", "./worker"], { cwd: dir.path });
  await server.output(/^ready/);
  server.signal("SIGTERM");
  await server.line(/^received TERM/);
  server.signal("SIGHUP");
  server.signal("SIGUSR2");
  await server.line(/^received USR2/);
  appendFileSync(dir.file("leave"), "");
  expect(await server.exited).toBe(0);
  expect(server.stderr.filter((line) => /HUP|starting new/.test(line))).toHaveLength(1);
});

test("a HUP does not cut a proof short: the bad new worker costs the good one nothing", async () => {
  using dir = tempDir({
    worker:
      "#!/bin/sh\n[ $SERVER_STARTER_GENERATION = 1 ] && exec sleep 60\necho ready\nsleep 0.3\nexit 1\n",
  });
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.6", "--", "./worker"],
    { cwd: dir.path },
  );
  const [first] = await serving(dir.file("status"), [1]);
  server.signal("SIGHUP");
  await server.output(/^ready/);
  server.signal("SIGHUP");
  await server.line(/^received HUP while a deploy is under way, one more follows it$/);
  await server.line(/seems to have failed to start, exit status:256$/);
  expect(await serving(dir.file("status"), [1])).toEqual([first!]);
  expect(isAlive(first!.pid)).toBe(true);
  expect(await server.stop()).toBe(0);
});

test("TERM cuts a proof short", async () => {
  await using server = startSupervisor(["--interval=600", "--", "sleep", "60"]);
  await server.line(/^starting new worker/);
  expect(await server.stop()).toBe(0);
});

test.each([
  ["HUP ignored, as by nohup", "trap '' HUP"],
  ["CHLD ignored", "trap '' CHLD"],
  ["TERM ignored", "trap '' TERM"],
])("a launcher with %s changes nothing", async (_, trap) => {
  using dir = tempDir();
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.1", "--", "sleep", "60"],
    { cwd: dir.path, command: ["sh", "-c", `${trap}; exec "$@"`, "sh", ...ours] },
  );
  const [first] = await serving(dir.file("status"), [1]);
  expect(readFileSync(`/proc/${first!.pid}/status`, "latin1")).toMatch(/^SigIgn:\s*0+1000$/m);
  server.signal("SIGHUP");
  await serving(dir.file("status"), [2]);
  expect(await server.stop()).toBe(0);
});
