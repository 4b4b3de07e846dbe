/** The core, tried with every event that can come in every state that can be reached. */
import { describe, expect, test } from "bun:test";
import { explore } from "./explore.ts";
import { createCore } from "./guarantees.ts";
import type { Core } from "./guarantees.ts";
import type { Limits } from "./world.ts";

const SMALL: Limits = { workers: 3, strays: 1, statuses: [0] };
/** Two processes left behind: one may go while the other is looked at. */
const LARGE: Limits = { workers: 3, strays: 2, statuses: [0] };

/** Automatic restarts, and how long old workers wait when they are on. */
const AUTOMATIC = { killOldDelaySeconds: 5, autoRestartSeconds: 360 };

const WORLDS: readonly (readonly [name: string, core: Core, limits: Limits])[] = [
  ["Perl's defaults", createCore(), LARGE],
  ["a delay before old workers are told", createCore({}, { killOldDelaySeconds: 5 }), LARGE],
  ["no interval", createCore({ intervalMs: 0 }), SMALL],
  ["no interval, a delay", createCore({ intervalMs: 0 }, { killOldDelaySeconds: 5 }), SMALL],
  ["automatic restarts", createCore({}, AUTOMATIC), SMALL],
  ["automatic restarts, no delay", createCore({}, { autoRestartSeconds: 360 }), SMALL],
  ["automatic restarts, no interval", createCore({ intervalMs: 0 }, AUTOMATIC), SMALL],
  [
    "a program to wait for, signals of its own",
    createCore({ waitForProgram: true, signalOnHup: "QUIT", signalOnTerm: "USR2" }),
    SMALL,
  ],
];

describe("whatever comes in whatever order, all guarantees hold:", () => {
  test.each(WORLDS)("%s", (_, core, limits) => {
    const { reached, failure } = explore(core, limits);
    expect(failure).toBeNull();
    expect([...reached].toSorted()).toEqual(reachable(core).toSorted());
  });
});

/** Every phase with every event that can come in it: the test of the test. */
function reachable({ config, settings }: Core): string[] {
  const always = ["deployAsked", "stopAsked", "reopenAsked", "upgradeAsked"];
  // Also when they are about nobody but a process that a dead worker left.
  const processes = ["exited", "strays", "straysSeen"];
  const spawn = ["spawned", "spawnFailed"];
  // The `pace` timer runs from each spawn, whatever becomes of it.
  const running = [...always, ...processes, "pace"];
  const restart = settings.autoRestartSeconds === null ? [] : ["restart", "forceRestart"];
  const phases: Record<string, readonly string[]> = {
    spawning: [...running, ...restart, ...spawn],
    waiting: [...running, ...restart],
    idle: [...running, ...restart, "settle"],
    "stopping spawning": [...always, ...processes, ...spawn],
    "stopping idle": [...always, ...processes],
  };
  if (config.intervalMs > 0) phases["proving"] = [...running, ...restart, "prove"];
  if (settings.killOldDelaySeconds > 0) {
    phases["soaking"] = [...running, ...restart, "settle", "soak"];
  }
  return Object.entries(phases).flatMap(([phase, events]) =>
    events.map((event) => `${phase}: ${event}`),
  );
}
