/**
 * The explorer can fail: each core here is broken in one way, and the rule that it breaks is found, at the
 * end of a shortest trace.
 */
import { describe, expect, test } from "bun:test";
import type { Effect, Event } from "../../src/supervisor/messages.ts";
import { generationsOf } from "../../src/supervisor/state.ts";
import type { Generation, State } from "../../src/supervisor/state.ts";
import type { Step } from "../../src/supervisor/step.ts";
import { explore } from "./explore.ts";
import { createCore } from "./guarantees.ts";
import type { Core } from "./guarantees.ts";

const LIMITS = { workers: 3, strays: 1, statuses: [0] };
const plain = createCore();
const soaking = createCore({}, { killOldDelaySeconds: 5 });

/** What a broken core makes of the right answer. */
type Mutation = (right: Step, before: State, event: Event, core: Core) => Step;

/** What is wrong, with which core, the rule that says so, and how it comes about. */
const MUTANTS: readonly (readonly [wrong: string, core: Core, rule: string, Mutation])[] = [
  // Effects that are not there, or too often.
  [
    "signals nobody who is old",
    plain,
    "every live process is known, as it is",
    dropEffects(({ type }, { mode }) => type === "kill" && mode === "running"),
  ],
  [
    "signals twice",
    plain,
    "is told to leave twice",
    (right) => ({ ...right, effects: right.effects.flatMap(twice("kill")) }),
  ],
  [
    "sends INT on to the workers",
    plain,
    "is sent the wrong signal, INT",
    (right, _, event) =>
      event.type !== "stopAsked" || event.signal !== "INT"
        ? right
        : withEffects(right, (each) => (each.type === "kill" ? { ...each, signal: "INT" } : each)),
  ],
  [
    "spawns twice on a HUP in a back-off",
    plain,
    "a worker is spawned while another spawn is in flight",
    (right, { attempt }, { type }) =>
      type === "deployAsked" && attempt.phase === "waiting"
        ? { ...right, effects: right.effects.flatMap(twice("spawn")) }
        : right,
  ],
  [
    "spawns again when the back-off fires after a HUP has spawned",
    plain,
    "a worker is spawned while another spawn is in flight",
    (right, before, event, core) =>
      isTimer(event, "pace") && before.attempt.phase === "spawning"
        ? core.step({ ...before, attempt: { phase: "waiting" } }, event)
        : right,
  ],
  [
    "ends twice",
    plain,
    "the supervisor ends twice",
    (right) => ({ ...right, effects: right.effects.flatMap(twice("exit")) }),
  ],
  [
    "publishes nothing when a worker dies",
    plain,
    "what is published is true",
    (right, before, event) =>
      event.type === "exited" ? dropEffects(isAnnounce)(right, before, event, plain) : right,
  ],
  [
    "does not say that a delay is over",
    soaking,
    "what is published is true",
    (right, before, event) =>
      isTimer(event, "soak") ? dropEffects(isAnnounce)(right, before, event, plain) : right,
  ],

  // Timers.
  ["never ends a proof", plain, "a candidate is timed, nobody else", dropEffects(isArm("prove"))],
  ["never tries again", plain, "the next spawn is paced by a timer", dropEffects(isArm("pace"))],
  ["never ends a delay", soaking, "a soak is timed, nothing else", dropEffects(isArm("soak"))],
  ["never forgets", plain, "failures are forgotten one day", dropEffects(isArm("settle"))],
  ["looks at strays once", plain, "strays are looked after", dropEffects(isArm("strays"))],
  [
    "lets timers run on",
    plain,
    "the next spawn is paced by a timer",
    dropEffects(({ type }) => type === "cancel"),
  ],
  [
    "restarts automatically once",
    createCore({}, { autoRestartSeconds: 360 }),
    "the next automatic restart will come",
    (right, before, event, core) =>
      before.current === null ? right : dropEffects(isArm("restart"))(right, before, event, core),
  ],
  [
    "proves for ever",
    plain,
    "left alone with a program that works, it does not come to rest with one generation",
    (right, before, event, core) =>
      isTimer(event, "prove")
        ? { state: before, effects: [{ type: "arm", timer: "prove", delayMs: 1000 }] }
        : dropEffects(() => false)(right, before, event, core),
  ],

  // Who is current.
  [
    "takes a HUP for a proof",
    plain,
    "a current generation that lives was given up",
    (right, before, event, core) => {
      if (event.type !== "deployAsked" || before.attempt.phase !== "proving") return right;
      const promoted = core.step(before, { type: "timerFired", timer: "prove" });
      const { state, effects } = core.step(promoted.state, event);
      return {
        state,
        effects: [{ type: "cancel", timer: "prove" }, ...promoted.effects, ...effects],
      };
    },
  ],
  [
    "tells the old worker when the new one is spawned",
    plain,
    "is told to leave before a successor is current",
    (right, { current }, { type }) => {
      if (type !== "spawned" || current === null) return right;
      const kills = current.workers.map(({ pid }) => kill(pid));
      return {
        state: { ...right.state, current: { ...current, told: true } },
        effects: [...right.effects, ...kills],
      };
    },
  ],
  [
    "does not go back to the old worker that waits",
    soaking,
    "while a worker lives that has served and was not told to leave, somebody is current",
    (right, before, event) => {
      const { current, leaving } = right.state;
      if (event.type !== "exited" || before.attempt.phase !== "soaking" || current === null) {
        return right;
      }
      if (current.number === before.current?.number) return right;
      return withState(right, { current: null, leaving: [...leaving, current] });
    },
  ],
  [
    "goes back to a worker that has been told to leave",
    soaking,
    "the current generation is not told to leave",
    (right, { attempt }, { type }) =>
      type !== "exited" || attempt.phase !== "soaking" || right.state.current === null
        ? right
        : withState(right, { current: { ...right.state.current, told: true } }),
  ],

  // Processes and what is known of them.
  [
    "loses who is leaving when a worker dies",
    plain,
    "every live process is known, as it is",
    (right, _, { type }) =>
      type === "exited" ? withState(right, { leaving: right.state.leaving.slice(1) }) : right,
  ],
  [
    "forgets who has been told",
    plain,
    "every live process is known, as it is",
    (right) => withState(right, { leaving: right.state.leaving.map(untold) }),
  ],
  [
    "takes the dead for living",
    plain,
    "every live process is known, as it is",
    (right, before, { type }) =>
      type === "exited" ? withState(right, { leaving: before.leaving }) : right,
  ],
  [
    "overlooks what a dead worker left",
    plain,
    "every live process is known, as it is",
    (right, before, event, core) =>
      event.type === "exited" ? core.step(before, { ...event, strays: [] }) : right,
  ],
  [
    "tells what a dead worker left to leave while nobody else serves",
    plain,
    "which serves for a dead worker, is told to leave while nobody is current",
    (right, _, event) =>
      event.type !== "exited" || event.strays.length === 0 || right.state.mode !== "running"
        ? right
        : {
            state: {
              ...right.state,
              leaving: right.state.leaving.map((each) => ({ ...each, told: true })),
            },
            effects: [
              ...right.effects,
              ...event.strays
                .filter(() => generationsOf(right.state).some(({ told }) => !told))
                .map(kill),
            ],
          },
  ],

  // Requests.
  [
    "ignores a stop while a spawn is in flight",
    plain,
    "asked to stop, it does not",
    (right, before, { type }) =>
      type === "stopAsked" && before.attempt.phase === "spawning"
        ? { state: before, effects: [] }
        : right,
  ],
  [
    "stops without the worker that is being spawned",
    plain,
    "who waits for a spawn, waits for the one in flight",
    (right, _, { type }) =>
      type === "stopAsked" && right.state.mode === "stopping"
        ? withState(right, { attempt: { phase: "idle" } })
        : right,
  ],
  [
    "ends while workers leave",
    plain,
    "at the end nothing lives",
    (right, _, { type }) =>
      type === "stopAsked" && right.state.leaving.length > 0
        ? {
            state: { ...right.state, mode: "done" },
            effects: [...right.effects, { type: "exit", code: 0 }],
          }
        : right,
  ],
  [
    "never ends",
    plain,
    "who stops waits for somebody",
    (right, before) =>
      before.mode === "running" || right.state.mode !== "done"
        ? right
        : {
            state: { ...right.state, mode: "stopping" },
            effects: right.effects.filter(({ type }) => type !== "exit"),
          },
  ],
  [
    "deploys while stopping",
    plain,
    "a worker is spawned while stopping",
    (right, before, { type }) =>
      type === "deployAsked" && before.mode === "stopping"
        ? { ...right, effects: [{ type: "spawn", generation: before.lastGeneration + 1 }] }
        : right,
  ],
  [
    "drops a HUP that comes during a deploy",
    plain,
    "a deploy that was asked for is lost",
    (right) => withState(right, { deployWanted: false }),
  ],
  [
    "gives up a program that is missing at a deploy",
    plain,
    "it stops, but nobody asked",
    (right, before, event, core) =>
      event.type === "spawnFailed" ? core.step({ ...before, booted: false }, event) : right,
  ],
  [
    "takes a second stop for a change of mind",
    plain,
    "a supervisor that stops changes its mind",
    (right, before, { type }) =>
      type === "stopAsked" && before.mode === "stopping"
        ? withState(right, { stopSignal: "KILL" })
        : right,
  ],
];

