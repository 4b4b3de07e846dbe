/** Events, effects and the way from the first to the last, in words for the person who reads a failure. */
import type { Effect, Event } from "../../src/supervisor/messages.ts";
import type { State } from "../../src/supervisor/state.ts";

export interface TracedMove {
  /** Null for the boot. */
  readonly event: Event | null;
  readonly effects: readonly Effect[];
  readonly state: State;
}

/** @param first The number of the first move, where earlier ones are left out. */
export function trace(
  moves: readonly TracedMove[],
  problems: readonly string[],
  first = 0,
): string {
  const told = moves.map(({ event, effects, state }, index) => {
    const done = effects.filter(({ type }) => type !== "announce").map(describeEffect);
    const what = event === null ? "boot" : describeEvent(event);
    return `${first + index}. ${what} -> ${done.join("; ") || "nothing"} [${phaseOf(state)}]`;
  });
  return [...told, ...problems.map((problem) => `BROKEN: ${problem}`)].join("\n");
}

/** The phase of the attempt, and whether the supervisor is about to end. */
export function phaseOf({ mode, attempt }: State): string {
  return mode === "running" ? attempt.phase : `${mode} ${attempt.phase}`;
}

function describeEvent(event: Event): string {
  const { type, ...rest } = event;
  const details = Object.entries(rest).filter(([name]) => name !== "settings");
  return [
    type,
    ...details.map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(",") : value}`),
  ].join(" ");
}

function describeEffect(effect: Effect): string {
  return effect.type === "log" ? `"${effect.message}"` : Object.values(effect).join(" ");
}
