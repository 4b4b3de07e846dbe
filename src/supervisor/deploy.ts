/** The search for a new current generation, from its first spawn to the signal to the old ones. */
import { tellAll } from "./generations.ts";
import { lines } from "./lines.ts";
import { paceMs } from "./pace.ts";
import type { Generation, Trigger } from "./state.ts";
import { pidsOf } from "./state.ts";
import type { Turn } from "./turn.ts";
import { announce, arm, cancel, cancelAutoRestart, log, patch } from "./turn.ts";

/** A worker that has lived this long has settled: what failed before it is forgotten. */
const SETTLE_MS = 60_000;

export function spawnNext(turn: Turn): void {
  const number = turn.state.lastGeneration + 1;
  patch(turn, { attempt: { phase: "spawning", number }, lastGeneration: number, paced: false });
  arm(turn, "pace", paceMs(turn.config, turn.state.failures + 1));
  turn.effects.push({ type: "spawn", generation: number });
}

export function startDeploy(turn: Turn, line: string): void {
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

export function tryFailed(turn: Turn, reason: string): void {
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

export function promote(turn: Turn, candidate: Generation): void {
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

export function tellOld(turn: Turn): void {
  log(turn, "info", lines.killingOld());
  tellAll(turn, turn.config.signalOnHup);
}

/** What was put off while an attempt was under way. */
export function afterAttempt(turn: Turn): void {
  if (turn.state.deployWanted && turn.state.attempt.phase === "idle") {
    startDeploy(turn, lines.receivedHup());
  }
  restartIfDue(turn);
}

/** The automatic restart waits until nothing is under way and the old workers are gone. */
export function restartIfDue(turn: Turn): void {
  const { mode, restartOverdue, attempt, leaving, settings } = turn.state;
  if (mode !== "running" || !restartOverdue || settings.autoRestartSeconds === null) return;
  if (attempt.phase !== "idle" || leaving.length > 0) return;
  startDeploy(turn, lines.autoRestart(settings.autoRestartSeconds));
}
