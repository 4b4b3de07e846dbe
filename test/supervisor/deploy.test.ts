/** From the first worker to the next one: who is started, who becomes current, who is told to leave. */
import { describe, expect, test } from "bun:test";
import type { Event } from "../../src/supervisor/messages.ts";
import type { State } from "../../src/supervisor/state.ts";
import { deploying, linesOf, serving, start } from "./drive.ts";
import { createCore } from "./guarantees.ts";

describe("the first boot", () => {
  test("spawns generation 1", () => {
    expect(start().booted).toEqual(["arm pace 1000", "spawn 1"]);
  });

  test("waits for the interval, then the worker is current", () => {
    const scenario = start();
    expect(scenario.spawned(101)).toEqual([
      '"starting new worker 101"',
      "arm prove 1000",
      "announce",
    ]);
    expect(scenario.state.current).toBeNull();
    expect(scenario.timer("prove")).toEqual(["cancel restart forceRestart", "announce"]);
    expect(scenario.state.current?.workers).toEqual([{ pid: 101 }]);
  });

  test("without an interval takes the worker at once", () => {
    const scenario = start({ intervalMs: 0 });
    expect(scenario.spawned(101)).toEqual([
      '"starting new worker 101"',
      "cancel restart forceRestart",
      "announce",
    ]);
    expect(scenario.state.current?.number).toBe(1);
  });

  test("merges a HUP into a deploy that follows it", () => {
    const scenario = start();
    expect(scenario.hup()).toEqual([
      '"received HUP while a deploy is under way, one more follows it"',
    ]);
    scenario.spawned(101);
    expect(scenario.timer("prove")).toEqual([
      "cancel restart forceRestart",
      "announce",
      '"received HUP, spawning a new worker"',
      "cancel settle",
      "arm pace 1000",
      "spawn 2",
    ]);
    expect(scenario.state.current?.number).toBe(1);
  });

  test.each([
    ["missing", 127],
    ["notExecutable", 126],
  ] as const)("ends at once when the program is %s", (fault, code) => {
    expect(start().cannotSpawn(fault)).toEqual([
      `"cannot start new worker: it is ${fault}"`,
      "cancel prove pace soak settle restart forceRestart",
      "announce",
      `exit ${code}`,
    ]);
  });

  test("ends with that code after what an earlier try left behind is gone", () => {
    const scenario = start();
    scenario.spawned(101);
    scenario.exited(101, 256, [201]);
    scenario.timer("pace");
    expect(scenario.cannotSpawn("missing")).toEqual([
      '"cannot start new worker: it is missing"',
      "cancel prove pace soak settle restart forceRestart",
      "kill 201 TERM",
      "announce",
    ]);
    expect(scenario.stop()).toEqual([]);
    expect(scenario.exited(201, 15)).toEqual([
      '"process 201 that a dead worker left died, status:15"',
      "announce",
      "exit 127",
    ]);
  });

  test("tries again when the fault may heal, or when asked to wait for the program", () => {
    const transient = start();
    expect(transient.cannotSpawn("transient")).toEqual([
      '"cannot start new worker: it is transient"',
      "announce",
    ]);
    expect(transient.timer("pace")).toEqual(["arm pace 1000", "spawn 2"]);
    const patient = start({ waitForProgram: true });
    patient.cannotSpawn("missing");
    expect(patient.timer("pace")).toEqual(["arm pace 1000", "spawn 2"]);
  });
});

