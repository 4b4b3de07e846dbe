/** A scenario for each difference, and what it comes to under each program. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { isAlive } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { readStatus, serving } from "../support/status.ts";
import { runToEnd, startSupervisor } from "../support/supervisor.ts";
import type { Supervisor } from "../support/supervisor.ts";
import type { ExceptionId } from "./exceptions.ts";
import { contentOf, filesIn } from "./sides.ts";
import type { Side } from "./sides.ts";

interface Demonstration {
  readonly files?: Readonly<Record<string, string>>;
  readonly show: (side: Side) => Promise<unknown>;
  readonly perl: unknown;
  readonly own: unknown;
}

const sleeper = "#!/bin/sh\nexec sleep 60\n";
/** Long enough for what would happen to have happened: what never comes cannot be awaited. */
const NEVER_MS = 1_500;
const never = "not in time";

function start(
  { command, dir }: Side,
  args: readonly string[],
  launcher: string = 'exec "$@"',
): Supervisor {
  return startSupervisor(args, {
    cwd: dir.path,
    command: ["sh", "-c", launcher, "sh", ...command],
  });
}

function run({ command, dir }: Side, args: readonly string[]): ReturnType<typeof runToEnd> {
  return runToEnd(args, { cwd: dir.path, command });
}

function inTime<T>(promise: Promise<T>): Promise<T | typeof never> {
  return Promise.race([promise, Bun.sleep(NEVER_MS).then((): typeof never => never)]);
}

const files = ["--pid-file=pid", "--status-file=status"];

