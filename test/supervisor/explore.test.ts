import { expect, setDefaultTimeout, test } from "bun:test";
import { explore } from "./explore.ts";
import { createCore } from "./guarantees.ts";
import { STATUSES } from "./world.ts";

setDefaultTimeout(60_000);

/** Whether the next spawn has to wait matters after a boot only: the smaller world is enough for it. */
const SMALL = { workers: 3, strays: 1, statuses: STATUSES };
const LARGE = { workers: Number(process.env.W ?? 4), strays: 2, statuses: [0] };

const WORLDS = [
  { name: "Perl's defaults", core: createCore(), limits: LARGE },
  { name: "no interval", core: createCore({ intervalMs: 0 }), limits: LARGE },
  { name: "a soak", core: createCore({}, { killOldDelaySeconds: 5 }), limits: LARGE },
  {
    name: "no interval, a soak",
    core: createCore({ intervalMs: 0 }, { killOldDelaySeconds: 5 }),
    limits: SMALL,
  },
  { name: "automatic restarts", core: createCore({}, { autoRestartSeconds: 360 }), limits: SMALL },
  { name: "a program to wait for", core: createCore({ waitForProgram: true }), limits: SMALL },
  {
    name: "automatic restarts, no interval, a soak",
    core: createCore({ intervalMs: 0 }, { killOldDelaySeconds: 5, autoRestartSeconds: 360 }),
    limits: SMALL,
  },
  {
    name: "automatic restarts, a soak",
    core: createCore({}, { killOldDelaySeconds: 5, autoRestartSeconds: 360 }),
    limits: SMALL,
  },
];

for (const w of WORLDS)
  test(w.name, () => {
    const t = performance.now();
    const { states, failure } = explore(w.core, w.limits);
    console.log(w.name, states, Math.round(performance.now() - t));
    expect(failure).toBeNull();
  });
