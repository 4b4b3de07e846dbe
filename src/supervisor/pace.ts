/** How fast failing tries may follow each other. */
import type { StepConfig } from "./turn.ts";

/** However short --interval is, a failing program is not started more often than this. */
const MIN_PACE_MS = 100;
/** Tries at --interval before the pauses between them double. */
const TRIES_AT_INTERVAL = 5;
/** The longest pause between two tries, unless --interval itself is longer. */
const MAX_PACE_MS = 30_000;

/** The pause from the spawn of a try that failed as the `failures`-th to the next spawn. */
export function paceMs(config: StepConfig, failures: number): number {
  const base = Math.max(config.intervalMs, MIN_PACE_MS);
  if (failures <= TRIES_AT_INTERVAL) return base;
  const doubled = base * 2 ** Math.min(failures - TRIES_AT_INTERVAL, 20);
  return Math.max(base, Math.min(doubled, MAX_PACE_MS));
}
