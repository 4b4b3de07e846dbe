/**
 * The supervisor's decisions: `step(config, state, event)` answers every event in every state with the
 * next state and the effects that lead there. It performs nothing and knows no clock, process or file.
 *
 * What happens on a deploy, roughly:
 * 1. the next generation is spawned and must prove itself;
 * 2. it becomes current, and the status file says so;
 * 3. after --kill-old-delay the old generations are told to leave;
 * 4. a generation is gone when its last process is.
 * A try that fails changes nothing but the time of the next one.
 */
import { lines } from "./lines.ts";
import type { Effect, Event, Level, SpawnFault, StopSignal, Timer } from "./messages.ts";
import { generationsOf, initialState, pidsOf } from "./state.ts";
import type { Generation, Settings, State, Trigger } from "./state.ts";

export interface StepConfig {
  /** How long a new worker must live to be taken for good, and the least time between two tries. */
  readonly intervalMs: number;
  readonly signalOnHup: string;
  readonly signalOnTerm: string;
  /** Whether a program that cannot be found or run at the first boot is tried again for ever. */
  readonly waitForProgram: boolean;
}

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** However short --interval is, a failing program is not started more often than this. */
const MIN_PACE_MS = 100;
/** Tries at --interval before the pauses between them double. */
const TRIES_AT_INTERVAL = 5;
/** The longest pause between two tries, unless --interval itself is longer. */
const MAX_PACE_MS = 30_000;
/** A worker that has lived this long has settled: what failed before it is forgotten. */
const SETTLE_MS = 60_000;
/** How often processes without their worker are looked at, while there are any. */
const STRAYS_MS = 1_000;

/** The first step: spawn generation 1. */
export function boot(config: StepConfig, settings: Settings): Step {
  const turn: Turn = { config, state: { ...initialState, settings }, effects: [] };
  spawnNext(turn);
  return turn;
}

export function step(config: StepConfig, state: State, event: Event): Step {
  const turn: Turn = { config, state, effects: [] };
  if (state.mode === "done") return turn;
  switch (event.type) {
    case "spawned":
      onSpawned(turn, event.generation, event.pid, event.settings);
      break;
    case "spawnFailed":
      onSpawnFailed(turn, event.fault, event.reason);
      break;
    case "exited":
      onExited(turn, event.pid, event.status, event.strays);
      break;
    case "straysSeen":
      onStraysSeen(turn, event.of, event.holding);
      break;
    case "timerFired":
      onTimer(turn, event.timer);
      break;
    case "deployAsked":
      onDeployAsked(turn);
      break;
    case "stopAsked":
      onStopAsked(turn, event.signal);
      break;
    case "reopenAsked":
      turn.effects.push({ type: "reopenLog", workers: generationsOf(state).flatMap(pidsOf) });
      break;
    case "upgradeAsked":
      log(turn, "warn", lines.upgradeUnavailable());
      break;
    default:
      event satisfies never;
  }
  return { state: turn.state, effects: turn.effects };
}

/** The pause from the spawn of a try that failed as the `failures`-th to the next spawn. */
export function paceMs(config: StepConfig, failures: number): number {
  const base = Math.max(config.intervalMs, MIN_PACE_MS);
  if (failures <= TRIES_AT_INTERVAL) return base;
  const doubled = base * 2 ** Math.min(failures - TRIES_AT_INTERVAL, 20);
  return Math.max(base, Math.min(doubled, MAX_PACE_MS));
}

// ---- events ----------------------------------------------------------------------------------------

function onSpawned(turn: Turn, number: number, pid: number, settings: Settings): void {
  const { config, state } = turn;
  const generation: Generation = {
    number,
    workers: [{ pid }],
    strays: [],
    told: false,
    straysLogged: false,
  };
  log(turn, "info", lines.startingWorker(pid));
  if (state.mode === "stopping") {
    // It was on its way when the stop came: it must leave like the others.
    patch(turn, { attempt: { phase: "idle" }, leaving: [...state.leaving, generation] });
    tell(turn, number, state.stopSignal);
    announce(turn);
    return;
  }
  patch(turn, { settings });
  if (config.intervalMs === 0) {
    promote(turn, generation);
    return;
  }
  patch(turn, { attempt: { phase: "proving", candidate: generation } });
  arm(turn, "prove", config.intervalMs);
  announce(turn);
}

