/** --enable-auto-restart: a deploy when its time has come and nobody old lives, at twice the time anyhow. */
import { expect, test } from "bun:test";
import { deploying, serving } from "./drive.ts";

const EVERY_SIX_MINUTES = { autoRestartSeconds: 360 };

test("its time counts from the moment a worker became current", () => {
  expect(deploying({}, EVERY_SIX_MINUTES).timer("prove").slice(0, 2)).toEqual([
    "arm restart 360000",
    "arm forceRestart 720000",
  ]);
});

test("it is a deploy like that of a HUP", () => {
  const scenario = serving({}, EVERY_SIX_MINUTES);
  expect(scenario.timer("restart")).toEqual([
    '"autorestart triggered (interval=360)"',
    "cancel settle",
    "arm pace 1000",
    "spawn 2",
  ]);
  expect(scenario.state.deploys).toBe(1);
});

test("it waits for the last of the old workers", () => {
  const scenario = deploying({}, EVERY_SIX_MINUTES);
  scenario.timer("prove");
  expect(scenario.timer("restart")).toEqual([]);
  expect(scenario.exited(101, 0)).toEqual([
    '"old worker 101 died, status:0"',
    "announce",
    '"autorestart triggered (interval=360)"',
    "cancel settle",
    "arm pace 1000",
    "spawn 3",
  ]);
});

test("at twice the time it waits no longer", () => {
  const scenario = deploying({}, EVERY_SIX_MINUTES);
  scenario.timer("prove");
  scenario.timer("restart");
  expect(scenario.timer("forceRestart")).toEqual([
    '"autorestart triggered (forced, interval=360)"',
    "cancel settle",
    "arm pace 1000",
    "spawn 3",
  ]);
});

test("old workers who have not even been told are waited for, and forcing too", () => {
  const scenario = deploying({}, { ...EVERY_SIX_MINUTES, killOldDelaySeconds: 1000 });
  scenario.timer("prove");
  expect(scenario.timer("restart")).toEqual([]);
  expect(scenario.timer("forceRestart")).toEqual(["arm forceRestart 360000"]);
  expect(scenario.timer("soak")).toEqual(['"killing old workers"', "kill 101 TERM", "announce"]);
  expect(scenario.timer("forceRestart")).toContain("spawn 3");
});

test("a delay that ends with nobody old is followed by the restart that is due", () => {
  const scenario = deploying({}, { ...EVERY_SIX_MINUTES, killOldDelaySeconds: 1000 });
  scenario.timer("prove");
  scenario.timer("restart");
  scenario.exited(101, 0);
  expect(scenario.timer("soak")).toEqual([
    '"killing old workers"',
    "announce",
    '"autorestart triggered (interval=360)"',
    "cancel settle",
    "arm pace 1000",
    "spawn 3",
  ]);
});

test("a deploy that is under way is enough", () => {
  const scenario = deploying({}, EVERY_SIX_MINUTES);
  expect(scenario.timer("restart")).toEqual([]);
  expect(scenario.timer("forceRestart")).toEqual([]);
  scenario.exited(101, 0);
  expect(scenario.timer("prove").join()).not.toContain("autorestart");
});

test("a crash begins its time anew", () => {
  const scenario = serving({}, EVERY_SIX_MINUTES);
  expect(scenario.exited(101, 9)).toContain("cancel settle restart forceRestart");
  scenario.spawned(102);
  expect(scenario.timer("prove")).toContain("arm restart 360000");
});

test("the envdir of the next worker turns it on, changes it, and turns it off", () => {
  const scenario = serving();
  scenario.hup();
  scenario.spawned(102, { autoRestartSeconds: 30 });
  expect(scenario.timer("prove").slice(0, 2)).toEqual([
    "arm restart 30000",
    "arm forceRestart 60000",
  ]);
  scenario.hup();
  scenario.spawned(103, { autoRestartSeconds: 60 });
  expect(scenario.timer("prove").slice(0, 2)).toEqual([
    "arm restart 60000",
    "arm forceRestart 120000",
  ]);
  scenario.hup();
  scenario.spawned(104, { autoRestartSeconds: null });
  expect(scenario.timer("prove")[0]).toBe("cancel restart forceRestart");
});

test("a restart that was overdue is forgotten when the envdir turns it off", () => {
  const scenario = deploying({}, EVERY_SIX_MINUTES);
  scenario.timer("prove");
  scenario.timer("restart");
  scenario.hup();
  scenario.spawned(103, { autoRestartSeconds: null });
  scenario.timer("prove");
  scenario.exited(101, 0);
  expect(scenario.exited(102, 0)).toEqual(['"old worker 102 died, status:0"', "announce"]);
});

test("a candidate that fails does not turn it off: the deploy goes on until a worker lives", () => {
  const scenario = serving({}, EVERY_SIX_MINUTES);
  scenario.hup();
  scenario.spawned(102, { autoRestartSeconds: null });
  scenario.exited(102, 256);
  expect(scenario.timer("restart")).toEqual([]);
  expect(scenario.timer("forceRestart")).toEqual([]);
  scenario.timer("pace");
  scenario.spawned(103);
  expect(scenario.timer("prove").slice(1, 3)).toEqual([
    "arm restart 360000",
    "arm forceRestart 720000",
  ]);
});
