/** The npm package as somebody installs it: packed, unpacked into a project of its own, used from there. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixture, root } from "../support/program.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

let project: TempDir;

beforeAll(() => {
  project = tempDir({ "package.json": '{ "type": "module" }' });
  const packed = Bun.spawnSync(
    ["npm", "pack", "--ignore-scripts", `--pack-destination=${project.path}`],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  expect(packed.exitCode).toBe(0);
  const tarball = readdirSync(project.path).find((name) => name.endsWith(".tgz")) ?? "";
  const modules = project.file("node_modules/start_server");
  mkdirSync(modules, { recursive: true });
  expect(
    Bun.spawnSync(["tar", "xzf", project.file(tarball), "-C", modules, "--strip-components=1"])
      .exitCode,
  ).toBe(0);
  for (const dependency of ["citty", "consola"]) {
    Bun.spawnSync([
      "ln",
      "-s",
      join(root, "node_modules", dependency),
      project.file(`node_modules/${dependency}`),
    ]);
  }
});
afterAll(() => project[Symbol.dispose]());

function runIn(
  command: string[],
  source: string,
  name: string,
): { code: number; stdout: string; stderr: string } {
  writeFileSync(project.file(name), source);
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command, project.file(name)], {
    cwd: project.path,
    env: {
      ...process.env,
      SERVER_STARTER_PORT: "80=3;127.0.0.1:53=4;127.0.0.1:53=5;/run/x.sock=6",
    },
  });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

const printPorts = `import { serverPorts } from "start_server";
import { serverPorts as same } from "start_server/worker";
console.log(JSON.stringify([[...serverPorts()], serverPorts === same, [...same({ SERVER_STARTER_PORT: "" })]]));`;
const ports = [
  ["80", [3]],
  ["127.0.0.1:53", [4, 5]],
  ["/run/x.sock", [6]],
];

test("serverPorts reads the sockets in order, two of one key apart, on Node and on Bun", () => {
  for (const command of [["node"], [process.execPath]]) {
    const { code, stdout, stderr } = runIn(command, printPorts, "ports.mjs");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual([ports, true, []]);
  }
});

test("serverPorts says what is missing outside of start_server", () => {
  const source = `import { serverPorts } from "start_server";
try { serverPorts({}); } catch (error) { console.log(error.message); }`;
  expect(runIn(["node"], source, "none.mjs").stdout).toBe(
    "SERVER_STARTER_PORT is not set: start this process with start_server\n",
  );
});

test("on Node the supervisor says that it needs Bun", () => {
  const source = `import { startServer, StartError } from "start_server";
await startServer({ exec: ["true"] }).catch((error) => console.log(error instanceof StartError, error.message));`;
  expect(runIn(["node"], source, "node.mjs").stdout).toBe(
    "true Cannot call startServer: it needs Bun; on Node run the start_server program instead\n",
  );
});

test("a Bun program embeds the supervisor: deploys, verbs and exit code as with the command", async () => {
  const files = { pidFile: project.file("pid"), statusFile: project.file("status") };
  writeFileSync(
    project.file("embed.mjs"),
    `import { startServer } from "start_server";
const code = await startServer({ port: "127.0.0.1:0", interval: 0.1, exec: ["perl", ${JSON.stringify(fixture("worker.pl"))}], ...${JSON.stringify(files)} });
console.log("ended with", code);
process.exit(code);`,
  );
  const verbs = `import { restartServer, stopServer } from "start_server";
console.log(await restartServer(${JSON.stringify(files)}));
await stopServer(${JSON.stringify(files)});`;
  await using server = startSupervisor([project.file("embed.mjs")], {
    command: [process.execPath],
    cwd: project.path,
  });
  await serving(files.statusFile, [1]);
  const { code, stdout } = await runVerbs(verbs);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "0\n" });
  await server.output(/^ready 2 /);
  await server.output(/^ended with 0$/);
  expect(await server.exited).toBe(0);
});

test("what cannot be meant, and what the system refuses, are typed errors", () => {
  const source = `import { startServer, stopServer, UsageError, StartError } from "start_server";
const show = (error) => console.log(error.name, error instanceof UsageError, error instanceof StartError, error.message, error.exitCode);
await startServer({ exec: ["true"], port: "nonsense" }).catch(show);
await startServer({ exec: ["/nonexistent"], port: "127.0.0.1:0" }).catch(show);
await stopServer({ pidFile: "/nonexistent/pid" }).catch(show);
process.exit(0);`;
  const { stdout } = runIn([process.execPath], source, "errors.mjs");
  const [usage = "", missing = "", stopped = ""] = stdout.split("\n");
  expect(usage).toStartWith("UsageError true false Option --port=nonsense is not a port");
  expect(missing).toStartWith('StartError false true Cannot start: program "/nonexistent"');
  expect(missing).toEndWith(" 127");
  expect(stopped).toStartWith("StartError false true Cannot --stop: --pid-file=/nonexistent/pid");
});

test("a TypeScript project type-checks against the package", () => {
  writeFileSync(
    project.file("typed.ts"),
    `import { serverPorts, startServer, restartServer, stopServer, StartError } from "start_server";
const fds: Map<string, number[]> = serverPorts();
const code: Promise<number> = startServer({ exec: ["x"], port: [80, "u81"], killOldDelay: 1 });
const restarted: Promise<number> = restartServer({ pidFile: "p", statusFile: "s" });
const stopped: Promise<void> = stopServer({ pidFile: "p" });
const exitCode: number = new StartError("x").exitCode;
// @ts-expect-error exec is needed
void startServer({ port: 80 });
// @ts-expect-error no such option
void startServer({ exec: [], prot: 80 });
void [fds, code, restarted, stopped, exitCode];`,
  );
  const { exitCode, stdout } = Bun.spawnSync([
    join(root, "node_modules", ".bin", "tsc"),
    ...["--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext", "--target", "ES2024"],
    ...["--types", "", "--lib", "ES2024", project.file("typed.ts")],
  ]);
  expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 0, stdout: "" });
});

/** While the embedded supervisor runs in this process's child, the verbs must not block us. */
async function runVerbs(source: string): Promise<{ code: number; stdout: string }> {
  writeFileSync(project.file("verbs.mjs"), source);
  const child = Bun.spawn([process.execPath, project.file("verbs.mjs")], {
    cwd: project.path,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return { stdout: await child.stdout.text(), code: await child.exited };
}
