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
import {
  afterAttempt,
  promote,
  restartIfDue,
  spawnNext,
  startDeploy,
  tellOld,
  tryFailed,
} from "./deploy.ts";
import { STRAYS_MS, onExited, onStraysSeen } from "./departure.ts";
import { tell } from "./generations.ts";
import { lines } from "./lines.ts";
import type { Effect, Event, SpawnFault, StopSignal, Timer } from "./messages.ts";
import { generationsOf, initialState, pidsOf } from "./state.ts";
import type { Generation, Settings, State } from "./state.ts";
import { exitIfEmpty, stop } from "./stop.ts";
import type { StepConfig, Turn } from "./turn.ts";
import { announce, arm, log, patch } from "./turn.ts";

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

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
