/** --kill-old-delay: the new worker serves, the old one waits; if the new one dies meanwhile, the old one stays. */
import { describe, expect, test } from "bun:test";
import { deployReport } from "../../src/supervisor/snapshot.ts";
import { deploying } from "./drive.ts";
import type { Scenario } from "./drive.ts";

/** Worker 102 is current, 101 is not told yet. */
function soaking(): Scenario {
  const scenario = deploying({}, { killOldDelaySeconds: 5 });
  scenario.timer("prove");
  return scenario;
}

test("the old worker is told when the delay is over", () => {
  const scenario = deploying({ signalOnHup: "QUIT" }, { killOldDelaySeconds: 5 });
  expect(scenario.timer("prove")).toEqual([
    "cancel restart forceRestart",
    "announce",
    '"new worker is now running, sending QUIT to old workers:101"',
    '"sleeping 5 secs before killing old workers"',
    "arm soak 5000",
  ]);
  expect(scenario.state.current?.number).toBe(2);
  expect(scenario.timer("soak")).toEqual(['"killing old workers"', "kill 101 QUIT", "announce"]);
});

test("that the delay is over is published, also when the old worker is gone already", () => {
  const scenario = soaking();
  scenario.exited(101, 0);
  expect(deployReport(scenario.state, 1).state).toBe("soaking");
  expect(scenario.timer("soak")).toEqual(['"killing old workers"', "announce"]);
  expect(deployReport(scenario.state, 1).state).toBe("current");
});

test("a HUP waits until the old worker has been told", () => {
  const scenario = soaking();
  expect(scenario.hup()).toEqual([
    '"received HUP while a deploy is under way, one more follows it"',
  ]);
  expect(scenario.timer("soak")).toEqual([
    '"killing old workers"',
    "kill 101 TERM",
    "announce",
    '"received HUP, spawning a new worker"',
    "cancel settle",
    "arm pace 1000",
    "spawn 3",
  ]);
});

test("nobody old: there is nothing to wait for", () => {
  const scenario = deploying({}, { killOldDelaySeconds: 5 });
  scenario.exited(101, 0);
  expect(scenario.timer("prove").slice(2)).toEqual([
    '"new worker is now running, sending TERM to old workers:none"',
    '"killing old workers"',
  ]);
});

describe("the new worker dies in the delay", () => {
  test("and the old one is current again; the deploy is tried again at its pace", () => {
    const scenario = soaking();
    expect(scenario.exited(102, 9)).toEqual([
      "cancel soak settle",
      '"worker 102 died unexpectedly with status:9, restarting"',
      '"new worker 102 died while the old ones waited, keeping 101"',
      "announce",
      "announce",
    ]);
    expect(scenario.state.current).toMatchObject({ number: 1, told: false });
    expect(scenario.state.lastFailure).toBe(
      "new worker 102 ended with status 9 while the old ones waited",
    );
    expect(scenario.timer("pace")).toEqual(["arm pace 1000", "spawn 3"]);
  });

  test("and its next try goes the same way, until one lives", () => {
    const scenario = soaking();
    scenario.exited(102, 9);
    scenario.timer("pace");
    scenario.spawned(103);
    expect(scenario.timer("prove").slice(-3)).toEqual([
      '"new worker is now running, sending TERM to old workers:101"',
      '"sleeping 5 secs before killing old workers"',
      "arm soak 5000",
    ]);
    expect(scenario.timer("soak")).toContain("kill 101 TERM");
    expect(scenario.state.failedTries).toBe(1);
  });

  test("and a HUP that came meanwhile is served at once", () => {
    const scenario = soaking();
    scenario.hup();
    expect(scenario.exited(102, 9).slice(-5)).toEqual([
      '"received HUP, spawning a new worker"',
      "cancel settle",
      "arm pace 1000",
      "spawn 3",
      "announce",
    ]);
    expect(scenario.state.current?.number).toBe(1);
  });

  test("and what it leaves behind is told to leave, for the old one serves", () => {
    const scenario = soaking();
    expect(scenario.exited(102, 9, [201]).slice(-4)).toEqual([
      '"worker 102 left processes that hold its sockets:201"',
      "arm strays 1000",
      "kill 201 TERM",
      "announce",
    ]);
  });

  test("after the old one: then it is a crash", () => {
    const scenario = soaking();
    scenario.exited(101, 0);
    expect(scenario.exited(102, 9)).toEqual([
      "cancel soak",
      '"worker 102 died unexpectedly with status:9, restarting"',
      "cancel settle restart forceRestart",
      "arm pace 1000",
      "spawn 3",
      "announce",
    ]);
  });

  test("after the old one and a HUP: then the deploy that was asked for replaces it", () => {
    const scenario = soaking();
    scenario.exited(101, 0);
    scenario.hup();
    expect(scenario.exited(102, 9)).toEqual([
      "cancel soak",
      '"worker 102 died unexpectedly with status:9, restarting"',
      "cancel settle restart forceRestart",
      '"received HUP, spawning a new worker"',
      "cancel settle",
      "arm pace 1000",
      "spawn 3",
      "announce",
    ]);
    expect(scenario.state.deployWanted).toBe(false);
  });
});
