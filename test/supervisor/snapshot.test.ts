/** What is published of the state, and that the state is plain data. */
import { describe, expect, test } from "bun:test";
import { deployReport, statusFile } from "../../src/supervisor/snapshot.ts";
import type { DeployState } from "../../src/supervisor/snapshot.ts";
import { initialState } from "../../src/supervisor/state.ts";
import type { Generation, State } from "../../src/supervisor/state.ts";
import { deploying, serving, start } from "./drive.ts";
import type { Scenario } from "./drive.ts";
import { createCore } from "./guarantees.ts";
import type { Core } from "./guarantees.ts";
import { simulate } from "./simulate.ts";

function generation(number: number, pids: number[], strays: number[] = []): Generation {
  const workers = pids.map((pid) => ({ pid }));
  return { number, workers, strays, told: false, straysLogged: false };
}

describe("the status file", () => {
  test("has the current generation and those who leave, sorted as Perl sorts: as text", () => {
    const state: State = {
      ...initialState,
      current: generation(11, [300]),
      leaving: [generation(9, [100]), generation(10, [200])],
    };
    expect(statusFile(state)).toBe("10:200\n11:300\n9:100\n");
  });

  test("names every worker and what dead workers left", () => {
    const state: State = {
      ...initialState,
      current: generation(2, [30, 31]),
      leaving: [generation(1, [], [20, 21])],
    };
    expect(statusFile(state)).toBe("1:20\n1:21\n2:30\n2:31\n");
  });

  test("does not know a candidate", () => {
    expect(statusFile(deploying().state)).toBe("1:101\n");
  });

  test("is empty while nobody serves", () => {
    const scenario = serving();
    scenario.exited(101, 9);
    expect(statusFile(scenario.state)).toBe("");
  });
});

describe("the report of a deploy", () => {
  const soaking = (): Scenario => {
    const scenario = deploying({}, { killOldDelaySeconds: 5 });
    scenario.timer("prove");
    return scenario;
  };
  const after = (scenario: Scenario, happens: (scenario: Scenario) => void): Scenario => {
    happens(scenario);
    return scenario;
  };
  const STATES: readonly (readonly [what: string, state: DeployState, scenario: Scenario])[] = [
    ["a first spawn is in flight", "starting", start()],
    ["a candidate proves itself", "starting", deploying()],
    ["a try has failed", "waiting", after(deploying(), (each) => each.exited(102, 256))],
    ["the old worker waits out a delay", "soaking", soaking()],
    ["the new worker is current", "current", after(soaking(), (each) => each.timer("soak"))],
    ["it stops", "stopping", after(serving(), (each) => each.stop())],
    ["it has ended", "stopping", after(start(), (each) => each.cannotSpawn("missing"))],
  ];
  test.each(STATES)("%s: %s", (_, state, scenario) => {
    expect(deployReport(scenario.state, 7).state).toBe(state);
  });

  test("counts deploys and tries, and says how the last one failed", () => {
    const scenario = deploying();
    scenario.exited(102, 256);
    scenario.timer("pace");
    scenario.cannotSpawn("missing");
    expect(deployReport(scenario.state, 7)).toEqual({
      version: 1,
      supervisor: 7,
      deploy: 1,
      state: "waiting",
      generation: 1,
      lastGeneration: 3,
      failedTries: 2,
      reason: "it is missing",
    });
  });

  test("begins anew with the next deploy", () => {
    const scenario = deploying();
    scenario.exited(102, 256);
    scenario.hup();
    expect(deployReport(scenario.state, 7)).toEqual({
      version: 1,
      supervisor: 7,
      deploy: 2,
      state: "starting",
      generation: 1,
      lastGeneration: 3,
      failedTries: 0,
      reason: null,
    });
  });
});

test("a state that went through JSON goes on as if nothing had happened", () => {
  const core = createCore();
  let steps = 0;
  const throughJson: Core = {
    ...core,
    step: (state, event) => {
      const copy: State = JSON.parse(JSON.stringify(state));
      expect(copy).toStrictEqual(state);
      steps += 1;
      const next = core.step(copy, event);
      expect(next).toStrictEqual(core.step(state, event));
      return next;
    },
  };
  for (let seed = 1; seed <= 10; seed += 1) {
    expect(simulate(throughJson, seed, 1000).failure).toBeNull();
  }
  expect(steps).toBeGreaterThan(1000);
});
