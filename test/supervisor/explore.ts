/**
 * Breadth-first exploration of everything that can happen to a core: in every reachable state each event
 * that the world could deliver. Breadth-first, so that a failure's trace is a shortest one.
 *
 * The graph is finite because the world is bounded, and because states that differ only in pids,
 * generation numbers and counters are one state.
 */
import type { Event } from "../../src/supervisor/messages.ts";
import { generationsOf } from "../../src/supervisor/state.ts";
import type { Generation } from "../../src/supervisor/state.ts";
import { advance, begin } from "./guarantees.ts";
import type { Core, Moment, Move } from "./guarantees.ts";
import { phaseOf, trace } from "./trace.ts";
import { possibleEvents } from "./world.ts";
import type { Limits } from "./world.ts";

export interface Exploration {
  readonly states: number;
  /** `phase: event` for each event that was delivered in each phase. */
  readonly reached: ReadonlySet<string>;
  /** The shortest trace to a broken rule, to be read by a person. */
  readonly failure: string | null;
}

interface Node extends Move {
  readonly event: Event | null;
  readonly parent: Node | null;
}

export function explore(core: Core, limits: Limits): Exploration {
  const start: Node = { ...begin(core), event: null, parent: null };
  const queue: Node[] = [start];
  const seen = new Set([canonical(start)]);
  const reached = new Set<string>();
  const end = (failure: string | null): Exploration => ({ states: seen.size, reached, failure });
  if (start.problems.length > 0) return end(wayTo(start));
  for (const node of queue) {
    for (const event of possibleEvents(node.world, limits, core.settings)) {
      reached.add(`${phaseOf(node.state)}: ${kindOf(event)}`);
      const next: Node = { ...advance(core, node, event), event, parent: node };
      if (next.problems.length > 0) return end(wayTo(next));
      const key = canonical(next);
      if (seen.has(key)) continue;
      seen.add(key);
      const outcome = next.state.mode === "running" ? settle(core, next) : die(core, next);
      if (outcome.problems.length > 0) return end(wayTo(outcome));
      queue.push(next);
    }
  }
  return end(null);
}

/** Left alone with a program that works, it must come to rest with one generation. */
function settle(core: Core, from: Node): Node {
  const helpful = ({ state, world }: Moment): Event | null => {
    const [look] = world.looks;
    if (look !== undefined) return { type: "straysSeen", of: look, holding: look };
    const { spawning, nextPid, timers } = world;
    const { settings } = core;
    if (spawning !== null) return { type: "spawned", generation: spawning, pid: nextPid, settings };
    const told = world.processes.find((each) => each.told);
    if (told !== undefined) return { type: "exited", pid: told.pid, status: 0, strays: [] };
    const timer = (["prove", "pace", "soak"] as const).find((each) => timers.has(each));
    return timer === undefined || state.attempt.phase === "idle"
      ? null
      : { type: "timerFired", timer };
  };
  return follow(core, from, helpful, ({ state, world }) =>
    state.current !== null && world.processes.length === 1
      ? null
      : "left alone with a program that works, it does not come to rest with one generation",
  );
}

/** When everybody dies, a supervisor that was asked to stop must end. */
function die(core: Core, from: Node): Node {
  const deadly = ({ world }: Moment): Event | null => {
    const [look] = world.looks;
    if (look !== undefined) return { type: "straysSeen", of: look, holding: [] };
    const { spawning, nextPid } = world;
    const { settings } = core;
    if (spawning !== null) return { type: "spawned", generation: spawning, pid: nextPid, settings };
    const [process] = world.processes;
    return process === undefined
      ? null
      : { type: "exited", pid: process.pid, status: 9, strays: [] };
  };
  return follow(core, from, deadly, ({ state }) =>
    state.mode === "done" ? null : "everybody is dead, but a supervisor asked to stop goes on",
  );
}

/** Longer than any way to rest in a bounded world. */
const LONGEST_WAY = 60;

function follow(
  core: Core,
  from: Node,
  choose: (moment: Moment) => Event | null,
  judge: (moment: Moment) => string | null,
): Node {
  let node = from;
  for (let way = 0; way < LONGEST_WAY; way += 1) {
    const event = choose(node);
    if (event === null) break;
    node = { ...advance(core, node, event), event, parent: node };
    if (node.problems.length > 0) return node;
  }
  const problem = judge(node);
  return problem === null ? node : { ...node, problems: [problem] };
}

// ---- one state, whatever its numbers ---------------------------------------------------------------

function canonical({ state, world }: Moment): string {
  const generations = generationsOf(state);
  const untold = generations.filter((each) => !each.told);
  const age = untold.map((each) => each.number).toSorted((a, b) => a - b);
  const inLook = (pid: number): number => world.looks.findIndex((look) => look.includes(pid));
  const shape = ({ workers, strays }: Generation): string =>
    `${workers.length}${strays
      .map(inLook)
      .toSorted((a, b) => a - b)
      .join("")}`;
  const { attempt, failures } = state;
  return [
    state.mode,
    state.stopSignal,
    state.exitCode,
    attempt.phase,
    state.trigger,
    Math.min(failures, 2),
    state.current === null,
    state.deployWanted,
    state.paced,
    state.booted,
    state.restartOverdue,
    [...world.timers.keys()].toSorted(),
    world.looks.length,
    // Who has been told is waited for; which of them is the older makes no difference.
    generations
      .filter((each) => each.told)
      .map(shape)
      .toSorted(),
    untold.map((each) => {
      const served = world.served.includes(each.number);
      return `${age.indexOf(each.number)}${served ? "s" : ""}${shape(each)}`;
    }),
  ].join(" ");
}

function kindOf(event: Event): string {
  return event.type === "timerFired" ? event.timer : event.type;
}

// ---- traces ----------------------------------------------------------------------------------------

function wayTo(last: Node): string {
  const nodes: Node[] = [];
  for (let node: Node | null = last; node !== null; node = node.parent) nodes.unshift(node);
  return trace(nodes, last.problems);
}
