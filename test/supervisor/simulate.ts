/**
 * Long random walks: a world larger than the explorer's, on a virtual clock, with timers that fire in the
 * order of their times. A seed is a walk, the same on every machine.
 */
import type { Effect, Event, Timer } from "../../src/supervisor/messages.ts";
import type { Settings } from "../../src/supervisor/state.ts";
import { advance, begin } from "./guarantees.ts";
import type { Core, Move } from "./guarantees.ts";
import { watchPacing } from "./pacing.ts";
import { phaseOf, trace } from "./trace.ts";
import type { TracedMove } from "./trace.ts";
import { STATUSES, possibleEvents } from "./world.ts";
import type { World } from "./world.ts";

const LIMITS = { workers: 8, strays: 4, statuses: STATUSES };
/** Moves of a failed walk that are shown. */
const SHOWN_MOVES = 40;
/** Far more than any way to the end takes. */
const LONGEST_WAY = 500;

export interface Walk {
  /** The seed, the last moves and the broken rule, to be read by a person. */
  readonly failure: string | null;
  /** `phase: event` for each event that was delivered in each phase. */
  readonly reached: ReadonlySet<string>;
  readonly generations: number;
  /** The most workers that lived at one time. */
  readonly workers: number;
  readonly virtualMs: number;
}

/**
 * `moves` random events; then peace, in which a program that works must bring it to rest with one
 * generation; then a stop, which must bring it to its end.
 */
export function simulate(core: Core, seed: number, moves: number): Walk {
  const random = createRandom(seed);
  const pacing = watchPacing(core);
  const clock = createClock();
  const reached = new Set<string>();
  const last: TracedMove[] = [];
  let move: Move = begin(core);
  let count = 0;
  let workers = 0;
  let mood = ORDINARY;
  let failure: string | null = null;
  clock.observe(move.effects);
  note(null);

  function note(event: Event | null): void {
    last.push({ event, effects: move.effects, state: move.state });
    if (last.length > SHOWN_MOVES) last.shift();
    count += 1;
    if (move.problems.length > 0) fail(move.problems);
  }

  function fail(problems: readonly string[]): void {
    failure ??= `seed ${seed}, at ${clock.nowMs()} ms\n${trace(last, problems, count - last.length)}`;
  }

  function deliver(event: Event): void {
    const { state: before } = move;
    reached.add(`${phaseOf(before)}: ${event.type === "timerFired" ? event.timer : event.type}`);
    if (event.type === "timerFired") clock.fire(event.timer);
    const next = advance(core, move, event);
    clock.observe(next.effects);
    const problems = pacing(clock.nowMs(), before, event, next);
    move = { ...next, problems: [...next.problems, ...problems] };
    workers = Math.max(workers, move.world.processes.filter(isWorker).length);
    note(event);
  }

  /** Let nature take its course, until `done` or nothing more happens. */
  function follow(choose: (move: Move) => Event | null, done: (move: Move) => boolean): void {
    for (let way = 0; way < LONGEST_WAY && failure === null && !done(move); way += 1) {
      const event = choose(move);
      if (event === null) return;
      deliver(event);
    }
  }

  const isOver = ({ state }: Move): boolean => state.mode === "done";
  while (count < moves && failure === null && !isOver(move)) {
    if (random.pick(MOOD_CHANGES)) mood = random.pick(MOODS);
    deliver(randomEvent(random, clock, move.world, mood));
  }
  // Half of the walks are stopped in the middle of whatever goes on.
  if (move.state.mode === "running" && seed % 2 === 0) {
    follow(({ world }) => peacefulEvent(clock, world), isAtRest);
    if (!isAtRest(move)) fail(["left alone, it does not come to rest with one generation"]);
  }
  if (move.state.mode === "running") deliver({ type: "stopAsked", signal: "TERM" });
  follow(({ world }) => peacefulEvent(clock, world), isOver);
  if (!isOver(move)) fail(["asked to stop, it does not end though everybody leaves"]);
  return {
    failure,
    reached,
    generations: move.state.lastGeneration,
    workers,
    virtualMs: clock.nowMs(),
  };
}

function isAtRest({ state, world }: Move): boolean {
  return state.attempt.phase === "idle" && state.current !== null && world.processes.length === 1;
}

type Weights = Readonly<Record<Event["type"], number>>;

