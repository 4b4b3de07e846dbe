/**
 * What must hold of the times at which workers are spawned, whatever happens: watched from outside, on a
 * virtual clock, with a count of failures of its own.
 */
import type { Event } from "../../src/supervisor/messages.ts";
import type { State } from "../../src/supervisor/state.ts";
import type { Core, Move } from "./guarantees.ts";

/** However short the interval is. */
const LEAST_MS = 100;
/** However many tries have failed, unless the interval is longer. */
const MOST_MS = 30_000;
const SETTLED_MS = 60_000;
/** Pauses of one interval, before they double. */
const PLAIN_PAUSES = 5;

/** @returns Called with every move, at its time: the rules that it breaks. */
export function watchPacing({
  config,
}: Core): (nowMs: number, before: State, event: Event, move: Move) => string[] {
  const baseMs = Math.max(config.intervalMs, LEAST_MS);
  let spawnedAtMs = 0;
  let failures = 0;
  /** When the current generation became current, while nobody is about to replace it. */
  let currentSinceMs: number | null = null;
  /** A current worker has died, and nothing has settled since. */
  let crashed = false;

  return (nowMs, before, event, { state, effects }) => {
    if (currentSinceMs !== null && nowMs - currentSinceMs >= SETTLED_MS) {
      failures = 0;
      crashed = false;
    }
    const deployed = state.deploys > before.deploys;
    const died = before.current !== null && state.current === null;
    const undisturbed = before.attempt.phase === "idle" || before.attempt.phase === "soaking";
    const waiting = before.attempt.phase === "waiting";
    const firstCrash = died && undisturbed && !crashed;
    if (died && undisturbed) {
      failures += 1;
      crashed = true;
    }
    if (hasFailed(before, state, event)) failures += 1;

    const problems: string[] = [];
    const spawns = effects.some(({ type }) => type === "spawn");
    const sinceMs = nowMs - spawnedAtMs;
    const pauseMs = Math.max(
      baseMs,
      Math.min(baseMs * 2 ** Math.max(0, failures - PLAIN_PAUSES), MOST_MS),
    );
    if (deployed) {
      failures = 0;
      crashed = false;
    } else if (state.mode === "running" && (firstCrash || (died && waiting))) {
      if (!spawns) problems.push("the first respawn after a crash is not immediate");
    } else if (spawns && sinceMs < pauseMs) {
      problems.push(`a try follows the last one after ${sinceMs} ms instead of ${pauseMs}`);
    }
    if (state.mode === "running" && state.attempt.phase === "waiting" && sinceMs > pauseMs) {
      problems.push(`no try follows the last one after ${sinceMs} ms instead of ${pauseMs}`);
    }
    if (spawns) spawnedAtMs = nowMs;

    const { phase } = state.attempt;
    if (state.current === null || (phase !== "idle" && phase !== "soaking")) currentSinceMs = null;
    else if (state.current.number !== before.current?.number) currentSinceMs = nowMs;
    return problems;
  };
}

/** A try ended without a generation that stays current. */
function hasFailed(before: State, after: State, event: Event): boolean {
  if (after.mode !== "running") return false;
  switch (before.attempt.phase) {
    case "spawning":
      return event.type === "spawnFailed";
    case "proving": {
      const { pid } = before.attempt.candidate.workers[0] ?? { pid: 0 };
      return event.type === "exited" && event.pid === pid;
    }
    case "soaking":
      // The old one is current again.
      return after.current !== null && after.current.number < (before.current?.number ?? 0);
    case "idle":
    case "waiting":
      return false;
    default:
      return before.attempt satisfies never;
  }
}
