/** Processes that end: what the death of each means, and what dead workers leave behind. */
import { restartIfDue, spawnNext, startDeploy, tryFailed } from "./deploy.ts";
import { discard, keepStrays, replaceGeneration } from "./generations.ts";
import { lines } from "./lines.ts";
import { generationsOf, pidsOf } from "./state.ts";
import type { Generation } from "./state.ts";
import { exitIfEmpty } from "./stop.ts";
import type { Turn } from "./turn.ts";
import {
  announce,
  arm,
  cancel,
  cancelAutoRestart,
  killAll,
  leaveSignal,
  log,
  patch,
} from "./turn.ts";

/** How often processes without their worker are looked at, while there are any. */
export const STRAYS_MS = 1_000;

export function onExited(turn: Turn, pid: number, status: number, strays: readonly number[]): void {
  const { state } = turn;
  const generation = generationsOf(state).find((each) => pidsOf(each).includes(pid));
  if (generation === undefined) return;
  const wasWorker = generation.workers.some((worker) => worker.pid === pid);
  const rest: Generation = {
    ...generation,
    workers: generation.workers.filter((worker) => worker.pid !== pid),
    strays: [...generation.strays.filter((stray) => stray !== pid), ...strays],
    // Children that outlive a master that was told to leave for a moment are no news.
    straysLogged: generation.straysLogged || (strays.length > 0 && !generation.told),
  };
  if (!wasWorker && rest.straysLogged) log(turn, "info", lines.strayDied(pid, status));
  if (wasWorker && state.mode === "stopping") log(turn, "info", lines.workerDied(pid, status));

  if (state.mode === "running" && wasWorker) workerDied(turn, rest, pid, status);
  else replaceGeneration(turn, rest);

  if (strays.length > 0) {
    if (!generation.told) log(turn, "warn", lines.leftBehind(pid, strays));
    arm(turn, "strays", STRAYS_MS);
    if (rest.told || turn.state.leaving.some((each) => each.number === rest.number && each.told)) {
      killAll(turn, strays, leaveSignal(turn));
    }
  }
  announce(turn);
  afterDeparture(turn);
}

/** A worker of `rest` died while nobody asked for it; `rest` is what remains of its generation. */
function workerDied(turn: Turn, rest: Generation, pid: number, status: number): void {
  const { state } = turn;
  if (state.attempt.phase === "proving" && state.attempt.candidate.number === rest.number) {
    log(turn, "warn", lines.failedToStart(pid, status));
    cancel(turn, "prove");
    discard(turn, rest);
    tryFailed(turn, `new worker ${pid} ended with status ${status}`);
    return;
  }
  if (state.current?.number !== rest.number) {
    log(turn, "info", lines.oldDied(pid, status));
    replaceGeneration(turn, rest);
    return;
  }
  currentDied(turn, rest, pid, status);
}

function currentDied(turn: Turn, rest: Generation, pid: number, status: number): void {
  const { phase } = turn.state.attempt;
  switch (phase) {
    case "spawning":
    case "proving":
      // The successor is on its way already.
      log(turn, "info", lines.oldDied(pid, status));
      patch(turn, { current: null });
      keepStrays(turn, rest);
      return;
    case "waiting":
      // The last try failed and now nobody serves: the next one must not wait out its back-off.
      log(turn, "warn", lines.diedUnexpectedly(pid, status));
      patch(turn, { current: null });
      keepStrays(turn, rest);
      spawnNext(turn);
      return;
    case "soaking": {
      const previous = turn.state.leaving.findLast((each) => !each.told && each.workers.length > 0);
      cancel(turn, "soak");
      if (previous === undefined) break;
      cancel(turn, "settle");
      log(turn, "warn", lines.diedUnexpectedly(pid, status));
      log(turn, "warn", lines.rolledBack(pid, pidsOf(previous)));
      patch(turn, {
        current: previous,
        leaving: turn.state.leaving.filter((each) => each !== previous),
      });
      discard(turn, rest);
      tryFailed(turn, `new worker ${pid} ended with status ${status} while the old ones waited`);
      return;
    }
    case "idle":
      break;
    default:
      phase satisfies never;
  }
  log(turn, "warn", lines.diedUnexpectedly(pid, status));
  // Tries that failed before this worker was deployed are no reason to leave nobody serving.
  const first = turn.state.failures === 0 || turn.state.trigger !== "respawn";
  const failures = turn.state.failures + 1;
  patch(turn, { current: null, trigger: "respawn", failures, attempt: { phase: "waiting" } });
  keepStrays(turn, rest);
  cancel(turn, "settle");
  cancelAutoRestart(turn);
  // The first respawn after a crash is immediate; after that, tries keep their distance.
  if (turn.state.deployWanted) startDeploy(turn, lines.receivedHup());
  else if (first || turn.state.paced) spawnNext(turn);
}

export function onStraysSeen(turn: Turn, of: readonly number[], holding: readonly number[]): void {
  const generation = generationsOf(turn.state).find((each) =>
    each.strays.some((stray) => of.includes(stray)),
  );
  if (generation === undefined) return;
  // A pid that was reaped since the look is not in `strays` any more, and must not come back.
  const kept = generation.strays.filter((stray) => !of.includes(stray) || holding.includes(stray));
  const found = holding.filter((pid) => !of.includes(pid));
  const strays = [...kept, ...found];
  const news = strays.length > 0 && !generation.straysLogged;
  if (news) log(turn, "warn", lines.stillThere(strays));
  replaceGeneration(turn, {
    ...generation,
    strays,
    straysLogged: generation.straysLogged || news,
  });
  if (generation.told) killAll(turn, found, leaveSignal(turn));
  if (found.length === 0 && kept.length === generation.strays.length) return;
  announce(turn);
  afterDeparture(turn);
}

/** A process is gone: what waited for that? */
function afterDeparture(turn: Turn): void {
  exitIfEmpty(turn);
  restartIfDue(turn);
}
