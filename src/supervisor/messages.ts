/**
 * What goes into the core (events: what happened) and what comes out (effects: what to do).
 *
 * Effects are performed in order after the state is committed; what they lead to comes back as events.
 */
import type { Settings } from "./state.ts";

/**
 * - `prove`: the candidate has lived for --interval.
 * - `pace`: enough time has passed since the last spawn for another one.
 * - `soak`: --kill-old-delay is over.
 * - `settle`: the current generation has lived long enough to forget earlier failures.
 * - `restart`, `forceRestart`: the automatic restart is due, and due whatever happens.
 * - `strays`: look again at the processes that dead workers left behind.
 */
export type Timer = "prove" | "pace" | "soak" | "settle" | "restart" | "forceRestart" | "strays";

/** Why no process could be made. `transient`: the same call may work later. */
export type SpawnFault = "missing" | "notExecutable" | "transient";

/** Requests that end the supervisor. */
export type StopSignal = "TERM" | "INT" | "QUIT";

export type Event =
  | {
      readonly type: "spawned";
      readonly generation: number;
      readonly pid: number;
      readonly settings: Settings;
    }
  | {
      readonly type: "spawnFailed";
      readonly generation: number;
      readonly fault: SpawnFault;
      /** One clause for the log: what could not be started, and why. */
      readonly reason: string;
    }
  /** A worker or a stray was reaped. `status` is the raw wait(2) status; `strays` is what it left behind. */
  | {
      readonly type: "exited";
      readonly pid: number;
      readonly status: number;
      readonly strays: readonly number[];
    }
  /** Those of `of` and their descendants that still hold a listening socket. */
  | {
      readonly type: "straysSeen";
      readonly of: readonly number[];
      readonly holding: readonly number[];
    }
  | { readonly type: "timerFired"; readonly timer: Timer }
  | { readonly type: "deployAsked" }
  | { readonly type: "stopAsked"; readonly signal: StopSignal }
  | { readonly type: "reopenAsked" }
  | { readonly type: "upgradeAsked" };

export type Level = "info" | "warn" | "error";

export type Effect =
  /** Start one worker of the generation. Answered by `spawned` or `spawnFailed`. */
  | { readonly type: "spawn"; readonly generation: number }
  | { readonly type: "kill"; readonly pid: number; readonly signal: string }
  /** (Re)start the timer. */
  | { readonly type: "arm"; readonly timer: Timer; readonly delayMs: number }
  | { readonly type: "cancel"; readonly timer: Timer }
  /** Publish who serves: the status file and what else is built from the state. */
  | { readonly type: "announce" }
  | { readonly type: "log"; readonly level: Level; readonly message: string }
  /** Answered by `straysSeen`. */
  | { readonly type: "inspectStrays"; readonly pids: readonly number[] }
  /** `workers` run on with the log as it was. */
  | { readonly type: "reopenLog"; readonly workers: readonly number[] }
  /** Nothing lives any more: end the supervisor with this code. */
  | { readonly type: "exit"; readonly code: number };
