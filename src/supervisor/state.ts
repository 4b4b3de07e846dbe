/**
 * The supervisor's state: plain data, so that it prints as JSON and can be handed to a successor.
 *
 * Rules
 * - `current` is the generation that serves. At most one attempt to find its successor is under way.
 * - `leaving` holds every other generation of which a process lives: told to leave, or about to be.
 * - A generation is gone when its workers are reaped and no process it left behind holds our sockets.
 * - Intent ("asked to stop", "asked to deploy") is kept apart from fact (pids).
 */

/** One worker process of a generation. */
export interface Worker {
  readonly pid: number;
}

/** One attempt to run the program: its worker processes, and what they left behind when they died. */
export interface Generation {
  /** The value of SERVER_STARTER_GENERATION. */
  readonly number: number;
  readonly workers: readonly Worker[];
  /** Pids of processes that outlived their worker and still hold a listening socket. */
  readonly strays: readonly number[];
  /** Whether its processes have been sent the signal to leave. Each generation gets it once. */
  readonly told: boolean;
  /** Whether the log has named its strays: from then on it also says when they die. */
  readonly straysLogged: boolean;
}

/**
 * The search for a new current generation, from the first spawn to the signal to the old ones.
 *
 * - `idle`: none under way; there is a current generation.
 * - `spawning`: a spawn is in flight.
 * - `proving`: the candidate runs and has not proved itself yet.
 * - `waiting`: the last try failed; the next one starts when `pace` fires.
 * - `soaking`: the new generation is current, the old ones are not told yet (--kill-old-delay).
 */
export type Attempt =
  | { readonly phase: "idle" }
  | { readonly phase: "spawning"; readonly number: number }
  | { readonly phase: "proving"; readonly candidate: Generation }
  | { readonly phase: "waiting" }
  | { readonly phase: "soaking" };

/** Why an attempt runs: a deploy tells the old generations to leave, the others have none to tell. */
export type Trigger = "boot" | "deploy" | "respawn";

/** Settings that an envdir may change between two spawns. */
export interface Settings {
  readonly killOldDelaySeconds: number;
  /** Seconds between automatic restarts, or null when they are off. */
  readonly autoRestartSeconds: number | null;
}

export interface State {
  /** `stopping`: everybody has been told to leave. `done`: nothing lives, the process may end. */
  readonly mode: "running" | "stopping" | "done";
  /** What processes that turn up while stopping are sent, and the code to exit with. */
  readonly stopSignal: string;
  readonly exitCode: number;
  readonly attempt: Attempt;
  readonly trigger: Trigger;
  readonly current: Generation | null;
  readonly leaving: readonly Generation[];
  /** The last generation number given out. */
  readonly lastGeneration: number;
  /** A deploy was asked for while one was under way: one more follows. */
  readonly deployWanted: boolean;
  /** Deploys begun since the start; the first boot is 0. */
  readonly deploys: number;
  /** Failed tries and crashes since the last settled worker or HUP: the back-off's input. */
  readonly failures: number;
  /** Failed tries of the present deploy, and how the last one failed. */
  readonly failedTries: number;
  readonly lastFailure: string | null;
  /** Whether the next spawn may happen now: the `pace` timer is not armed. */
  readonly paced: boolean;
  /** Whether a worker has ever been current: from then on nothing but a request ends the supervisor. */
  readonly booted: boolean;
  readonly settings: Settings;
  /** The automatic restart's time has come, but old workers are still leaving. */
  readonly restartOverdue: boolean;
}

/** Before the first spawn. */
export const initialState: State = {
  mode: "running",
  stopSignal: "TERM",
  exitCode: 0,
  attempt: { phase: "idle" },
  trigger: "boot",
  current: null,
  leaving: [],
  lastGeneration: 0,
  deployWanted: false,
  deploys: 0,
  failures: 0,
  failedTries: 0,
  lastFailure: null,
  paced: true,
  booted: false,
  settings: { killOldDelaySeconds: 0, autoRestartSeconds: null },
  restartOverdue: false,
};

/** Every live process of a generation. */
export function pidsOf(generation: Generation): number[] {
  return [...generation.workers.map((worker) => worker.pid), ...generation.strays];
}

/** Every generation of which a process lives. */
export function generationsOf(state: State): Generation[] {
  const candidate = state.attempt.phase === "proving" ? [state.attempt.candidate] : [];
  return [...candidate, ...(state.current === null ? [] : [state.current]), ...state.leaving];
}
