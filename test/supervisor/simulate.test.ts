/** Thousands of random events in larger worlds, in virtual time: what the explorer is too small for. */
import { describe, expect, test } from "bun:test";
import type { Event, Timer } from "../../src/supervisor/messages.ts";
import type { State } from "../../src/supervisor/state.ts";
import type { Step } from "../../src/supervisor/step.ts";
import { createCore } from "./guarantees.ts";
import type { Core } from "./guarantees.ts";
import { simulate } from "./simulate.ts";
import type { Walk } from "./simulate.ts";

const SEEDS = 100;
const MOVES = 3000;

const CORES: readonly (readonly [name: string, core: Core])[] = [
  ["Perl's defaults", createCore()],
  ["no interval", createCore({ intervalMs: 0 })],
  ["half a second, a program to wait for", createCore({ intervalMs: 500, waitForProgram: true })],
  ["an interval above the longest pause", createCore({ intervalMs: 45_000 })],
];

describe("through thousands of random events all guarantees and pauses hold, then it comes to rest:", () => {
  test.each(CORES)("%s", (_, core) => {
    const walks: Walk[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const walk = simulate(core, seed, MOVES);
      expect(walk.failure).toBeNull();
      walks.push(walk);
    }
    // The walks went far enough to mean something.
    const reached = new Set(walks.flatMap((walk) => [...walk.reached]));
    const phases = [...reached].map((each) => each.replace(/: .*/, ""));
    expect(phases).toContain("soaking");
    expect(phases).toContain("waiting");
    expect(phases).toContain("stopping idle");
    expect(reached).toContain("idle: restart");
    expect(Math.max(...walks.map(({ workers }) => workers))).toBe(8);
    expect(Math.max(...walks.map(({ generations }) => generations))).toBeGreaterThan(100);
  });
});

test("a seed is one walk", () => {
  const [core] = CORES.map(([, each]) => each);
  if (core === undefined) throw new Error("no core");
  expect(simulate(core, 7, MOVES)).toEqual(simulate(core, 7, MOVES));
  expect(simulate(core, 7, MOVES)).not.toEqual(simulate(core, 8, MOVES));
});

type Mutation = (right: Step, before: State, event: Event) => Step;

const MUTANTS: readonly (readonly [wrong: string, rule: RegExp, Mutation])[] = [
  [
    "hurries",
    /a try follows the last one after \d+ ms instead of/,
    delayed("pace", (ms) => ms / 2),
  ],
  [
    "never slows down",
    /a try follows the last one after \d+ ms instead of 2000/,
    delayed("pace", () => 1000),
  ],
  [
    "is slow",
    /no try follows the last one after \d+ ms instead of 1000/,
    delayed("pace", (ms) => 2 * ms),
  ],
  [
    "slows down without a bound",
    /no try follows the last one after \d+ ms instead of 30000/,
    delayed("pace", (ms) => (ms === 30_000 ? 32_000 : ms)),
  ],
  [
    "remembers too long what failed",
    /no try follows the last one after \d+ ms instead of/,
    delayed("settle", (ms) => ms * 2),
  ],
  [
    "does not respawn at once",
    /the first respawn after a crash is not immediate/,
    (right, before, { type }) =>
      type === "exited" && before.current !== null && right.state.trigger === "respawn"
        ? {
            state: { ...right.state, attempt: { phase: "waiting" } },
            effects: right.effects.filter((effect) => effect.type !== "spawn"),
          }
        : right,
  ],
];

describe("the walks see through a core that", () => {
  test.each(MUTANTS)("%s", (_, rule, mutation) => {
    const right = createCore();
    const core: Core = {
      ...right,
      step: (state, event) => mutation(right.step(state, event), state, event),
    };
    const failures: string[] = [];
    for (let seed = 1; seed <= SEEDS && failures.length === 0; seed += 1) {
      const { failure } = simulate(core, seed, MOVES);
      if (failure !== null) failures.push(failure);
    }
    const [failure = "nothing is broken"] = failures;
    expect(failure).toMatch(/^seed \d+, at \d+ ms\n\d+\. /);
    expect(failure).toMatch(rule);
  });
});

function delayed(timer: Timer, change: (delayMs: number) => number): Mutation {
  return ({ state, effects }) => ({
    state,
    effects: effects.map((each) =>
      each.type === "arm" && each.timer === timer
        ? { ...each, delayMs: change(each.delayMs) }
        : each,
    ),
  });
}
