/**
 * The core and the world side by side: one step of both, and everything that must hold of it.
 *
 * The rules look at the world, not at the core's own bookkeeping: a core that loses a process or thinks
 * that it has armed a timer is found out.
 */
import { violations } from "../../src/supervisor/invariants.ts";
import type { Effect, Event, Timer } from "../../src/supervisor/messages.ts";
import { generationsOf, pidsOf } from "../../src/supervisor/state.ts";
import type { Settings, State } from "../../src/supervisor/state.ts";
import { boot, step } from "../../src/supervisor/step.ts";
import type { Step } from "../../src/supervisor/step.ts";
import type { StepConfig } from "../../src/supervisor/turn.ts";
import { emptyWorld, happened, performed, publication } from "./world.ts";
import type { World } from "./world.ts";

/** A configured core, or a broken one that the rules must see through. */
export interface Core {
  readonly config: StepConfig;
  readonly settings: Settings;
  readonly step: (state: State, event: Event) => Step;
}

export function createCore(
  config: Partial<StepConfig> = {},
  settings: Partial<Settings> = {},
): Core {
  const whole: StepConfig = {
    intervalMs: 1000,
    signalOnHup: "TERM",
    signalOnTerm: "TERM",
    waitForProgram: false,
    ...config,
  };
  return {
    config: whole,
    settings: { killOldDelaySeconds: 0, autoRestartSeconds: null, ...settings },
    step: (state, event) => step(whole, state, event),
  };
}

export interface Moment {
  readonly state: State;
  readonly world: World;
}

export interface Move extends Moment {
  readonly effects: readonly Effect[];
  /** The rules that were broken on the way here. */
  readonly problems: readonly string[];
}

export function begin(core: Core): Move {
  const { state, effects } = boot(core.config, core.settings);
  const world = effects.reduce((each, effect) => performed(each, effect, state), emptyWorld);
  return { state, world, effects, problems: brokenRules(state, world) };
}

export function advance(core: Core, before: Moment, event: Event): Move {
  const { state, effects } = core.step(before.state, event);
  const stops = before.state.mode === "running" && state.mode !== "running";
  const there = happened(before.world, event);
  let world = stops ? forgetTold(there) : there;
  const problems: string[] = [];
  for (const effect of effects) {
    problems.push(...brokenByEffect(core, before.state, state, world, effect));
    world = performed(world, effect, state);
  }
  world = { ...world, served: served(world, state) };
  problems.push(
    ...brokenRequest(core, before.state, event, state),
    ...brokenByMove(before, event, state, there),
    ...brokenRules(state, world),
  );
  return { state, world, effects, problems };
}

function brokenByEffect(
  { config }: Core,
  before: State,
  after: State,
  world: World,
  effect: Effect,
): string[] {
  if (before.mode === "done") return [`${effect.type} after the end`];
  if (effect.type === "exit" && world.exits.length > 0) return ["the supervisor ends twice"];
  if (effect.type === "spawn") {
    if (after.mode !== "running") return ["a worker is spawned while stopping"];
    return world.spawning === null ? [] : ["a worker is spawned while another spawn is in flight"];
  }
  if (effect.type !== "kill") return [];
  const { pid, signal } = effect;
  if (signal !== (after.mode === "running" ? config.signalOnHup : after.stopSignal)) {
    return [`${pid} is sent the wrong signal, ${signal}`];
  }
  const target = world.processes.find((each) => each.pid === pid);
  if (target === undefined) return [`${pid} is signalled, but does not live`];
  if (target.told) return [`${pid} is told to leave twice`];
  if (after.mode !== "running") return [];
  const { generation } = target;
  const works = world.processes.some(
    (each) => each.generation === generation && each.kind === "worker",
  );
  if (works && (after.current === null || after.current.number <= generation)) {
    return [`${pid} is told to leave before a successor is current`];
  }
  const toldBefore = generationsOf(before).some((each) => each.number === generation && each.told);
  if (world.served.includes(generation) && !toldBefore && after.current === null) {
    return [`${pid}, which serves for a dead worker, is told to leave while nobody is current`];
  }
  return [];
}