function onSpawnFailed(turn: Turn, fault: SpawnFault, reason: string): void {
  log(turn, "error", lines.cannotStart(reason));
  if (turn.state.mode === "stopping") {
    patch(turn, { attempt: { phase: "idle" } });
    exitIfEmpty(turn);
    return;
  }
  if (!turn.state.booted && fault !== "transient" && !turn.config.waitForProgram) {
    patch(turn, { attempt: { phase: "idle" } });
    stop(turn, turn.config.signalOnTerm, fault === "missing" ? 127 : 126);
    return;
  }
  tryFailed(turn, reason);
}

function onExited(turn: Turn, pid: number, status: number, strays: readonly number[]): void {
  const { state } = turn;
  const generation = generationsOf(state).find((each) => pidsOf(each).includes(pid));
  if (generation === undefined) return;
  const wasWorker = generation.workers.some((worker) => worker.pid === pid);
  const rest: Generation = {
    ...generation,
    workers: generation.workers.filter((worker) => worker.pid !== pid),
    strays: [...generation.strays.filter((stray) => stray !== pid), ...strays],
    // Children that outlive a master that was told to leave for a moment are no news.
    straysLogged: generation.straysLogged || (strays.length > 0 && !generation.told),
  };
  if (!wasWorker && rest.straysLogged) log(turn, "info", lines.strayDied(pid, status));
  if (wasWorker && state.mode === "stopping") log(turn, "info", lines.workerDied(pid, status));

  if (state.mode === "running" && wasWorker) workerDied(turn, rest, pid, status);
  else replaceGeneration(turn, rest);

  if (strays.length > 0) {
    if (!generation.told) log(turn, "warn", lines.leftBehind(pid, strays));
    arm(turn, "strays", STRAYS_MS);
    if (rest.told || turn.state.leaving.some((each) => each.number === rest.number && each.told)) {
      killAll(turn, strays, leaveSignal(turn));
    }
  }
  announce(turn);
  afterDeparture(turn);
}

/** A worker of `rest` died while nobody asked for it; `rest` is what remains of its generation. */
function workerDied(turn: Turn, rest: Generation, pid: number, status: number): void {
  const { state } = turn;
  if (state.attempt.phase === "proving" && state.attempt.candidate.number === rest.number) {
    log(turn, "warn", lines.failedToStart(pid, status));
    cancel(turn, "prove");
    discard(turn, rest);
    tryFailed(turn, `new worker ${pid} ended with status ${status}`);
    return;
  }
  if (state.current?.number !== rest.number) {
    log(turn, "info", lines.oldDied(pid, status));
    replaceGeneration(turn, rest);
    return;
  }
  currentDied(turn, rest, pid, status);
}

function currentDied(turn: Turn, rest: Generation, pid: number, status: number): void {
  const { phase } = turn.state.attempt;
  switch (phase) {
    case "spawning":
    case "proving":
      // The successor is on its way already.
      log(turn, "info", lines.oldDied(pid, status));
      patch(turn, { current: null });
      keepStrays(turn, rest);
      return;
    case "waiting":
      // The last try failed and now nobody serves: the next one must not wait out its back-off.
      log(turn, "warn", lines.diedUnexpectedly(pid, status));
      patch(turn, { current: null });
      keepStrays(turn, rest);
      spawnNext(turn);
      return;
    case "soaking": {
      const previous = turn.state.leaving.findLast((each) => !each.told && each.workers.length > 0);
      cancel(turn, "soak");
      if (previous === undefined) break;
      cancel(turn, "settle");
      log(turn, "warn", lines.diedUnexpectedly(pid, status));
      log(turn, "warn", lines.rolledBack(pid, pidsOf(previous)));
      patch(turn, {
        current: previous,
        leaving: turn.state.leaving.filter((each) => each !== previous),
      });
      discard(turn, rest);
      tryFailed(turn, `new worker ${pid} ended with status ${status} while the old ones waited`);
      return;
    }
    case "idle":
      break;
    default:
      phase satisfies never;
  }
  log(turn, "warn", lines.diedUnexpectedly(pid, status));
  // Tries that failed before this worker was deployed are no reason to leave nobody serving.
  const first = turn.state.failures === 0 || turn.state.trigger !== "respawn";
  const failures = turn.state.failures + 1;
  patch(turn, { current: null, trigger: "respawn", failures, attempt: { phase: "waiting" } });
  keepStrays(turn, rest);
  cancel(turn, "settle");
  cancelAutoRestart(turn);
  // The first respawn after a crash is immediate; after that, tries keep their distance.
  if (turn.state.deployWanted) startDeploy(turn, lines.receivedHup());
  else if (first || turn.state.paced) spawnNext(turn);
}

