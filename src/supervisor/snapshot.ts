/** What the supervisor publishes about itself, built from the state alone. */
import { pidsOf } from "./state.ts";
import type { State } from "./state.ts";

/** The status file: `generation:pid` for each process that is current or leaving, sorted as strings. */
export function statusFile(state: State): string {
  const serving = [...(state.current === null ? [] : [state.current]), ...state.leaving];
  return serving
    .toSorted((a, b) => compareText(String(a.number), String(b.number)))
    .flatMap((each) => pidsOf(each).map((pid) => `${each.number}:${pid}\n`))
    .join("");
}

/**
 * How the last deploy goes.
 * - `starting`: a try is being started or proved. `waiting`: a try failed, another follows.
 * - `soaking`: the new generation is current, the old one is kept for --kill-old-delay.
 * - `current`: the deploy has its generation; old ones may still be leaving.
 * - `stopping`: the supervisor has been asked to stop.
 */
export type DeployState = "starting" | "waiting" | "soaking" | "current" | "stopping";

/** The content of `<status-file>.deploy`, one JSON object. */
export interface DeployReport {
  readonly version: 1;
  /** Pid of the supervisor. */
  readonly supervisor: number;
  /** Deploys begun since the start: a HUP or an automatic restart begins one, the first boot is 0. */
  readonly deploy: number;
  readonly state: DeployState;
  /** The current generation, or null while nobody is current. */
  readonly generation: number | null;
  /** The last generation number given out. */
  readonly lastGeneration: number;
  /** Tries of this deploy that failed. */
  readonly failedTries: number;
  /** Why the last of them failed. */
  readonly reason: string | null;
}

export function deployReport(state: State, supervisor: number): DeployReport {
  return {
    version: 1,
    supervisor,
    deploy: state.deploys,
    state: deployState(state),
    generation: state.current?.number ?? null,
    lastGeneration: state.lastGeneration,
    failedTries: state.failedTries,
    reason: state.lastFailure,
  };
}

function deployState(state: State): DeployState {
  if (state.mode !== "running") return "stopping";
  const { phase } = state.attempt;
  switch (phase) {
    case "idle":
      return "current";
    case "spawning":
    case "proving":
      return "starting";
    case "waiting":
      return "waiting";
    case "soaking":
      return "soaking";
    default:
      return phase satisfies never;
  }
}

/** Perl's `sort`: by code unit, not by locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
