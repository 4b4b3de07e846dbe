/** The end: everybody is told to leave, and when nobody is left the supervisor is done. */
import { lines } from "./lines.ts";
import { generationsOf, pidsOf } from "./state.ts";
import type { Turn } from "./turn.ts";
import { announce, cancel, cancelAutoRestart, killAll, log, patch } from "./turn.ts";

export function stop(turn: Turn, stopSignal: string, exitCode: number): void {
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

export function exitIfEmpty(turn: Turn): void {
  const { mode, attempt, exitCode } = turn.state;
  if (mode !== "stopping" || attempt.phase === "spawning") return;
  if (generationsOf(turn.state).length > 0) return;
  patch(turn, { mode: "done" });
  if (exitCode === 0) log(turn, "info", lines.exiting());
  turn.effects.push({ type: "exit", code: exitCode });
}
