/** Asked to stop: everybody is told once more, waited for, and the end is the code 0. */
import { describe, expect, test } from "bun:test";
import { deploying, serving, start } from "./drive.ts";

const CANCEL_ALL = "cancel prove pace soak settle restart forceRestart";

test("everybody is told, the last one who leaves ends it", () => {
  const scenario = serving();
  expect(scenario.stop()).toEqual([
    '"received TERM, sending TERM to all workers:101"',
    CANCEL_ALL,
    "kill 101 TERM",
    "announce",
  ]);
  expect(scenario.exited(101, 15)).toEqual([
    '"worker 101 died, status:15"',
    "announce",
    '"exiting"',
    "exit 0",
  ]);
  expect(scenario.state.mode).toBe("done");
});

test.each([
  ["TERM", "USR1"],
  ["QUIT", "USR1"],
  ["INT", "TERM"],
] as const)("%s sends the workers %s, with --signal-on-term=USR1", (received, sent) => {
  const scenario = serving({ signalOnTerm: "USR1" });
  expect(scenario.stop(received)).toEqual([
    `"received ${received}, sending ${sent} to all workers:101"`,
    CANCEL_ALL,
    `kill 101 ${sent}`,
    "announce",
  ]);
});

describe("everybody is:", () => {
  test("a candidate that proves itself", () => {
    expect(deploying().stop()).toEqual([
      '"received TERM, sending TERM to all workers:101,102"',
      CANCEL_ALL,
      "kill 102 TERM",
      "kill 101 TERM",
      "announce",
    ]);
  });

  test("an old worker that has been told before, pids sorted as text", () => {
    const scenario = serving();
    scenario.hup();
    scenario.spawned(99);
    scenario.timer("prove");
    expect(scenario.stop().slice(0, 4)).toEqual([
      '"received TERM, sending TERM to all workers:101,99"',
      CANCEL_ALL,
      "kill 99 TERM",
      "kill 101 TERM",
    ]);
  });

  test("an old worker that waits out --kill-old-delay", () => {
    const scenario = deploying({}, { killOldDelaySeconds: 5 });
    scenario.timer("prove");
    expect(scenario.stop()).toEqual([
      '"received TERM, sending TERM to all workers:101,102"',
      CANCEL_ALL,
      "kill 102 TERM",
      "kill 101 TERM",
      "announce",
    ]);
    expect(scenario.timer("soak")).toEqual([]);
    expect(scenario.exited(101, 0)).toEqual(['"worker 101 died, status:0"', "announce"]);
    expect(scenario.exited(102, 0).slice(2)).toEqual(['"exiting"', "exit 0"]);
  });

  test("a process that a dead worker left, and what comes to light of it", () => {
    const scenario = serving();
    scenario.stop("INT");
    expect(scenario.exited(101, 9, [201])).toEqual([
      '"worker 101 died, status:9"',
      "arm strays 1000",
      "kill 201 TERM",
      "announce",
    ]);
    expect(scenario.timer("strays")).toEqual(["inspect 201", "arm strays 1000"]);
    expect(scenario.holding([201], [201, 202])).toEqual([
      '"processes that an old worker left still hold its sockets:201,202"',
      "kill 202 TERM",
      "announce",
    ]);
    expect(scenario.holding([201, 202], [])).toEqual(["announce", '"exiting"', "exit 0"]);
  });

  test("nobody, in a back-off of the first boot", () => {
    const scenario = start();
    scenario.cannotSpawn("transient");
    expect(scenario.stop()).toEqual([
      '"received TERM, sending TERM to all workers:"',
      CANCEL_ALL,
      "announce",
      '"exiting"',
      "exit 0",
    ]);
  });
});

describe("a spawn that is in flight is awaited", () => {
  test("and its worker told to leave", () => {
    const scenario = start({ signalOnTerm: "QUIT" });
    expect(scenario.stop()).toEqual([
      '"received TERM, sending QUIT to all workers:"',
      CANCEL_ALL,
      "announce",
    ]);
    expect(scenario.spawned(101)).toEqual([
      '"starting new worker 101"',
      "kill 101 QUIT",
      "announce",
    ]);
    expect(scenario.exited(101, 3).slice(2)).toEqual(['"exiting"', "exit 0"]);
  });

  test("and may fail", () => {
    const scenario = serving();
    scenario.hup();
    scenario.stop();
    expect(scenario.exited(101, 0)).toEqual(['"worker 101 died, status:0"', "announce"]);
    expect(scenario.cannotSpawn("missing")).toEqual([
      '"cannot start new worker: it is missing"',
      '"exiting"',
      "exit 0",
    ]);
  });
});

test("who stops does not listen to HUP, and to a second signal neither", () => {
  const scenario = serving();
  scenario.stop();
  const { state } = scenario;
  expect(scenario.hup()).toEqual([]);
  expect(scenario.stop("INT")).toEqual([]);
  expect(scenario.stop("TERM")).toEqual([]);
  expect(scenario.state).toEqual(state);
});

test("a HUP that waits for its turn is forgotten", () => {
  const scenario = deploying();
  scenario.hup();
  scenario.stop();
  scenario.exited(102, 0);
  expect(scenario.exited(101, 0).slice(2)).toEqual(['"exiting"', "exit 0"]);
});

test("the log can still be reopened", () => {
  const scenario = serving();
  scenario.stop();
  expect(scenario.send({ type: "reopenAsked" })).toEqual(["reopen log, kept by 101"]);
});

test("nothing happens after the end", () => {
  const scenario = serving();
  scenario.stop();
  scenario.exited(101, 0);
  expect(scenario.hup()).toEqual([]);
  expect(scenario.stop()).toEqual([]);
  expect(scenario.timer("strays")).toEqual([]);
});
