/** What a worker finds under each program, item by item: it must not be able to tell them apart. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { lacks } from "../support/packages.ts";
import { isAlive, treeOf } from "../support/proc.ts";
import { fixture } from "../support/program.ts";
import { runToEnd, startSupervisor } from "../support/supervisor.ts";
import { contentOf, onBothSides } from "./sides.ts";
import type { Side } from "./sides.ts";

interface Scenario {
  readonly options?: readonly string[];
  /** What the shell does before it runs the program, which is `"$@"`. */
  readonly launcher?: string;
  /** Arguments of the worker. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "no socket": {},
  "sockets of all kinds": {
    options: ["--port=127.0.0.1:0=7", "--port=127.0.0.1:u0=8", "--port=[::1]:0=9"],
  },
  "numbers asked for": { options: ["--port=127.0.0.1:0=0", "--port=127.0.0.1:0=7"] },
  "a directory and an envdir": { options: ["--dir=sub", "--envdir=env"] },
  "options that are exported": {
    options: ["--enable-auto-restart", "--auto-restart-interval=100", "--kill-old-delay=3"],
  },
  "the same from the environment": {
    env: { ENABLE_AUTO_RESTART: "1", KILL_OLD_DELAY: "2", ENVDIR: "env" },
  },
  "a log file": { options: ["--log-file=log"] },
  "arguments and environment that are not UTF-8": {
    launcher: `V="$(printf 'caf\\351')" exec "$@" "$(printf '\\377')" ''`,
    args: ["plain", "\u00fc"],
  },
  "a soft limit of a launcher that waits": { launcher: 'ulimit -Sn 512; "$@"; true' },
  "other limits, umask, niceness": {
    launcher: 'ulimit -c 0; ulimit -Ss 4096; ulimit -t 1000; umask 027; exec nice -n 5 "$@"',
  },
  "descriptors of the launcher": { launcher: 'exec "$@" 7</dev/null 8>out8 9<&0' },
  "signals ignored by the launcher": { launcher: `trap '' HUP INT CHLD TERM; exec "$@"` },
  "a daemon": { options: ["--daemonize", "--log-file=log", "--pid-file=pid"] },
};

test.skipIf(lacks("libserver-starter-perl")).each(Object.entries(scenarios))(
  "%s",
  async (_, scenario) => {
    const files = { "sub/x": "", "env/V_FROM": "envdir\n", "env/V_BYTES": "x\u00e9\n" };
    const { perl, own } = await onBothSides(files, (side) => view(side, scenario));
    expect(perl.length).toBeGreaterThan(30);
    expect(own).toEqual(perl);
  },
);

/** What the worker says, until it is done. */
async function view(
  side: Side,
  { options = [], launcher, args = [], env = {} }: Scenario,
): Promise<string[]> {
  const { dir, command } = side;
  const all = [...options, "--interval=1", "--", fixture("surroundings.sh"), ...args];
  const program = launcher === undefined ? command : ["sh", "-c", launcher, "sh", ...command];
  const setting = { cwd: dir.path, command: program, env };
  if (options.includes("--daemonize")) {
    expect((await runToEnd(all, setting)).code).toBe(0);
    const said = await eventually("all is said in the log", () =>
      completed(contentOf(side, "log") ?? ""),
    );
    // Perl's returns before the pid file is written.
    const pid = await eventually("the pid file", () => Number(contentOf(side, "pid")) || null);
    const lines = comparable(said, side);
    const tree = treeOf(pid);
    for (const each of tree) if (isAlive(each)) process.kill(each, "SIGKILL");
    await eventually("the daemon is gone", () => !tree.some(isAlive));
    return lines;
  }
  await using server = startSupervisor(all, setting);
  if (options.includes("--log-file=log")) {
    return comparable(
      await eventually("the log", () => completed(contentOf(side, "log") ?? "")),
      side,
    );
  }
  await server.output(/^end$/);
  return comparable(server.stdout, side);
}

function completed(text: string): string[] | false {
  const lines = text.split("\n");
  return lines.includes("end") && lines;
}

/** Without what differs by chance. */
function comparable(lines: readonly string[], { dir }: Side): string[] {
  const known =
    /^(?:environment|arguments|status|limit|directory|oom|parent|group|session|terminal|nice|descriptor) /;
  const parent = Number(lines.find((line) => line.startsWith("parent"))?.split(" ")[1]);
  const [, , group, session] = readFileSync(`/proc/${parent}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  const own = new Set([`group ${group}`, `session ${session}`, `parent ${parent}`]);
  return lines
    .filter((line) => known.test(line))
    .map((line) => (own.has(line) ? `${line.split(" ")[0]} the supervisor's` : line))
    .map((line) =>
      line
        .replaceAll(dir.path, "DIR")
        .replaceAll(Buffer.from(dir.path).toString("hex"), "DIR")
        .replace(/(socket|pipe):\[\d+\]/, "$1"),
    );
}
