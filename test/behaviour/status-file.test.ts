/** The status file and FILE.deploy: what they say at each stage, and that no reader sees a part of them. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { serving } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

/** Leaves when it is told and the file `leave` is there. */
const slow = `#!/bin/sh
trap 'while [ ! -e leave ]; do sleep 0.02; done; exit 0' TERM
touch up-$SERVER_STARTER_GENERATION
while :; do sleep 0.02; done
`;

test("a candidate appears when it is current, and the old one stays until it is gone", async () => {
  using dir = tempDir({ worker: slow });
  const status = dir.file("status");
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.3", "--", "./worker"],
    { cwd: dir.path },
  );
  const [first = ""] = (await server.line(/^starting new worker/)).match(/\d+/) ?? [];
  expect(existsSync(status)).toBe(false);
  await serving(status, [1]);
  expect(readFileSync(status, "latin1")).toBe(`1:${first}\n`);
  server.signal("SIGHUP");
  const starting = await eventually("the second starts", () =>
    server.stderr.find((line) => line.startsWith("starting new") && !line.endsWith(` ${first}`)),
  );
  const [second = ""] = starting.match(/\d+/) ?? [];
  expect(readFileSync(status, "latin1")).toBe(`1:${first}\n`);
  await serving(status, [1, 2]);
  expect(readFileSync(status, "latin1")).toBe(`1:${first}\n2:${second}\n`);
  writeFileSync(dir.file("leave"), "");
  await serving(status, [2]);
  expect(await server.stop()).toBe(0);
  expect([existsSync(status), existsSync(`${status}.deploy`)]).toEqual([false, false]);
});

test("a reader never sees a part, and generations are sorted as text", async () => {
  using dir = tempDir({ worker: slow });
  const status = dir.file("status");
  await using server = startSupervisor(["--status-file=status", "--interval=0", "--", "./worker"], {
    cwd: dir.path,
  });
  await serving(status, [1]);
  await eventually("its trap is set", () => existsSync(dir.file("up-1")));
  const seen = new Set<string>();
  const numbers = Array.from({ length: 11 }, (_, index) => index + 1);
  for (const number of numbers.slice(1)) {
    server.signal("SIGHUP");
    const wanted = numbers.slice(0, number).toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
    await eventually(`generation ${number} is listed`, () => {
      const text = readFileSync(status, "latin1");
      seen.add(text);
      const listed = [...text.matchAll(/^(\d+):\d+$/gm)].map((match) => Number(match[1]));
      // Told to leave before it has set its trap, it would be gone at once.
      return listed.join() === wanted.join() && existsSync(dir.file(`up-${number}`));
    });
  }
  for (const text of seen) expect(text).toMatch(/^(?:\d+:\d+\n)+$/);
  writeFileSync(dir.file("leave"), "");
  expect(await server.stop()).toBe(0);
});

test("FILE.deploy tells how the deploy goes, to its owner alone", async () => {
  using dir = tempDir({ worker: "#!/bin/sh\n[ ! -e broken ] || exit 3\nexec sleep 60\n" });
  const status = dir.file("status");
  const report = (): Record<string, unknown> =>
    JSON.parse(readFileSync(`${status}.deploy`, "utf8")) as Record<string, unknown>;
  await using server = startSupervisor(
    ["--status-file=status", "--interval=0.1", "--", "./worker"],
    { cwd: dir.path },
  );
  await serving(status, [1]);
  expect(statSync(`${status}.deploy`).mode & 0o777).toBe(0o600);
  const stable = { version: 1, supervisor: server.pid };
  expect(report()).toEqual({
    ...{ ...stable, deploy: 0, state: "current", generation: 1, lastGeneration: 1 },
    ...{ failedTries: 0, reason: null },
  });
  writeFileSync(dir.file("broken"), "");
  server.signal("SIGHUP");
  const failing = await eventually("two tries failed", () => {
    const { failedTries } = report();
    return Number(failedTries) >= 2 && report();
  });
  expect(failing).toMatchObject({
    ...{ ...stable, deploy: 1, generation: 1 },
    reason: expect.stringMatching(/^new worker \d+ ended with status 768$/),
  });
  renameSync(dir.file("broken"), dir.file("mended"));
  await eventually("the deploy is done", () => report()["state"] === "current");
  expect(report()["generation"]).toBeGreaterThan(2);
  expect(await server.stop()).toBe(0);
});

test("a directory that cannot be written in costs one line, and the file is right again afterwards", async () => {
  using dir = tempDir();
  mkdirSync(dir.file("run"));
  const status = dir.file("run/status");
  await using server = startSupervisor(
    ["--status-file=run/status", "--interval=0.1", "--", "sleep", "60"],
    { cwd: dir.path },
  );
  await serving(status, [1]);
  renameSync(dir.file("run"), dir.file("away"));
  server.signal("SIGHUP");
  await server.line(/^old worker \d+ died/);
  expect(server.stderr.filter((line) => line.includes("cannot write"))).toEqual([
    "cannot write --status-file run/status.deploy: no such file or directory (ENOENT)",
    "cannot write --status-file run/status: no such file or directory (ENOENT)",
  ]);
  mkdirSync(dir.file("run"));
  await serving(status, [2]);
  expect(await server.stop()).toBe(0);
});