function onStraysSeen(turn: Turn, of: readonly number[], holding: readonly number[]): void {
  const generation = generationsOf(turn.state).find((each) =>
    each.strays.some((stray) => of.includes(stray)),
  );
  if (generation === undefined) return;
  // A pid that was reaped since the look is not in `strays` any more, and must not come back.
  const kept = generation.strays.filter((stray) => !of.includes(stray) || holding.includes(stray));
  const found = holding.filter((pid) => !of.includes(pid));
  const strays = [...kept, ...found];
  const news = strays.length > 0 && !generation.straysLogged;
  if (news) log(turn, "warn", lines.stillThere(strays));
  replaceGeneration(turn, {
    ...generation,
    strays,
    straysLogged: generation.straysLogged || news,
  });
  if (generation.told) killAll(turn, found, leaveSignal(turn));
  if (found.length === 0 && kept.length === generation.strays.length) return;
  announce(turn);
  afterDeparture(turn);
}

function onTimer(turn: Turn, timer: Timer): void {
  const { attempt, settings } = turn.state;
  switch (timer) {
    case "prove":
      if (attempt.phase === "proving") promote(turn, attempt.candidate);
      return;
    case "pace":
      patch(turn, { paced: true });
      if (attempt.phase === "waiting") spawnNext(turn);
      return;
    case "soak":
      if (attempt.phase !== "soaking") return;
      patch(turn, { attempt: { phase: "idle" } });
      tellOld(turn);
      announce(turn);
      afterAttempt(turn);
      return;
    case "settle":
      patch(turn, { failures: 0 });
      return;
    case "restart":
      patch(turn, { restartOverdue: true });
      restartIfDue(turn);
      return;
    case "forceRestart":
      if (settings.autoRestartSeconds === null) return;
      // While the old ones have not even been told, forcing waits for another interval.
      if (attempt.phase === "soaking") arm(turn, timer, settings.autoRestartSeconds * 1000);
      if (attempt.phase !== "idle") return;
      startDeploy(turn, lines.forcedAutoRestart(settings.autoRestartSeconds));
      return;
    case "strays": {
      const withStrays = generationsOf(turn.state).filter((each) => each.strays.length > 0);
      for (const each of withStrays)
        turn.effects.push({ type: "inspectStrays", pids: each.strays });
      if (withStrays.length > 0) arm(turn, "strays", STRAYS_MS);
      return;
    }
    default:
      timer satisfies never;
  }
}

function onDeployAsked(turn: Turn): void {
  const { mode, attempt, deployWanted } = turn.state;
  if (mode !== "running") return;
  switch (attempt.phase) {
    case "idle":
    case "waiting":
      startDeploy(turn, lines.receivedHup());
      return;
    case "spawning":
    case "proving":
    case "soaking":
      if (!deployWanted) log(turn, "info", lines.hupMerged());
      patch(turn, { deployWanted: true });
      return;
    default:
      attempt satisfies never;
  }
}

function onStopAsked(turn: Turn, signal: StopSignal): void {
  if (turn.state.mode !== "running") return;
  const stopSignal = signal === "INT" ? "TERM" : turn.config.signalOnTerm;
  const everybody = generationsOf(turn.state).flatMap(pidsOf);
  log(turn, "info", lines.stopping(signal, stopSignal, everybody));
  stop(turn, stopSignal, 0);
}

