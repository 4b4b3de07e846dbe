/** What lies in the working directory, or is meant for the runtime, changes nothing. */
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json";
import { ours, target } from "../support/program.ts";
import { runToEnd } from "../support/supervisor.ts";
import { site } from "./refusal.ts";

/** Shows its environment, and ends its supervisor. */
const showing = '#!/bin/sh\nenv | grep -v "^_=" | sort\nkill $PPID\nexec sleep 60\n';

/** The environment of a worker, without what differs from run to run. */
async function workerEnvironment(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const { code, stdout, stderr } = await runToEnd(["--", "./show"], { cwd, env });
  expect({ code, stderr: stderr.split("\n")[0] }).toEqual({
    code: 0,
    stderr: expect.stringContaining("starting now"),
  });
  return stdout.split("\n").filter((line) => !/^(PWD|OLDPWD|SHLVL)=|^$/.test(line));
}

// When the source runs, it is the bun in front of it that reads these files and variables.
const onCompiled = target === "compiled" ? describe : (): void => undefined;

onCompiled("files in the working directory", () => {
  const trap = 'console.log("TRAP"); process.exit(9);';
  const files = {
    ".env": "KILL_OLD_DELAY=soon\nTRAP=1\nPATH=/nowhere\nENVDIR=env\n",
    ".env.local": "TRAP=2\n",
    ".env.production": "TRAP=3\n",
    "bunfig.toml": 'preload = ["./trap.ts"]\nlogLevel = "debug"\n[run]\nbun = true\n',
    "trap.ts": trap,
    "env/TRAP": "4\n",
    "package.json": '{ "name": "trap", "type": "commonjs", "imports": { "citty": "./trap.ts" } }',
    "tsconfig.json": '{ "compilerOptions": { "paths": { "*": ["./trap.ts"] } } }',
    "node_modules/citty/index.js": trap,
    "node_modules/consola/index.js": trap,
    "node_modules/consola/core.js": trap,
  };

  test("a worker's environment is as without them", async () => {
    using empty = site({ show: showing });
    using full = site({ show: showing, ...files });
    expect(await workerEnvironment(full.path)).toEqual(await workerEnvironment(empty.path));
  });

  test("options are as without them", async () => {
    using dir = site(files);
    expect(await runToEnd(["--version"], { cwd: dir.path })).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: "",
    });
  });
});

onCompiled("variables of the runtime", () => {
  // BUN_BE_BUN, BUN_OPTIONS and BUN_INSPECT act before any line of a compiled program: they cannot be refused.
  const runtime = {
    BUN_INSPECT_PRELOAD: "./trap.ts",
    BUN_CONFIG_VERBOSE_FETCH: "1",
    BUN_INSTALL: "/nowhere",
    NODE_OPTIONS: "--require ./trap.cjs",
    NODE_ENV: "test",
    NODE_PATH: "/nowhere",
    CONSOLA_LEVEL: "0",
    CI: "1",
    DEBUG: "*",
  };

  test("change nothing for us, and reach the worker", async () => {
    using dir = site({
      show: showing,
      "trap.ts": 'console.log("TRAP");',
      "trap.cjs": 'console.log("TRAP");',
    });
    const lines = await workerEnvironment(dir.path, runtime);
    for (const [name, value] of Object.entries(runtime))
      expect(lines).toContain(`${name}=${value}`);
    expect(lines.filter((line) => line.startsWith("TRAP"))).toEqual([]);
  });

  test("change no message and no code", async () => {
    using dir = site();
    expect(await runToEnd(["--frobnicate"], { cwd: dir.path, env: runtime })).toEqual({
      ...{
        code: 2,
        stdout: "",
        stderr: 'Unknown option "--frobnicate": see --help for all options\n',
      },
    });
  });
});

test("an empty environment is enough", async () => {
  using dir = site({ show: "#!/bin/sh\n/usr/bin/env\nkill $PPID\nexec /bin/sleep 60\n" });
  const { code, stdout } = await runToEnd(["--", "./show"], {
    cwd: dir.path,
    command: ["env", "-i", ...ours],
  });
  expect(code).toBe(0);
  const names = new Set(stdout.split("\n").map((line) => line.split("=", 1)[0]));
  // What the shell adds, and the end of the last line.
  for (const shells of ["PWD", "OLDPWD", "SHLVL", "_", ""]) names.delete(shells);
  expect(names).toEqual(new Set(["SERVER_STARTER_PORT", "SERVER_STARTER_GENERATION"]));
});

test("the worker gets its arguments byte for byte", async () => {
  using dir = site({
    show: "#!/usr/bin/perl\n$| = 1;\nprint unpack('H*', $_), qq{\\n} for @ARGV;\nkill TERM => getppid;\nsleep 60;\n",
  });
  const script = `exec "$@" -- ./show "$(printf '\\303\\274')" "$(printf '\\377\\376')" "" "a b"`;
  const { code, stdout } = await runToEnd([], {
    cwd: dir.path,
    command: ["sh", "-c", script, "sh", ...ours],
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "c3bc\nfffe\n\n612062\n" });
});
