/** The queue between the system and the core, with a system that is none: what is done, when, and in what order. */
import { expect, test } from "bun:test";
import { createInbox, run } from "../src/run.ts";
import type { Inbox } from "../src/run.ts";
import type { Event } from "../src/supervisor/messages.ts";
import type { StepConfig } from "../src/supervisor/turn.ts";
import type { State } from "../src/supervisor/state.ts";
import type { System } from "../src/system.ts";

const CONFIG: StepConfig = {
  intervalMs: 1000,
  signalOnHup: "TERM",
  signalOnTerm: "TERM",
  waitForProgram: false,
};
const SETTINGS = { killOldDelaySeconds: 0, autoRestartSeconds: null };

interface Rig {
  readonly inbox: Inbox;
  /** What the system was told to do, in order. */
  readonly done: string[];
  readonly log: string[];
  /** As published last. */
  readonly published: State[];
  readonly code: Promise<number>;
}

/** A system that works, where `faults` does not say otherwise. Pids begin at 101. */
function start(faults: Partial<System> = {}, config: StepConfig = CONFIG): Rig {
  const inbox = createInbox();
  const done: string[] = [];
  const log: string[] = [];
  const published: State[] = [];
  const works: System = {
    spawn: (generation) => ({
      type: "spawned",
      generation,
      pid: 100 + generation,
      settings: SETTINGS,
    }),
    kill: () => undefined,
    arm: () => undefined,
    cancel: () => undefined,
    announce: () => undefined,
    log: () => undefined,
    holding: (pids) => [...pids],
    reopenLog: () => undefined,
  };
  const system: System = { ...works, ...faults };
  const noted: System = {
    spawn: (generation) => {
      done.push(`spawn ${generation}`);
      return system.spawn(generation);
    },
    kill: (pid, signal) => {
      done.push(`kill ${pid} ${signal}`);
      system.kill(pid, signal);
    },
    arm: (timer, delayMs) => {
      done.push(`arm ${timer} ${delayMs}`);
      system.arm(timer, delayMs);
    },
    cancel: (timer) => {
      done.push(`cancel ${timer}`);
      system.cancel(timer);
    },
    announce: (state) => {
      done.push("announce");
      published.push(state);
      system.announce(state);
    },
    log: (level, message) => {
      done.push(`log ${message}`);
      log.push(message);
      system.log(level, message);
    },
    holding: (pids) => {
      done.push(`look at ${pids.join(",")}`);
      return system.holding(pids);
    },
    reopenLog: (workers) => {
      done.push(`reopen, kept by ${workers.join(",")}`);
      system.reopenLog(workers);
    },
  };
  return { inbox, done, log, published, code: run(config, SETTINGS, noted, inbox) };
}

const PROVED: Event = { type: "timerFired", timer: "prove" };
const STOP: Event = { type: "stopAsked", signal: "TERM" };
const exited = (pid: number, strays: readonly number[] = []): Event => ({
  type: "exited",
  pid,
  status: 0,
  strays,
});

function fails(): never {
  throw new Error("no luck");
}

test("boots at once, and what a spawn brings is the next event", () => {
  const { done } = start();
  expect(done).toEqual([
    "arm pace 1000",
    "spawn 1",
    "log starting new worker 101",
    "arm prove 1000",
    "announce",
  ]);
});

test("effects are performed in the order in which they were decided", () => {
  const { inbox, done } = start();
  inbox.push(PROVED);
  inbox.push({ type: "deployAsked" });
  done.length = 0;
  inbox.push(PROVED);
  expect(done).toEqual([
    "cancel restart",
    "cancel forceRestart",
    "announce",
    "log new worker is now running, sending TERM to old workers:101",
    "log killing old workers",
    "kill 101 TERM",
  ]);
});

test("the state is committed before its effects: what is published is what was decided", () => {
  const { inbox, published } = start();
  inbox.push(PROVED);
  expect(published.at(-1)?.current?.workers).toEqual([{ pid: 101 }]);
});

test("resolves with the code when the last worker has left", async () => {
  const { inbox, code, log } = start();
  inbox.push(STOP);
  inbox.push(exited(101));
  expect(await code).toBe(0);
  expect(log.at(-1)).toBe("exiting");
});

test("resolves with the code of a program that cannot be found, without waiting for anything", async () => {
  const { code } = start({
    spawn: (generation) => ({
      type: "spawnFailed",
      generation,
      fault: "missing",
      reason: "Cannot find program",
    }),
  });
  expect(await code).toBe(127);
});

test("nothing is done after the end", async () => {
  const { inbox, done, code } = start();
  inbox.push(STOP);
  inbox.push(exited(101));
  await code;
  done.length = 0;
  inbox.push({ type: "deployAsked" });
  inbox.push(STOP);
  expect(done).toEqual([]);
});

