/** Processes that outlive their worker and hold its sockets: named, waited for, told to leave in time. */
import { describe, expect, test } from "bun:test";
import { deploying, serving } from "./drive.ts";

describe("a current worker dies and leaves processes that serve on", () => {
  test("they are named, and not told before a successor is current", () => {
    const scenario = serving();
    expect(scenario.exited(101, 9, [201, 202])).toEqual([
      '"worker 101 died unexpectedly with status:9, restarting"',
      "cancel settle restart forceRestart",
      "arm pace 1000",
      "spawn 2",
      '"worker 101 left processes that hold its sockets:201,202"',
      "arm strays 1000",
      "announce",
    ]);
    scenario.spawned(102);
    expect(scenario.timer("prove")).toEqual([
      "arm settle 60000",
      "cancel restart forceRestart",
      "announce",
      '"sending TERM to processes that dead workers left:201,202"',
      "kill 201 TERM",
      "kill 202 TERM",
    ]);
    expect(scenario.exited(201, 0)).toEqual([
      '"process 201 that a dead worker left died, status:0"',
      "announce",
    ]);
    scenario.exited(202, 0);
    expect(scenario.state.leaving).toEqual([]);
  });

  test("while its successor proves itself: they are old workers of that deploy", () => {
    const scenario = deploying({}, { killOldDelaySeconds: 5 });
    expect(scenario.exited(101, 9, [201])).toEqual([
      '"old worker 101 died, status:9"',
      '"worker 101 left processes that hold its sockets:201"',
      "arm strays 1000",
      "announce",
    ]);
    expect(scenario.timer("prove").slice(2)).toEqual([
      '"new worker is now running, sending TERM to old workers:201"',
      '"sleeping 5 secs before killing old workers"',
      "arm soak 5000",
    ]);
    // Nobody to go back to: these have no worker.
    expect(scenario.exited(102, 9)).toContain("spawn 3");
    expect(scenario.state.current).toBeNull();
  });

  test("while a failed deploy backs off", () => {
    const scenario = deploying();
    scenario.exited(102, 256);
    expect(scenario.exited(101, 9, [201]).slice(-3)).toEqual([
      '"worker 101 left processes that hold its sockets:201"',
      "arm strays 1000",
      "announce",
    ]);
    expect(scenario.state.leaving).toMatchObject([{ number: 1, strays: [201], told: false }]);
  });
});

test("a candidate that fails has its processes told at once", () => {
  const scenario = deploying({ signalOnHup: "QUIT" });
  expect(scenario.exited(102, 256, [201])).toEqual([
    '"new worker 102 seems to have failed to start, exit status:256"',
    "cancel prove",
    "announce",
    '"worker 102 left processes that hold its sockets:201"',
    "arm strays 1000",
    "kill 201 QUIT",
    "announce",
  ]);
});

describe("an old worker that was told to leave goes before its children", () => {
  test("they are told, and not worth a word unless they stay", () => {
    const scenario = deploying();
    scenario.timer("prove");
    expect(scenario.exited(101, 0, [201, 202])).toEqual([
      '"old worker 101 died, status:0"',
      "arm strays 1000",
      "kill 201 TERM",
      "kill 202 TERM",
      "announce",
    ]);
    expect(scenario.exited(201, 0)).toEqual(["announce"]);
    expect(scenario.timer("strays")).toEqual(["inspect 202", "arm strays 1000"]);
    expect(scenario.holding([202], [202])).toEqual([
      '"processes that an old worker left still hold its sockets:202"',
    ]);
    expect(scenario.holding([202], [202])).toEqual([]);
    expect(scenario.exited(202, 0)).toEqual([
      '"process 202 that a dead worker left died, status:0"',
      "announce",
    ]);
    expect(scenario.timer("strays")).toEqual([]);
  });

  test("those who have let go of the sockets are forgotten", () => {
    const scenario = deploying();
    scenario.timer("prove");
    scenario.exited(101, 0, [201]);
    expect(scenario.holding([201], [])).toEqual(["announce"]);
    expect(scenario.state.leaving).toEqual([]);
  });

  test("children of theirs that come to light are told too", () => {
    const scenario = deploying();
    scenario.timer("prove");
    scenario.exited(101, 0, [201]);
    expect(scenario.exited(201, 0, [202]).slice(0, 2)).toEqual([
      "arm strays 1000",
      "kill 202 TERM",
    ]);
    expect(scenario.holding([202], [202, 203])).toEqual([
      '"processes that an old worker left still hold its sockets:202,203"',
      "kill 203 TERM",
      "announce",
    ]);
  });

  test("one that was reaped since it was looked at does not come back", () => {
    const scenario = deploying();
    scenario.timer("prove");
    scenario.exited(101, 0, [201, 202]);
    scenario.timer("strays");
    scenario.exited(201, 0);
    scenario.holding([201, 202], [201, 202]);
    expect(scenario.state.leaving).toMatchObject([{ strays: [202] }]);
  });
});

test("an old worker that dies in the delay before it is told leaves them untold", () => {
  const scenario = deploying({}, { killOldDelaySeconds: 5 });
  scenario.timer("prove");
  expect(scenario.exited(101, 0, [201])).toEqual([
    '"old worker 101 died, status:0"',
    '"worker 101 left processes that hold its sockets:201"',
    "arm strays 1000",
    "announce",
  ]);
  expect(scenario.timer("soak")).toEqual(['"killing old workers"', "kill 201 TERM", "announce"]);
});