// ---- transitions -----------------------------------------------------------------------------------

function spawnNext(turn: Turn): void {
  const number = turn.state.lastGeneration + 1;
  patch(turn, { attempt: { phase: "spawning", number }, lastGeneration: number, paced: false });
  arm(turn, "pace", paceMs(turn.config, turn.state.failures + 1));
  turn.effects.push({ type: "spawn", generation: number });
}

function startDeploy(turn: Turn, line: string): void {
  const { deploys } = turn.state;
  log(turn, "info", line);
  cancel(turn, "settle");
  patch(turn, {
    trigger: "deploy",
    deployWanted: false,
    deploys: deploys + 1,
    failures: 0,
    failedTries: 0,
    lastFailure: null,
    restartOverdue: false,
  });
  spawnNext(turn);
}

function tryFailed(turn: Turn, reason: string): void {
  const { failures, failedTries, deployWanted, paced } = turn.state;
  patch(turn, {
    attempt: { phase: "waiting" },
    failures: failures + 1,
    failedTries: failedTries + 1,
    lastFailure: reason,
  });
  announce(turn);
  if (deployWanted) startDeploy(turn, lines.receivedHup());
  else if (paced) spawnNext(turn);
}

function promote(turn: Turn, candidate: Generation): void {
  const { current, leaving, trigger, failures, settings } = turn.state;
  patch(turn, {
    attempt: { phase: "idle" },
    current: candidate,
    leaving: current === null ? leaving : [...leaving, current],
    booted: true,
    restartOverdue: false,
  });
  if (failures > 0) arm(turn, "settle", SETTLE_MS);
  if (settings.autoRestartSeconds === null) cancelAutoRestart(turn);
  else {
    arm(turn, "restart", settings.autoRestartSeconds * 1000);
    arm(turn, "forceRestart", settings.autoRestartSeconds * 2000);
  }
  announce(turn);
  retireOld(turn, trigger);
  afterAttempt(turn);
}

/** A new generation serves: those before it must leave, now or after --kill-old-delay. */
function retireOld(turn: Turn, trigger: Trigger): void {
  const { signalOnHup } = turn.config;
  const { killOldDelaySeconds } = turn.state.settings;
  const untold = turn.state.leaving.filter((each) => !each.told).flatMap(pidsOf);
  switch (trigger) {
    case "boot":
    case "respawn":
      if (untold.length === 0) return;
      log(turn, "info", lines.tellingStrays(signalOnHup, untold));
      tellAll(turn, signalOnHup);
      return;
    case "deploy":
      log(turn, "info", lines.nowRunning(signalOnHup, untold));
      if (untold.length > 0 && killOldDelaySeconds > 0) {
        log(turn, "info", lines.sleeping(killOldDelaySeconds));
        patch(turn, { attempt: { phase: "soaking" } });
        arm(turn, "soak", killOldDelaySeconds * 1000);
        return;
      }
      tellOld(turn);
      return;
    default:
      trigger satisfies never;
  }
}

function tellOld(turn: Turn): void {
  log(turn, "info", lines.killingOld());
  tellAll(turn, turn.config.signalOnHup);
}

/** What was put off while an attempt was under way. */
function afterAttempt(turn: Turn): void {
  if (turn.state.deployWanted && turn.state.attempt.phase === "idle") {
    startDeploy(turn, lines.receivedHup());
  }
  restartIfDue(turn);
}

/** A process is gone: what waited for that? */
function afterDeparture(turn: Turn): void {
  exitIfEmpty(turn);
  restartIfDue(turn);
}

/** The automatic restart waits until nothing is under way and the old workers are gone. */
function restartIfDue(turn: Turn): void {
  const { mode, restartOverdue, attempt, leaving, settings } = turn.state;
  if (mode !== "running" || !restartOverdue || settings.autoRestartSeconds === null) return;
  if (attempt.phase !== "idle" || leaving.length > 0) return;
  startDeploy(turn, lines.autoRestart(settings.autoRestartSeconds));
}

