/** Which setting wins: the envdir over the option over the environment, and what Perl calls true. */
import { describe, expect, test } from "bun:test";
import {
  isTrue,
  parseEnviron,
  settingsFrom,
  toBytes,
  workerEnvironment,
} from "../../src/config/environment.ts";
import { configOf, parse, refusalOf } from "./command.ts";

interface Sources {
  readonly base?: Record<string, string>;
  readonly options?: readonly string[];
  readonly envdir?: Record<string, string>;
  readonly generation?: number;
}

/** The environment of the first worker, or of a later one. */
function environment({
  base = {},
  options = [],
  envdir = {},
  generation = 1,
}: Sources): Map<string, string> {
  return workerEnvironment({
    base: new Map(Object.entries(base)),
    exported: configOf(options, base).exported,
    envdir: new Map(Object.entries(envdir)),
    serverStarterPort: "",
    generation,
  });
}

describe("precedence", () => {
  const base = {
    KILL_OLD_DELAY: "1",
    ENABLE_AUTO_RESTART: "1",
    AUTO_RESTART_INTERVAL: "10",
    ENVDIR: "/base",
  };

  test("the environment alone counts", () => {
    expect(settingsFrom(environment({ base }))).toEqual({
      autoRestartSeconds: 10,
      killOldDelaySeconds: 1,
    });
    expect(configOf([], base).envdir).toBe("/base");
  });

  test("an option beats the environment, and is exported", () => {
    const options = ["--kill-old-delay=2", "--auto-restart-interval=20", "--envdir=/option"];
    const worker = environment({ base, options });
    expect(settingsFrom(worker)).toEqual({ autoRestartSeconds: 20, killOldDelaySeconds: 2 });
    expect(configOf(options, base).envdir).toBe("/option");
    expect(Object.fromEntries(worker)).toEqual({
      ENVDIR: "/option",
      ENABLE_AUTO_RESTART: "1",
      AUTO_RESTART_INTERVAL: "20",
      KILL_OLD_DELAY: "2",
      SERVER_STARTER_PORT: "",
      SERVER_STARTER_GENERATION: "1",
    });
  });

  test("an empty --envdir beats the environment's", () => {
    expect(configOf(["--envdir", ""], base).envdir).toBeNull();
    expect(environment({ base, options: ["--envdir", ""] }).get("ENVDIR")).toBe("");
  });

  test("the envdir beats both", () => {
    const worker = environment({
      base,
      options: ["--kill-old-delay=2"],
      envdir: { KILL_OLD_DELAY: "3" },
    });
    expect(worker.get("KILL_OLD_DELAY")).toBe("3");
    expect(settingsFrom(worker).killOldDelaySeconds).toBe(3);
  });

  test("nothing beats the sockets and the generation", () => {
    const liar = { SERVER_STARTER_PORT: "1=1", SERVER_STARTER_GENERATION: "99" };
    expect(Object.fromEntries(environment({ base: liar, envdir: liar }))).toEqual({
      SERVER_STARTER_PORT: "",
      SERVER_STARTER_GENERATION: "1",
    });
  });

  test("without options nothing is exported", () => {
    expect(Object.keys(Object.fromEntries(environment({})))).toEqual([
      "SERVER_STARTER_PORT",
      "SERVER_STARTER_GENERATION",
    ]);
  });
});

describe("truth, as Perl sees it", () => {
  test.each([
    [undefined, false],
    ["", false],
    ["0", false],
    ["1", true],
    ["00", true],
    ["0.0", true],
    ["no", true],
    [" ", true],
  ])("%j is %p", (value, truth) => {
    expect(isTrue(value)).toBe(truth);
  });

  test("ENABLE_AUTO_RESTART=0 is off, and the option turns it on", () => {
    const base = { ENABLE_AUTO_RESTART: "0" };
    expect(settingsFrom(environment({ base })).autoRestartSeconds).toBeNull();
    expect(
      settingsFrom(environment({ base, options: ["--enable-auto-restart"] })).autoRestartSeconds,
    ).toBe(360);
    const envdir = { ENABLE_AUTO_RESTART: "0" };
    expect(
      settingsFrom(environment({ options: ["--enable-auto-restart"], envdir })).autoRestartSeconds,
    ).toBeNull();
  });
});

describe("automatic restarts", () => {
  test.each([
    [{ ENABLE_AUTO_RESTART: "1" }, 360, 5],
    [{ ENABLE_AUTO_RESTART: "1", AUTO_RESTART_INTERVAL: "0" }, 360, 5],
    [{ ENABLE_AUTO_RESTART: "1", AUTO_RESTART_INTERVAL: "" }, 360, 5],
    [{ ENABLE_AUTO_RESTART: "1", KILL_OLD_DELAY: "0" }, 360, 0],
    [{ AUTO_RESTART_INTERVAL: "10" }, null, 0],
    [{ KILL_OLD_DELAY: "2.5" }, null, 2.5],
  ])("%j", (base, autoRestartSeconds, killOldDelaySeconds) => {
    expect(settingsFrom(environment({ base }))).toEqual({
      autoRestartSeconds,
      killOldDelaySeconds,
    });
  });

  test("a worker is told the interval that counts, from the second on as under Perl's", () => {
    const options = ["--enable-auto-restart"];
    expect(environment({ options }).has("AUTO_RESTART_INTERVAL")).toBe(false);
    expect(environment({ options, generation: 2 }).get("AUTO_RESTART_INTERVAL")).toBe("360");
  });

  test("what an envdir holds instead of a number counts as the default", () => {
    const envdir = {
      ENABLE_AUTO_RESTART: "1",
      AUTO_RESTART_INTERVAL: "soon",
      KILL_OLD_DELAY: "-1",
    };
    expect(settingsFrom(environment({ envdir }))).toEqual({
      autoRestartSeconds: 360,
      killOldDelaySeconds: 5,
    });
  });
});

describe("a wrong value in the environment", () => {
  const wrong = { KILL_OLD_DELAY: "soon" };

  test("is refused by a start, named as what it is", () => {
    expect(refusalOf(() => configOf([], wrong))).toStartWith(
      "Environment variable KILL_OLD_DELAY=soon is not a number of seconds: ",
    );
  });

  test("is no matter where an option beats it", () => {
    expect(configOf(["--kill-old-delay=1"], wrong).exported.get("KILL_OLD_DELAY")).toBe("1");
  });

  test("is no matter to a verb, which a worker may call", () => {
    expect(parse(["--stop", "--pid-file=p"], wrong)).toEqual({ kind: "stop", pidFile: "p" });
  });

  test("is no matter where it is empty", () => {
    expect(configOf([], { KILL_OLD_DELAY: "", AUTO_RESTART_INTERVAL: "" }).exported.size).toBe(0);
  });
});

describe("bytes", () => {
  test("an environment block keeps what is not UTF-8, the first of two, and values with =", () => {
    const block = "A=1\0B=x=y\0C=\xff\0A=2\0=hidden\0D\0E=\0";
    expect([...parseEnviron(block)]).toEqual([
      ["A", "1"],
      ["B", "x=y"],
      ["C", "\xff"],
      ["E", ""],
    ]);
  });

  test("options are exported as UTF-8, spaces kept", () => {
    expect(configOf(["--envdir= ü "]).exported.get("ENVDIR")).toBe(" \xc3\xbc ");
    expect(toBytes("😀")).toBe("\xf0\x9f\x98\x80");
  });
});
