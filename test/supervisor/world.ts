/**
 * A model of the operating system around the core: what lives, which timers run, what has been asked of
 * it and is not answered yet. It says what may happen next, and what the core's effects do to it.
 *
 * It knows nothing of deploys: what the core must make of it is written in guarantees.ts.
 */
import type { Effect, Event, SpawnFault, Timer } from "../../src/supervisor/messages.ts";
import { deployReport, statusFile } from "../../src/supervisor/snapshot.ts";
import type { Settings, State } from "../../src/supervisor/state.ts";

export interface Process {
  readonly pid: number;
  readonly generation: number;
  readonly kind: "worker" | "stray";
  /** It was sent the signal to leave; asked to stop, everybody is sent one again. */
  readonly told: boolean;
}

export interface World {
  readonly processes: readonly Process[];
  /** Armed timers, and their delays. */
  readonly timers: ReadonlyMap<Timer, number>;
  /** The generation of the spawn in flight. */
  readonly spawning: number | null;
  /** Looks at strays that are not answered yet. */
  readonly looks: readonly (readonly number[])[];
  /** Generations that have been current, as far as something of them lives. */
  readonly served: readonly number[];
  readonly nextPid: number;
  /** What was published last. */
  readonly published: string | null;
  readonly exits: readonly number[];
}

export const emptyWorld: World = {
  processes: [],
  timers: new Map(),
  spawning: null,
  looks: [],
  served: [],
  nextPid: 101,
  published: null,
  exits: [],
};

/** How far the world goes: beyond it no process can be made. */
export interface Limits {
  readonly workers: number;
  readonly strays: number;
  /** The raw wait statuses that processes end with. */
  readonly statuses: readonly number[];
}

/** Success, exit code 1, SIGKILL. */
export const STATUSES: readonly number[] = [0, 256, 9];
const FAULTS: readonly SpawnFault[] = ["missing", "notExecutable", "transient"];

/** Every event that the operating system or an operator may deliver now. */
export function possibleEvents(world: World, limits: Limits, settings: Settings): Event[] {
  if (world.exits.length > 0) return [];
  const { processes, spawning, nextPid } = world;
  const [look] = world.looks;
  const count = (kind: Process["kind"]): number =>
    processes.filter((each) => each.kind === kind).length;
  const mayLeaveStray = count("stray") < limits.strays;
  const events: Event[] = [
    { type: "deployAsked" },
    { type: "stopAsked", signal: "TERM" },
    { type: "stopAsked", signal: "INT" },
    { type: "reopenAsked" },
    { type: "upgradeAsked" },
  ];
  if (spawning !== null) {
    if (count("worker") < limits.workers) {
      events.push({ type: "spawned", generation: spawning, pid: nextPid, settings });
    }
    for (const fault of FAULTS) {
      events.push({ type: "spawnFailed", generation: spawning, fault, reason: fault });
    }
  }
  for (const { pid } of processes) {
    for (const status of limits.statuses) {
      events.push({ type: "exited", pid, status, strays: [] });
      if (mayLeaveStray) events.push({ type: "exited", pid, status, strays: [nextPid] });
    }
  }
  for (const timer of world.timers.keys()) {
    // A look is answered before the next one is taken.
    if (timer !== "strays" || look === undefined) events.push({ type: "timerFired", timer });
  }
  if (look !== undefined) {
    events.push({ type: "straysSeen", of: look, holding: [] });
    // Also when one was reaped since the look was taken.
    events.push({ type: "straysSeen", of: look, holding: look });
    if (look.length > 1) events.push({ type: "straysSeen", of: look, holding: look.slice(1) });
    const alive = look.every((pid) => processes.some((each) => each.pid === pid));
    if (alive && mayLeaveStray) {
      events.push({ type: "straysSeen", of: look, holding: [...look, nextPid] });
    }
  }
  return events;
}

/** The world in which the event has happened and the core has not answered yet. */
export function happened(world: World, event: Event): World {
  const { processes, nextPid } = world;
  switch (event.type) {
    case "spawned": {
      const { pid, generation } = event;
      return { ...afterBirth(world, [{ pid, generation, kind: "worker" }]), spawning: null };
    }
    case "spawnFailed":
      return { ...world, spawning: null };
    case "exited": {
      const gone = processes.find((each) => each.pid === event.pid);
      const left = { ...world, processes: processes.filter((each) => each !== gone) };
      if (gone === undefined) return left;
      const { generation } = gone;
      return afterBirth(
        left,
        event.strays.map((pid) => ({ pid, generation, kind: "stray" })),
      );
    }
    case "straysSeen": {
      const { of, holding } = event;
      const generation = processes.find((each) => of.includes(each.pid))?.generation;
      const left = {
        ...world,
        looks: world.looks.slice(1),
        // Who holds no socket any more is none of ours, alive or not.
        processes: processes.filter(({ pid }) => !of.includes(pid) || holding.includes(pid)),
      };
      if (generation === undefined) return left;
      const found = holding.filter((pid) => !of.includes(pid) && pid >= nextPid);
      return afterBirth(
        left,
        found.map((pid) => ({ pid, generation, kind: "stray" })),
      );
    }
    case "timerFired": {
      const timers = new Map(world.timers);
      timers.delete(event.timer);
      return { ...world, timers };
    }
    case "deployAsked":
    case "stopAsked":
    case "reopenAsked":
    case "upgradeAsked":
      return world;
    default:
      return event satisfies never;
  }
}

/** The world after one effect of the core in `state`. Whether it made sense is not asked here. */
export function performed(world: World, effect: Effect, state: State): World {
  switch (effect.type) {
    case "spawn":
      return { ...world, spawning: effect.generation };
    case "kill":
      return {
        ...world,
        processes: world.processes.map((each) =>
          each.pid === effect.pid ? { ...each, told: true } : each,
        ),
      };
    case "arm":
      return { ...world, timers: new Map(world.timers).set(effect.timer, effect.delayMs) };
    case "cancel": {
      const timers = new Map(world.timers);
      timers.delete(effect.timer);
      return { ...world, timers };
    }
    case "inspectStrays":
      return { ...world, looks: [...world.looks, effect.pids] };
    case "exit":
      return { ...world, exits: [...world.exits, effect.code] };
    case "announce":
      return { ...world, published: publication(state) };
    case "log":
    case "reopenLog":
      return world;
    default:
      return effect satisfies never;
  }
}

const publications = new WeakMap<State, string>();

/** All that is published of a state. */
export function publication(state: State): string {
  const known = publications.get(state);
  if (known !== undefined) return known;
  const content = statusFile(state) + JSON.stringify(deployReport(state, 1));
  publications.set(state, content);
  return content;
}

function afterBirth(world: World, born: readonly Omit<Process, "told">[]): World {
  return {
    ...world,
    processes: [...world.processes, ...born.map((each) => ({ ...each, told: false }))],
    nextPid: Math.max(world.nextPid, ...born.map(({ pid }) => pid + 1)),
  };
}