function stop(turn: Turn, stopSignal: string, exitCode: number): void {
  const { attempt } = turn.state;
  const everybody = generationsOf(turn.state);
  patch(turn, {
    mode: "stopping",
    stopSignal,
    exitCode,
    current: null,
    leaving: everybody.map((each) => ({ ...each, told: true })),
    // A spawn in flight is awaited: what it brings must be told to leave too.
    attempt: attempt.phase === "spawning" ? attempt : { phase: "idle" },
    deployWanted: false,
    restartOverdue: false,
  });
  for (const timer of ["prove", "pace", "soak", "settle"] as const) cancel(turn, timer);
  cancelAutoRestart(turn);
  killAll(turn, everybody.flatMap(pidsOf), stopSignal);
  announce(turn);
  exitIfEmpty(turn);
}

function exitIfEmpty(turn: Turn): void {
  const { mode, attempt, exitCode } = turn.state;
  if (mode !== "stopping" || attempt.phase === "spawning") return;
  if (generationsOf(turn.state).length > 0) return;
  patch(turn, { mode: "done" });
  if (exitCode === 0) log(turn, "info", lines.exiting());
  turn.effects.push({ type: "exit", code: exitCode });
}

// ---- generations -----------------------------------------------------------------------------------

/** A failed generation: whatever is left of it must go at once. */
function discard(turn: Turn, rest: Generation): void {
  const pids = pidsOf(rest);
  patch(turn, { attempt: { phase: "idle" } });
  if (pids.length === 0) return;
  patch(turn, { leaving: [...turn.state.leaving, { ...rest, told: true }] });
  killAll(
    turn,
    rest.workers.map((worker) => worker.pid),
    turn.config.signalOnHup,
  );
}

/** The current generation's workers are dead; processes they left serve on until a successor does. */
function keepStrays(turn: Turn, rest: Generation): void {
  if (pidsOf(rest).length === 0) return;
  patch(turn, { leaving: [...turn.state.leaving, { ...rest, told: false }] });
}

/** Put `next` in the place of the generation with its number, or remove it when nothing lives. */
function replaceGeneration(turn: Turn, next: Generation): void {
  const { attempt, current, leaving } = turn.state;
  const others = leaving.flatMap((each) => {
    if (each.number !== next.number) return [each];
    return pidsOf(next).length > 0 ? [next] : [];
  });
  patch(turn, {
    leaving: others,
    current: current?.number === next.number ? next : current,
    attempt:
      attempt.phase === "proving" && attempt.candidate.number === next.number
        ? { ...attempt, candidate: next }
        : attempt,
  });
}

function tellAll(turn: Turn, signal: string): void {
  for (const each of turn.state.leaving) if (!each.told) tell(turn, each.number, signal);
}

function tell(turn: Turn, number: number, signal: string): void {
  const generation = turn.state.leaving.find((each) => each.number === number);
  if (generation === undefined) return;
  replaceGeneration(turn, { ...generation, told: true });
  killAll(turn, pidsOf(generation), signal);
}

// ---- effects ---------------------------------------------------------------------------------------

/** One call of `step`: the state as decided so far, and what has to be done for it. */
interface Turn {
  readonly config: StepConfig;
  state: State;
  readonly effects: Effect[];
}

function patch(turn: Turn, change: Partial<State>): void {
  turn.state = { ...turn.state, ...change };
}

function leaveSignal(turn: Turn): string {
  return turn.state.mode === "stopping" ? turn.state.stopSignal : turn.config.signalOnHup;
}

function killAll(turn: Turn, pids: readonly number[], signal: string): void {
  for (const pid of pids) turn.effects.push({ type: "kill", pid, signal });
}

function log(turn: Turn, level: Level, message: string): void {
  turn.effects.push({ type: "log", level, message });
}

function arm(turn: Turn, timer: Timer, delayMs: number): void {
  turn.effects.push({ type: "arm", timer, delayMs });
}

function cancel(turn: Turn, timer: Timer): void {
  turn.effects.push({ type: "cancel", timer });
}

function cancelAutoRestart(turn: Turn): void {
  cancel(turn, "restart");
  cancel(turn, "forceRestart");
}

function announce(turn: Turn): void {
  turn.effects.push({ type: "announce" });
}
