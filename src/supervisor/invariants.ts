/**
 * What must hold in every state. Checked after every step, in tests and in production: a violation is a
 * bug of ours, is logged in one line, and stops nothing.
 */
import { generationsOf, pidsOf } from "./state.ts";
import type { State } from "./state.ts";

export function violations(state: State): string[] {
  const found: string[] = [];
  const must = (holds: boolean, rule: string): void => {
    if (!holds) found.push(rule);
  };
  const { mode, attempt, current, leaving } = state;
  const generations = generationsOf(state);
  const pids = generations.flatMap(pidsOf);
  const numbers = generations.map((each) => each.number);

  must(new Set(pids).size === pids.length, "a process belongs to one generation");
  must(new Set(numbers).size === numbers.length, "a generation is in one place");
  must(
    numbers.every((number) => number >= 1 && number <= state.lastGeneration),
    "generation numbers are given out once",
  );
  must(
    generations.every((each) => pidsOf(each).length > 0),
    "a generation without a process is gone",
  );
  must(current === null || !current.told, "the current generation is not told to leave");
  must(current === null || current.workers.length > 0, "the current generation has a worker");
  must(current === null || state.booted, "who is current has booted the supervisor");

  switch (mode) {
    case "running":
      must(
        current !== null || attempt.phase !== "idle",
        "somebody serves or somebody is on the way",
      );
      must(attempt.phase !== "soaking" || current !== null, "who soaks is current");
      must(
        attempt.phase === "soaking" ||
          attempt.phase !== "idle" ||
          leaving.every((each) => each.told),
        "with a settled current generation, all others have been told to leave",
      );
      must(!state.deployWanted || attempt.phase !== "idle", "a deploy that is wanted is under way");
      must(attempt.phase !== "waiting" || !state.paced, "who waits, waits for a timer");
      break;
    case "stopping":
      must(current === null, "nobody is current while stopping");
      must(
        leaving.every((each) => each.told),
        "while stopping everybody has been told to leave",
      );
      must(
        attempt.phase === "idle" || attempt.phase === "spawning",
        "no attempt goes on while stopping",
      );
      must(generations.length > 0 || attempt.phase === "spawning", "who stops waits for somebody");
      break;
    case "done":
      must(generations.length === 0, "at the end nothing lives");
      break;
    default:
      mode satisfies never;
  }
  return found;
}