describe("the explorer sees through a core that", () => {
  test.each(MUTANTS)("%s", (_, core, rule, mutation) => {
    const { failure } = explore(broken(core, mutation), LIMITS);
    expect(failure).toStartWith("0. boot -> ");
    expect(failure?.split("\n").filter((line) => line.startsWith("BROKEN: "))).toContainEqual(
      expect.stringContaining(rule),
    );
  });

  test("does nothing wrong", () => {
    expect(
      explore(
        broken(plain, (right) => right),
        LIMITS,
      ).failure,
    ).toBeNull();
  });
});

function broken(core: Core, mutation: Mutation): Core {
  return {
    ...core,
    step: (state, event) => mutation(core.step(state, event), state, event, core),
  };
}

function withState(right: Step, change: Partial<State>): Step {
  return { ...right, state: { ...right.state, ...change } };
}

function withEffects(right: Step, change: (effect: Effect) => Effect): Step {
  return { ...right, effects: right.effects.map(change) };
}

function dropEffects(isDropped: (effect: Effect, after: State) => boolean): Mutation {
  return ({ state, effects }) => ({
    state,
    effects: effects.filter((effect) => !isDropped(effect, state)),
  });
}

function twice(type: Effect["type"]): (effect: Effect) => Effect[] {
  return (effect) => (effect.type === type ? [effect, effect] : [effect]);
}

function isArm(timer: string): (effect: Effect) => boolean {
  return (effect) => effect.type === "arm" && effect.timer === timer;
}

function isAnnounce(effect: Effect): boolean {
  return effect.type === "announce";
}

function isTimer(event: Event, timer: string): boolean {
  return event.type === "timerFired" && event.timer === timer;
}

function kill(pid: number): Effect {
  return { type: "kill", pid, signal: "TERM" };
}

function untold(generation: Generation): Generation {
  return { ...generation, told: false };
}