export const demonstrations: Readonly<Record<ExceptionId, Demonstration>> = {
  "options end at the program": {
    files: { worker: '#!/bin/sh\necho "arguments:$*"\nexec sleep 60\n' },
    show: async (side) => {
      await using server = start(side, ["./worker", "--interval=1"]);
      return await server.output(/^arguments/);
    },
    perl: "arguments:",
    own: "arguments:--interval=1",
  },
  "missing program": {
    show: async (side) => {
      await using server = start(side, ["--interval=0", "--", "./nothing"]);
      const triedAgain = eventually(
        "two tries",
        () =>
          server.stderr.filter((line) => line.startsWith("starting new")).length > 1 &&
          "tried again",
      );
      triedAgain.catch(() => undefined);
      return await Promise.race([server.exited, triedAgain]);
    },
    perl: "tried again",
    own: 127,
  },
  "failing program": {
    files: { worker: "#!/bin/sh\nexit 1\n" },
    show: async (side) => {
      await using server = start(side, ["--interval=0", "--", "./worker"]);
      const starts = eventually(
        "thirty starts",
        () =>
          server.stderr.filter((line) => line.startsWith("starting new")).length > 30 && "spins",
      );
      starts.catch(() => undefined);
      return await inTime(starts);
    },
    perl: "spins",
    own: never,
  },
  "hup during a proof": {
    files: {
      worker:
        "#!/bin/sh\n[ $SERVER_STARTER_GENERATION = 1 ] && exec sleep 60\necho ready\nsleep 0.5\nexit 1\n",
    },
    show: async (side) => {
      await using server = start(side, [...files, "--interval=1", "--", "./worker"]);
      const [first] = await serving(side.dir.file("status"), [1]);
      server.signal("SIGHUP");
      await server.output(/^ready/);
      server.signal("SIGHUP");
      await server.line(/now running|failed to start/);
      return await eventually("the old one's fate", () => {
        if (!isAlive(first!.pid)) return "the good one is gone";
        return (
          server.stderr.some((line) => line.includes("failed to start")) && "the good one serves"
        );
      });
    },
    perl: "the good one is gone",
    own: "the good one serves",
  },
  "death during a soak": {
    files: { worker: sleeper },
    show: async (side) => {
      await using server = start(side, [
        ...files,
        "--interval=1",
        "--kill-old-delay=2",
        "--",
        "./worker",
      ]);
      await serving(side.dir.file("status"), [1]);
      server.signal("SIGHUP");
      const [, second] = await serving(side.dir.file("status"), [1, 2]);
      process.kill(second!.pid, "SIGKILL");
      const line = await server.line(/^killing old workers|, keeping/);
      return line.includes("keeping") ? "the old one stays" : "the old one is told to leave";
    },
    perl: "the old one is told to leave",
    own: "the old one stays",
  },
  "quit, usr1 and usr2": {
    files: { worker: sleeper },
    show: async (side) => {
      const fates: string[] = [];
      for (const signal of ["SIGQUIT", "SIGUSR1", "SIGUSR2"] as const) {
        await using server = start(side, [...files, "--interval=0", "--", "./worker"]);
        const [worker] = await serving(side.dir.file("status"), [1]);
        server.signal(signal);
        const answered = server.line(/^received USR/).then(() => "lives");
        answered.catch(() => undefined);
        const fate = await Promise.race([server.exited, answered]);
        fates.push(`${signal}: ${fate}, worker ${isAlive(worker!.pid) ? "lives" : "gone"}`);
        if (isAlive(worker!.pid)) process.kill(worker!.pid, "SIGKILL");
        for (const name of ["pid", "status"]) rmSync(side.dir.file(name), { force: true });
      }
      return fates;
    },
    perl: [
      "SIGQUIT: 131, worker lives",
      "SIGUSR1: 138, worker lives",
      "SIGUSR2: 140, worker lives",
    ],
    own: [
      "SIGQUIT: 0, worker gone",
      "SIGUSR1: lives, worker lives",
      "SIGUSR2: lives, worker lives",
    ],
  },
  "a file at the path": {
    files: { worker: sleeper, "x.sock": "precious" },
    show: async (side) => {
      await using server = start(side, ["--path=x.sock", "--", "./worker"]);
      await server.line(/^starting new|^Cannot/);
      return contentAt(side.dir.file("x.sock"));
    },
    perl: null,
    own: "precious",
  },
  "a second instance": {
    files: { worker: sleeper },
    show: async (side) => {
      await using first = start(side, [...files, "--interval=0", "--", "./worker"]);
      await serving(side.dir.file("status"), [1]);
      await using second = start(side, [...files, "--interval=0", "--", "./worker"]);
      const emptied = eventually("an empty file", () => contentOf(side, "pid") === "" && "emptied");
      emptied.catch(() => undefined);
      const fate = await Promise.race([second.exited, emptied]);
      return [fate, contentOf(side, "pid") === `${first.pid}\n`];
    },
    perl: ["emptied", false],
    own: [1, true],
  },
  "a stale pid file": {
    show: async (side) => {
      const stranger = Bun.spawn(["sleep", "60"]);
      writeFileSync(side.dir.file("pid"), `${stranger.pid}\n`);
      const { code } = await run(side, ["--stop", "--pid-file=pid"]);
      const survived = (await inTime(stranger.exited)) === never;
      stranger.kill();
      await stranger.exited;
      return { code, survived };
    },
    perl: { code: 0, survived: false },
    own: { code: 1, survived: true },
  },
  "a restart whose first try fails": {
    files: { worker: "#!/bin/sh\nif [ -e broken ]; then rm broken; exit 3; fi\nexec sleep 60\n" },
    show: async (side) => {
      await using server = start(side, [...files, "--interval=1", "--", "./worker"]);
      await serving(side.dir.file("status"), [1]);
      writeFileSync(side.dir.file("broken"), "");
      const verb = Bun.spawn([...side.command, "--restart", ...files], {
        ...{ cwd: side.dir.path, stderr: "ignore" },
      });
      await serving(side.dir.file("status"), [3]);
      const code = await inTime(verb.exited);
      verb.kill();
      await verb.exited;
      expectAlive(server);
      return code;
    },
    perl: never,
    own: 0,
  },
  "envdir variables that go": {
    files: {
      worker: '#!/bin/sh\necho "$SERVER_STARTER_GENERATION:$V"\nexec sleep 60\n',
      "env/V": "1\n",
    },
    show: async (side) => {
      await using server = start(side, [
        "--envdir=env",
        ...files,
        "--interval=0",
        "--",
        "./worker",
      ]);
      await server.output(/^1:/);
      rmSync(side.dir.file("env/V"));
      await serving(side.dir.file("status"), [1]);
      server.signal("SIGHUP");
      return await server.output(/^2:/);
    },
    perl: "2:1",
    own: "2:",
  },
  "a dead log command": {
    files: { worker: sleeper },
    show: async (side) => {
      const log = "--log-file=| echo $$ >logger; exec cat >>log";
      await using server = start(side, [log, ...files, "--interval=1", "--", "./worker"]);
      await serving(side.dir.file("status"), [1]);
      const logger = await eventually(
        "the logger",
        () => Number(contentOf(side, "logger")) || null,
      );
      process.kill(logger, "SIGKILL");
      await eventually("it is dead", () => !isAlive(logger));
      server.signal("SIGHUP");
      const logged = eventually(
        "the log goes on",
        () => contentOf(side, "log")?.includes("HUP") && "goes on",
      );
      logged.catch(() => undefined);
      return await inTime(logged);
    },
    perl: never,
    own: "goes on",
  },
  "a stalled reader": {
    files: { worker: sleeper },
    show: async (side) => {
      // The pipe is full before it starts, and nobody reads.
      const stall =
        'mkfifo f; exec 8<>f; dd if=/dev/zero of=f bs=4k oflag=nonblock 2>&-; exec "$@" 2>f';
      await using server = start(side, [...files, "--interval=0", "--", "./worker"], stall);
      const serves = eventually(
        "a worker",
        () => readStatus(side.dir.file("status")).length > 0 && "serves",
      );
      serves.catch(() => undefined);
      expectAlive(server);
      return await inTime(serves);
    },
    perl: never,
    own: "serves",
  },
  "a killed master": {
    show: async (side) => {
      const options = ["--port=127.0.0.1:0", ...files, "--interval=0", "--"];
      await using server = start(side, [...options, "perl", fixture("prefork.pl")]);
      const children =
        (await server.output(/^children 1/)).split(" ")[2]?.split(",").map(Number) ?? [];
      const [master] = readStatus(side.dir.file("status"));
      process.kill(master!.pid, "SIGKILL");
      await server.output(/^children 2/);
      const left = eventually("they leave", () => !children.some(isAlive) && "leave");
      left.catch(() => undefined);
      const fate = await inTime(left);
      for (const pid of children) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      return fate;
    },
    perl: never,
    own: "leave",
  },
  "a daemon's return": {
    show: async (side) => {
      const program = side.dir.file("nothing");
      const { code } = await run(side, ["--daemonize", "--log-file=log", "--", program]);
      // Perl's goes on trying: it is known by its command line alone.
      await eventually("nobody tries any more", () => {
        const trying = processesWith(program);
        for (const pid of trying) process.kill(pid, "SIGKILL");
        return trying.length === 0;
      });
      return code;
    },
    perl: 0,
    own: 127,
  },
  "socket numbers": {
    files: { worker: "#!/bin/sh\necho $SERVER_STARTER_PORT\nexec sleep 60\n" },
    show: async (side) => {
      await using server = start(side, ["--port=127.0.0.1:0", "--", "./worker"]);
      return await server.output(/=/);
    },
    perl: "127.0.0.1:0=4",
    own: "127.0.0.1:0=3",
  },
  "a second udp socket": {
    files: { worker: sleeper },
    show: async (side) => {
      const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
      const port = `--port=127.0.0.1:u${socket.port}`;
      socket.close();
      await using first = start(side, [port, "--", "./worker"]);
      await first.line(/^starting new/);
      await using second = start(side, [port, "--", "./worker"]);
      return (await second.line(/^starting new|^Cannot/)).split(" ")[0];
    },
    perl: "starting",
    own: "Cannot",
  },
  "signals ignored": {
    files: { worker: "#!/bin/sh\ngrep SigIgn /proc/$$/status\nexec sleep 60\n" },
    show: async (side) => {
      await using server = start(side, ["--", "./worker"], `trap '' QUIT; exec "$@"`);
      return (await server.output(/^SigIgn/)).slice(-4);
    },
    perl: "1004",
    own: "1000",
  },
  "an inherited limit": {
    files: { worker: "#!/bin/sh\necho $(ulimit -Sn) $(ulimit -Hn)\nexec sleep 60\n" },
    show: async (side) => {
      await using server = start(
        side,
        ["--", "./worker"],
        'ulimit -Sn 512; ulimit -Hn 600; exec "$@"',
      );
      return await server.output(/\d/);
    },
    perl: "512 600",
    own: "600 600",
  },
  "a deploy report": {
    files: { worker: sleeper },
    show: async (side) => {
      await using server = start(side, [...files, "--interval=0", "--", "./worker"]);
      await serving(side.dir.file("status"), [1]);
      expectAlive(server);
      // Files on their way have a pid behind their name.
      return await eventually("all is written", () => {
        const names = filesIn(side);
        return !names.some((name) => /\.\d+$/.test(name)) && names;
      });
    },
    perl: ["pid", "status", "worker"],
    own: ["pid", "status", "status.deploy", "worker"],
  },
  "usage errors": {
    show: async (side) => {
      const { code, stderr } = await run(side, ["--interval=soon", "--", "true"]);
      return { code, lines: stderr.trimEnd().split("\n").length };
    },
    perl: { code: 1, lines: 1 },
    own: { code: 2, lines: 1 },
  },
  "decimal seconds": {
    files: { worker: sleeper },
    show: async (side) => {
      await using server = start(side, ["--interval=0.5", "--", "./worker"]);
      return (await server.line(/^starting new|invalid/)).split(" ")[0];
    },
    perl: "Value",
    own: "starting",
  },
};

function processesWith(argument: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => contentAt(`/proc/${pid}/cmdline`)?.includes(argument))
    .map(Number);
}

/** Null for what is gone, and for a socket. */
function contentAt(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

function expectAlive({ pid }: Supervisor): void {
  if (!isAlive(pid)) throw new Error("the supervisor is gone");
}
