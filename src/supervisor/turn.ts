/**
 * One call of `step`: the state as decided so far, and the effects that lead there. Decisions are made of
 * these words alone.
 */
import type { Effect, Level, Timer } from "./messages.ts";
import type { State } from "./state.ts";

export interface StepConfig {
  /** How long a new worker must live to be taken for good, and the least time between two tries. */
  readonly intervalMs: number;
  readonly signalOnHup: string;
  readonly signalOnTerm: string;
  /** Whether a program that cannot be found or run at the first boot is tried again for ever. */
  readonly waitForProgram: boolean;
}

/** One call of `step`: the state as decided so far, and what has to be done for it. */
export interface Turn {
  readonly config: StepConfig;
  state: State;
  readonly effects: Effect[];
}

export function patch(turn: Turn, change: Partial<State>): void {
  turn.state = { ...turn.state, ...change };
}

export function leaveSignal(turn: Turn): string {
  return turn.state.mode === "stopping" ? turn.state.stopSignal : turn.config.signalOnHup;
}

export function killAll(turn: Turn, pids: readonly number[], signal: string): void {
  for (const pid of pids) turn.effects.push({ type: "kill", pid, signal });
}

export function log(turn: Turn, level: Level, message: string): void {
  turn.effects.push({ type: "log", level, message });
}

export function arm(turn: Turn, timer: Timer, delayMs: number): void {
  turn.effects.push({ type: "arm", timer, delayMs });
}

export function cancel(turn: Turn, timer: Timer): void {
  turn.effects.push({ type: "cancel", timer });
}

export function cancelAutoRestart(turn: Turn): void {
  cancel(turn, "restart");
  cancel(turn, "forceRestart");
}

export function announce(turn: Turn): void {
  turn.effects.push({ type: "announce" });
}