/** What a walk is made of: the weight of each kind of event among those that can come. */
const ORDINARY: Weights = {
  spawned: 40,
  spawnFailed: 2,
  straysSeen: 30,
  exited: 0.02,
  deployAsked: 1,
  reopenAsked: 0.1,
  upgradeAsked: 0.1,
  // A walk should be long.
  stopAsked: 0.0005,
  // By the clock alone.
  timerFired: 0,
};
/** For a while programs are good or bad, quick or slow to leave, and somebody cares or nobody does. */
const MOODS: readonly Weights[] = [
  ORDINARY,
  { ...ORDINARY, exited: 0.003 },
  { ...ORDINARY, exited: 0.2 },
  { ...ORDINARY, exited: 2 },
  { ...ORDINARY, exited: 2, deployAsked: 0.002 },
  { ...ORDINARY, spawnFailed: 200, deployAsked: 0.002 },
];
/** One in a hundred. */
const MOOD_CHANGES: readonly boolean[] = [true, ...Array<boolean>(99).fill(false)];
/** Settings as an envdir may have them at one spawn or the next. */
const KILL_OLD_DELAYS: readonly number[] = [0, 0, 1, 5, 90];
const AUTO_RESTARTS: readonly (number | null)[] = [null, null, 2, 30, 360];
const PLAIN: Settings = { killOldDelaySeconds: 0, autoRestartSeconds: null };
/** How long nothing happens, in ms. */
const LULLS: readonly number[] = [0, 0, 0, 1, 20, 150, 900, 4000, 70_000];

function randomEvent(random: Random, clock: Clock, world: World, mood: Weights): Event {
  const settings = {
    killOldDelaySeconds: random.pick(KILL_OLD_DELAYS),
    autoRestartSeconds: random.pick(AUTO_RESTARTS),
  };
  const lullMs = random.pick(LULLS);
  const due = clock.next();
  if (due !== null && due.atMs <= clock.nowMs() + lullMs) {
    return { type: "timerFired", timer: due.timer };
  }
  clock.pass(lullMs);
  const events = possibleEvents(world, LIMITS, settings);
  return random.weighted(events, ({ type }) => mood[type]);
}

/** Questions are answered, who was told to leave leaves, spawns succeed, and time passes. */
function peacefulEvent(clock: Clock, world: World): Event | null {
  const [look] = world.looks;
  if (look !== undefined) return { type: "straysSeen", of: look, holding: look.filter(alive) };
  if (world.spawning !== null) {
    const { spawning: generation, nextPid: pid } = world;
    return { type: "spawned", generation, pid, settings: PLAIN };
  }
  const leaving = world.processes.find(({ told }) => told);
  if (leaving !== undefined) return { type: "exited", pid: leaving.pid, status: 0, strays: [] };
  const due = clock.next();
  return due === null ? null : { type: "timerFired", timer: due.timer };

  function alive(pid: number): boolean {
    return world.processes.some((each) => each.pid === pid);
  }
}

function isWorker({ kind }: World["processes"][number]): boolean {
  return kind === "worker";
}

// ---- time ------------------------------------------------------------------------------------------

interface Clock {
  nowMs(): number;
  pass(ms: number): void;
  /** Whose time comes first; of two at the same time, who was armed first. */
  next(): { readonly timer: Timer; readonly atMs: number } | null;
  /** Go to its time, and disarm it. */
  fire(timer: Timer): void;
  observe(effects: readonly Effect[]): void;
}

function createClock(): Clock {
  let nowMs = 0;
  const due = new Map<Timer, number>();
  return {
    nowMs: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
    },
    next: () => {
      const [first] = [...due].toSorted(([, a], [, b]) => a - b);
      return first === undefined ? null : { timer: first[0], atMs: first[1] };
    },
    fire: (timer) => {
      nowMs = Math.max(nowMs, due.get(timer) ?? nowMs);
      due.delete(timer);
    },
    observe: (effects) => {
      for (const effect of effects) {
        if (effect.type !== "arm" && effect.type !== "cancel") continue;
        due.delete(effect.timer);
        if (effect.type === "arm") due.set(effect.timer, nowMs + effect.delayMs);
      }
    },
  };
}

// ---- chance ----------------------------------------------------------------------------------------

interface Random {
  pick<T>(choices: readonly T[]): T;
  weighted<T>(choices: readonly T[], weight: (choice: T) => number): T;
}

/** A linear congruential generator: its high bits are random enough to choose by. */
function createRandom(seed: number): Random {
  const MODULUS = 2 ** 32;
  let state = seed % MODULUS;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) % MODULUS;
    if (state < 0) state += MODULUS;
    return state / MODULUS;
  };
  // Seeds that are near each other begin alike.
  for (let turn = 0; turn < 10; turn += 1) next();
  const weighted = <T>(choices: readonly T[], weight: (choice: T) => number): T => {
    const total = choices.reduce((sum, choice) => sum + weight(choice), 0);
    let rest = next() * total;
    const found = choices.find((choice) => {
      rest -= weight(choice);
      return rest < 0;
    });
    return found ?? (choices.at(-1) as T);
  };
  return { pick: (choices) => weighted(choices, () => 1), weighted };
}
