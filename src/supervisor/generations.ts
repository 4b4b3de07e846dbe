/** Generations on their way out: who is kept, who is told to leave, who is gone. */
import type { Generation } from "./state.ts";
import { pidsOf } from "./state.ts";
import type { Turn } from "./turn.ts";
import { killAll, patch } from "./turn.ts";

/** A failed generation: whatever is left of it must go at once. */
export function discard(turn: Turn, rest: Generation): void {
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
export function keepStrays(turn: Turn, rest: Generation): void {
  if (pidsOf(rest).length === 0) return;
  patch(turn, { leaving: [...turn.state.leaving, { ...rest, told: false }] });
}

/** Put `next` in the place of the generation with its number, or remove it when nothing lives. */
export function replaceGeneration(turn: Turn, next: Generation): void {
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

export function tellAll(turn: Turn, signal: string): void {
  for (const each of turn.state.leaving) if (!each.told) tell(turn, each.number, signal);
}

export function tell(turn: Turn, number: number, signal: string): void {
  const generation = turn.state.leaving.find((each) => each.number === number);
  if (generation === undefined) return;
  replaceGeneration(turn, { ...generation, told: true });
  killAll(turn, pidsOf(generation), signal);
}