/** What was asked for happens, now or later, and once. */
function brokenRequest({ config }: Core, before: State, event: Event, after: State): string[] {
  if (before.mode !== "running") {
    return after.stopSignal === before.stopSignal && after.exitCode === before.exitCode
      ? []
      : ["a supervisor that stops changes its mind"];
  }
  if (event.type === "stopAsked") {
    const signal = event.signal === "INT" ? "TERM" : config.signalOnTerm;
    return after.mode !== "running" && after.stopSignal === signal && after.exitCode === 0
      ? []
      : ["asked to stop, it does not"];
  }
  if (after.mode !== "running") {
    const hopeless = event.type === "spawnFailed" && !before.booted && after.exitCode !== 0;
    return hopeless ? [] : ["it stops, but nobody asked"];
  }
  const wanted = before.deployWanted || event.type === "deployAsked";
  const begun = after.deploys - before.deploys;
  if (begun > 1) return ["two deploys begin at once"];
  return wanted && begun === 0 && !after.deployWanted
    ? ["a deploy that was asked for is lost"]
    : [];
}

/** A current generation that lives is replaced by nobody but a candidate that has proved itself. */
function brokenByMove(before: Moment, event: Event, after: State, world: World): string[] {
  const { current, attempt } = before.state;
  if (before.state.mode !== "running" || after.mode !== "running" || current === null) return [];
  const lives = world.processes.some(
    (each) => each.generation === current.number && each.kind === "worker",
  );
  if (!lives || after.current?.number === current.number) return [];
  const proved =
    (event.type === "timerFired" &&
      event.timer === "prove" &&
      attempt.phase === "proving" &&
      after.current?.number === attempt.candidate.number) ||
    (event.type === "spawned" && after.current?.number === event.generation);
  return proved ? [] : ["a current generation that lives was given up"];
}

function brokenRules(state: State, world: World): string[] {
  const found = violations(state);
  const must = (holds: boolean, rule: string): void => {
    if (!holds) found.push(rule);
  };
  const { mode, attempt, current, settings } = state;
  must(isKnown(world.processes, state), "every live process is known, as it is");
  must(
    (attempt.phase === "spawning" ? attempt.number : null) === world.spawning,
    "who waits for a spawn, waits for the one in flight",
  );
  must((mode === "done") === (world.exits.length === 1), "it ends when, and only when, it is done");

  const armed = (timer: Timer): boolean => world.timers.has(timer);
  const running = mode === "running";
  const { phase } = attempt;
  must(armed("prove") === (running && phase === "proving"), "a candidate is timed, nobody else");
  must(armed("pace") === (running && !state.paced), "the next spawn is paced by a timer");
  must(armed("soak") === (running && phase === "soaking"), "a soak is timed, nothing else");
  const settled = running && current !== null && (phase === "idle" || phase === "soaking");
  must(settled || !armed("settle"), "only a current worker that nobody replaces settles");
  must(!settled || state.failures === 0 || armed("settle"), "failures are forgotten one day");
  must(running || (!armed("restart") && !armed("forceRestart")), "who stops does not restart");
  must(
    !settled ||
      settings.autoRestartSeconds === null ||
      armed("restart") ||
      (state.restartOverdue && armed("forceRestart")),
    "the next automatic restart will come",
  );
  must(
    !running ||
      current !== null ||
      !world.processes.some(
        ({ kind, told, generation }) =>
          kind === "worker" && !told && world.served.includes(generation),
      ),
    "while a worker lives that has served and was not told to leave, somebody is current",
  );
  must(
    world.spawning !== null || world.published === publication(state),
    "what is published is true, unless more is to come at once",
  );
  const strays = world.processes.some((each) => each.kind === "stray");
  must(!strays || armed("strays"), "strays are looked after");
  return found;
}

// ---- helpers ---------------------------------------------------------------------------------------

/** Whether the core believes these processes to be what they are, and in no others. */
function isKnown(processes: World["processes"], state: State): boolean {
  const generations = generationsOf(state);
  const believed = generations.reduce((sum, each) => sum + pidsOf(each).length, 0);
  return (
    believed === processes.length &&
    processes.every(({ pid, generation, kind, told }) =>
      generations.some(
        (each) =>
          each.number === generation &&
          each.told === told &&
          (kind === "worker"
            ? each.workers.some((worker) => worker.pid === pid)
            : each.strays.includes(pid)),
      ),
    )
  );
}

/** On a stop everybody is told, also those who have been told already. */
function forgetTold(world: World): World {
  return { ...world, processes: world.processes.map((each) => ({ ...each, told: false })) };
}

function served(world: World, state: State): number[] {
  const numbers = new Set(world.served);
  if (state.current !== null) numbers.add(state.current.number);
  return [...numbers].filter((number) =>
    world.processes.some((each) => each.generation === number),
  );
}