describe("a HUP", () => {
  test("spawns the next generation and leaves the current one alone", () => {
    const scenario = serving();
    expect(scenario.hup()).toEqual([
      '"received HUP, spawning a new worker"',
      "cancel settle",
      "arm pace 1000",
      "spawn 2",
    ]);
    expect(scenario.spawned(102)).toEqual([
      '"starting new worker 102"',
      "arm prove 1000",
      "announce",
    ]);
    expect(scenario.state.current?.number).toBe(1);
  });

  test("has the old worker told when the new one has lived for the interval", () => {
    const scenario = deploying({ signalOnHup: "QUIT" });
    expect(scenario.timer("prove")).toEqual([
      "cancel restart forceRestart",
      "announce",
      '"new worker is now running, sending QUIT to old workers:101"',
      '"killing old workers"',
      "kill 101 QUIT",
    ]);
    expect(scenario.exited(101, 0)).toEqual(['"old worker 101 died, status:0"', "announce"]);
    expect(scenario.state.leaving).toEqual([]);
  });

  test("changes nothing when the new worker dies: it is tried again", () => {
    const scenario = deploying();
    expect(scenario.exited(102, 256)).toEqual([
      '"new worker 102 seems to have failed to start, exit status:256"',
      "cancel prove",
      "announce",
      "announce",
    ]);
    expect(scenario.state.current?.number).toBe(1);
    expect(scenario.timer("pace")).toEqual(["arm pace 1000", "spawn 3"]);
  });

  test("changes nothing when the program has gone", () => {
    const scenario = serving();
    scenario.hup();
    expect(scenario.cannotSpawn("missing")).toEqual([
      '"cannot start new worker: it is missing"',
      "announce",
    ]);
    expect(scenario.state.mode).toBe("running");
    expect(scenario.state.current?.number).toBe(1);
  });

  test("does not cut a proof short: many become one more deploy", () => {
    const scenario = deploying();
    expect(scenario.hup()).toEqual([
      '"received HUP while a deploy is under way, one more follows it"',
    ]);
    expect(scenario.hup()).toEqual([]);
    expect(linesOf(scenario.timer("prove"))).toEqual([
      "new worker is now running, sending TERM to old workers:101",
      "killing old workers",
      "received HUP, spawning a new worker",
    ]);
    scenario.spawned(103);
    expect(linesOf(scenario.timer("prove"))).toEqual([
      "new worker is now running, sending TERM to old workers:102",
      "killing old workers",
    ]);
    expect(scenario.state.deploys).toBe(2);
  });

  test("that was merged follows a failed try at once", () => {
    const scenario = deploying();
    scenario.hup();
    expect(scenario.exited(102, 256)).toEqual([
      '"new worker 102 seems to have failed to start, exit status:256"',
      "cancel prove",
      "announce",
      '"received HUP, spawning a new worker"',
      "cancel settle",
      "arm pace 1000",
      "spawn 3",
      "announce",
    ]);
  });

  test("tells only those who have not been told yet", () => {
    const scenario = deploying();
    scenario.timer("prove");
    scenario.hup();
    scenario.spawned(103);
    expect(scenario.timer("prove").slice(2)).toEqual([
      '"new worker is now running, sending TERM to old workers:102"',
      '"killing old workers"',
      "kill 102 TERM",
    ]);
    expect(scenario.state.leaving.map(({ number }) => number)).toEqual([1, 2]);
  });
});

describe("the current worker dies while its successor", () => {
  test("proves itself: the successor goes on, and has nobody to tell", () => {
    const scenario = deploying();
    expect(scenario.exited(101, 9)).toEqual(['"old worker 101 died, status:9"', "announce"]);
    expect(scenario.timer("prove").slice(2)).toEqual([
      '"new worker is now running, sending TERM to old workers:none"',
      '"killing old workers"',
    ]);
  });

  test("is being spawned: the successor goes on", () => {
    const scenario = serving();
    scenario.hup();
    expect(scenario.exited(101, 9)).toEqual(['"old worker 101 died, status:9"', "announce"]);
    scenario.spawned(102);
    scenario.timer("prove");
    expect(scenario.state.current?.number).toBe(2);
  });
});

describe("a candidate of several processes", () => {
  const core = createCore();
  const withCandidate = (workers: readonly number[], strays: readonly number[]): State => ({
    ...deploying().state,
    attempt: {
      phase: "proving",
      candidate: {
        number: 2,
        workers: workers.map((pid) => ({ pid })),
        strays,
        told: false,
        straysLogged: true,
      },
    },
  });
  const exited = (pid: number): Event => ({ type: "exited", pid, status: 256, strays: [] });

  test("fails with the first worker that dies: the others must leave", () => {
    const { state, effects } = core.step(withCandidate([102, 103], []), exited(102));
    expect(effects).toContainEqual({ type: "kill", pid: 103, signal: "TERM" });
    expect(state.attempt.phase).toBe("waiting");
    expect(state.leaving).toMatchObject([{ number: 2, workers: [{ pid: 103 }], told: true }]);
  });

  test("goes on when a process without its worker dies", () => {
    const { state } = core.step(withCandidate([102], [201]), exited(201));
    expect(state.attempt).toMatchObject({
      phase: "proving",
      candidate: { workers: [{ pid: 102 }], strays: [] },
    });
  });
});

test("processes that nobody knows are ignored", () => {
  const scenario = deploying();
  const before = scenario.state;
  expect(scenario.exited(999, 0)).toEqual([]);
  expect(scenario.holding([999], [998])).toEqual([]);
  expect(scenario.state).toEqual(before);
});

test("a timer that fires late changes nothing", () => {
  const scenario = serving();
  expect(scenario.timer("prove")).toEqual([]);
  expect(scenario.timer("soak")).toEqual([]);
  expect(scenario.timer("forceRestart")).toEqual([]);
  expect(scenario.state.current?.number).toBe(1);
});

test("USR1 reopens the log and names everybody who keeps the old one", () => {
  const scenario = deploying();
  expect(scenario.send({ type: "reopenAsked" })).toEqual(["reopen log, kept by 102,101"]);
});

test("USR2 is kept for later", () => {
  expect(serving().send({ type: "upgradeAsked" })).toEqual([
    '"received USR2, which is kept for replacing start_server itself: ignored"',
  ]);
});