test("events that were there before it began are answered after the boot", () => {
  const inbox = createInbox();
  inbox.push({ type: "deployAsked" });
  inbox.push(STOP);
  const log: string[] = [];
  const nothing = (): undefined => undefined;
  void run(
    CONFIG,
    SETTINGS,
    {
      spawn: (generation) => ({ type: "spawned", generation, pid: 101, settings: SETTINGS }),
      kill: nothing,
      arm: nothing,
      cancel: nothing,
      announce: nothing,
      log: (_, message) => log.push(message),
      holding: () => [],
      reopenLog: nothing,
    },
    inbox,
  );
  expect(log).toEqual([
    "received HUP while a deploy is under way, one more follows it",
    "received TERM, sending TERM to all workers:",
    "starting new worker 101",
  ]);
});

test("an event that an effect brings waits until the other effects are performed", () => {
  const rig = start({
    kill: (pid) => {
      rig.inbox.push(exited(pid));
      rig.inbox.push({ type: "deployAsked" });
    },
  });
  rig.inbox.push(PROVED);
  rig.inbox.push({ type: "deployAsked" });
  rig.done.length = 0;
  rig.inbox.push(PROVED);
  expect(rig.done.slice(5)).toEqual([
    "kill 101 TERM",
    "log old worker 101 died, status:0",
    "announce",
    "log received HUP, spawning a new worker",
    "cancel settle",
    "arm pace 1000",
    "spawn 3",
    "log starting new worker 103",
    "arm prove 1000",
    "announce",
  ]);
});

test("strays are asked for, and the answer is an event", () => {
  const { inbox, done } = start({ holding: () => [] });
  inbox.push(PROVED);
  inbox.push(exited(101, [201]));
  done.length = 0;
  inbox.push({ type: "timerFired", timer: "strays" });
  expect(done).toEqual(["look at 201", "arm strays 1000", "announce"]);
});

test("USR1 reopens the log, and says who keeps the old one", () => {
  const { inbox, done } = start();
  done.length = 0;
  inbox.push({ type: "reopenAsked" });
  expect(done).toEqual(["reopen, kept by 101"]);
});

test.each([
  ["kill", { kill: fails }],
  ["cancel", { cancel: fails }],
  ["announce", { announce: fails }],
] as const)("a %s that throws is one line, and the others are performed", async (name, faults) => {
  const { inbox, done, log, code } = start(faults);
  inbox.push(PROVED);
  inbox.push({ type: "deployAsked" });
  done.length = 0;
  log.length = 0;
  inbox.push(PROVED);
  expect(log).toContain(`BUG: ${name} failed: no luck`);
  expect(done.filter((each) => !each.includes("BUG"))).toEqual([
    "cancel restart",
    "cancel forceRestart",
    "announce",
    "log new worker is now running, sending TERM to old workers:101",
    "log killing old workers",
    "kill 101 TERM",
  ]);
  inbox.push(exited(101));
  inbox.push(STOP);
  inbox.push(exited(102));
  expect(await code).toBe(0);
});

test("an error that is no Error is told too", () => {
  const { log } = start({
    arm: () => {
      // eslint-disable-next-line typescript/only-throw-error
      throw "a text";
    },
  });
  expect(log).toContain("BUG: arm failed: a text");
});

test("a spawn that throws is a try that failed: another follows", () => {
  const { inbox, done, log } = start({ spawn: fails });
  expect(log).toContain("BUG: spawn failed: no luck");
  done.length = 0;
  inbox.push({ type: "timerFired", timer: "pace" });
  expect(done).toContain("spawn 2");
});

test("an event without an answer is one line, and the next one is answered", () => {
  const { inbox, log, done } = start();
  log.length = 0;
  done.length = 0;
  const unreadable = {
    type: "exited",
    get pid(): number {
      throw new Error("no luck");
    },
  };
  inbox.push(unreadable as unknown as Event);
  expect(log).toEqual(["BUG: no answer to exited: no luck"]);
  inbox.push({ type: "reopenAsked" });
  expect(done.at(-1)).toBe("reopen, kept by 101");
});

test("a rule that a state breaks is one line, and stops nothing", async () => {
  // Two generations with one pid cannot be, and so nothing is prepared for it.
  const { inbox, log, code } = start({
    spawn: (generation) => ({ type: "spawned", generation, pid: 101, settings: SETTINGS }),
  });
  inbox.push(PROVED);
  log.length = 0;
  inbox.push({ type: "deployAsked" });
  expect(log).toEqual([
    "received HUP, spawning a new worker",
    "BUG: broken rule: a process belongs to one generation",
    "starting new worker 101",
  ]);
  inbox.push(STOP);
  inbox.push(exited(101));
  inbox.push(exited(101));
  expect(await code).toBe(0);
});
