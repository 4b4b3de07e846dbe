/** Programs that fail are started again and again, at a pace; a crash after a good life costs no time. */
import { describe, expect, test } from "bun:test";
import { paceMs } from "../../src/supervisor/pace.ts";
import type { StepConfig } from "../../src/supervisor/turn.ts";
import { deploying, serving, start } from "./drive.ts";
import type { Scenario } from "./drive.ts";

const config = (intervalMs: number): StepConfig => ({
  intervalMs,
  signalOnHup: "TERM",
  signalOnTerm: "TERM",
  waitForProgram: false,
});

/** The try under way fails, and the next one begins when the pause is over: how long that is armed for. */
function pauseAfterFailure(scenario: Scenario): string | undefined {
  scenario.cannotSpawn("transient");
  return scenario.timer("pace").find((each) => each.startsWith("arm pace"));
}

describe("pauses between tries", () => {
  test.each([
    [1000, [1000, 1000, 1000, 1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
    [0, [100, 100, 100, 100, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]],
    [45_000, [45_000, 45_000, 45_000, 45_000, 45_000, 45_000, 45_000]],
  ])("with an interval of %d ms: five of that, then doubling to 30 s", (intervalMs, pauses) => {
    expect(pauses.map((_, index) => paceMs(config(intervalMs), index + 1))).toEqual(pauses);
    expect(paceMs(config(intervalMs), 1_000_000)).toBe(Math.max(intervalMs, 30_000));
  });

  test("each is measured from one spawn to the next", () => {
    const scenario = start();
    const pauses = Array.from({ length: 7 }, () => pauseAfterFailure(scenario));
    expect(pauses).toEqual(
      [1000, 1000, 1000, 1000, 2000, 4000, 8000].map((ms) => `arm pace ${ms}`),
    );
  });

  test("a try that fails after the pause is followed at once", () => {
    const scenario = deploying();
    scenario.timer("pace");
    expect(scenario.exited(102, 256)).toEqual([
      '"new worker 102 seems to have failed to start, exit status:256"',
      "cancel prove",
      "announce",
      "arm pace 1000",
      "spawn 3",
      "announce",
    ]);
  });

  test("a HUP tries at once and begins anew", () => {
    const scenario = start();
    for (let tries = 0; tries < 9; tries += 1) pauseAfterFailure(scenario);
    scenario.cannotSpawn("transient");
    expect(scenario.hup()).toEqual([
      '"received HUP, spawning a new worker"',
      "cancel settle",
      "arm pace 1000",
      "spawn 11",
    ]);
    expect(scenario.state.failures).toBe(0);
  });
});

describe("the current worker dies by itself", () => {
  test("and is replaced at once the first time", () => {
    const scenario = serving();
    expect(scenario.exited(101, 9)).toEqual([
      '"worker 101 died unexpectedly with status:9, restarting"',
      "cancel settle restart forceRestart",
      "arm pace 1000",
      "spawn 2",
      "announce",
    ]);
  });

  test("even if it was spawned a moment ago", () => {
    const scenario = start({ intervalMs: 0 });
    scenario.spawned(101);
    expect(scenario.state.paced).toBe(false);
    expect(scenario.exited(101, 9)).toContain("spawn 2");
  });

  test("and the next time when the pause is over", () => {
    const scenario = start({ intervalMs: 0 });
    scenario.spawned(101);
    scenario.exited(101, 9);
    scenario.spawned(102);
    expect(scenario.exited(102, 9)).toEqual([
      '"worker 102 died unexpectedly with status:9, restarting"',
      "cancel settle restart forceRestart",
      "announce",
    ]);
    expect(scenario.timer("pace")).toEqual(["arm pace 100", "spawn 3"]);
  });

  test("after a deploy that took many tries: it is replaced at once all the same", () => {
    const scenario = serving();
    scenario.hup();
    for (let tries = 0; tries < 9; tries += 1) pauseAfterFailure(scenario);
    scenario.spawned(102);
    scenario.timer("prove");
    scenario.exited(101, 0);
    expect(scenario.state.paced).toBe(false);
    expect(scenario.exited(102, 9)).toContain("spawn 12");
  });

  test("while a failed deploy backs off: the next try must not wait, for nobody serves", () => {
    const scenario = deploying();
    scenario.exited(102, 256);
    expect(scenario.exited(101, 9)).toEqual([
      '"worker 101 died unexpectedly with status:9, restarting"',
      "arm pace 1000",
      "spawn 3",
      "announce",
    ]);
  });

  test("its replacement is no deploy: nobody is told, nothing is said", () => {
    const scenario = serving({}, { killOldDelaySeconds: 5 });
    scenario.exited(101, 9);
    scenario.spawned(102);
    expect(scenario.timer("prove")).toEqual([
      "arm settle 60000",
      "cancel restart forceRestart",
      "announce",
    ]);
    expect(scenario.state.deploys).toBe(0);
  });
});

describe("a minute of life", () => {
  test("has what failed before forgotten", () => {
    const scenario = start();
    for (let tries = 0; tries < 9; tries += 1) pauseAfterFailure(scenario);
    scenario.spawned(110);
    expect(scenario.timer("prove")).toContain("arm settle 60000");
    scenario.timer("settle");
    expect(scenario.state.failures).toBe(0);
    scenario.timer("pace");
    expect(scenario.exited(110, 9)).toContain("arm pace 1000");
  });

  test("is not waited for when nothing has failed", () => {
    expect(deploying().timer("prove").join()).not.toContain("settle");
  });

  test("is that of the new worker: a deploy does not let the old one settle", () => {
    const scenario = serving();
    scenario.exited(101, 9);
    scenario.spawned(102);
    scenario.timer("prove");
    expect(scenario.hup()).toContain("cancel settle");
  });
});
