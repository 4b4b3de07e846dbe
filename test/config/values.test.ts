/** Values of options: numbers, seconds, signals, limits, the log. The last one given wins. */
import { describe, expect, test } from "bun:test";
import { signalNumber } from "../../src/config/signals.ts";
import { configOf, parse, refusalOf } from "./command.ts";

test("without options everything has Server::Starter's default", () => {
  expect(configOf([])).toEqual({
    sockets: [],
    backlog: 4096,
    program: ["worker"],
    demo: false,
    dir: null,
    envdir: null,
    exported: new Map(),
    rlimitNofile: null,
    waitForProgram: false,
    intervalMs: 1000,
    signalOnHup: "TERM",
    signalOnTerm: "TERM",
    pidFile: null,
    statusFile: null,
    logFile: null,
    daemonize: false,
  });
});

test("of a repeated option the last value counts", () => {
  expect(configOf(["--interval=1", "--interval=2"]).intervalMs).toBe(2000);
  expect(configOf(["--pid-file=a", "--pid-file=b"]).pidFile).toBe("b");
  expect(configOf(["--pid-file=a", "--pid-file", ""]).pidFile).toBeNull();
});

describe("seconds", () => {
  test.each([
    ["0", 0],
    ["1", 1000],
    ["0.1", 100],
    [".5", 500],
    ["1.", 1000],
    ["0.0004", 0],
    ["3155760000", 3_155_760_000_000],
  ])("--interval=%s is %d ms", (typed, ms) => {
    expect(configOf([`--interval=${typed}`]).intervalMs).toBe(ms);
  });

  test.each(["-1", "1s", "1,5", "1e3", "0x10", "Infinity", "NaN", "3155760001", "soon", "1 2"])(
    "--interval=%s is refused",
    (typed) => {
      expect(refusalOf(() => configOf([`--interval=${typed}`]))).toStartWith(
        `Option --interval=${typed} is not a number of seconds: give one from 0 to `,
      );
    },
  );
});

describe("whole numbers", () => {
  test.each([
    ["128", 128],
    ["0", 4096],
    ["2147483647", 2_147_483_647],
  ])("--backlog=%s is %d", (typed, backlog) => {
    expect(configOf([`--backlog=${typed}`]).backlog).toBe(backlog);
  });

  test.each(["-1", "1.5", "many", "2147483648", "1e2", " 5"])(
    "--backlog=%s is refused",
    (typed) => {
      expect(refusalOf(() => configOf([`--backlog=${typed}`]))).toBe(
        `Option --backlog=${typed} is not a whole number: give one from 0 to 2147483647`,
      );
    },
  );
});

describe("signals", () => {
  test.each([
    ["TERM", "TERM"],
    ["term", "TERM"],
    ["SIGTERM", "TERM"],
    ["sigUsr1", "USR1"],
    ["QUIT", "QUIT"],
    ["9", "9"],
    ["015", "15"],
    ["64", "64"],
  ])("--signal-on-hup=%s is %s", (typed, signal) => {
    expect(configOf([`--signal-on-hup=${typed}`]).signalOnHup).toBe(signal);
    expect(configOf([`--signal-on-term=${typed}`]).signalOnTerm).toBe(signal);
  });

  test.each(["0", "65", "-9", "FOO", "SIG", "SIGSIGTERM", "TERM ", "9.0"])(
    "%j is refused",
    (typed) => {
      expect(refusalOf(() => configOf([`--signal-on-term=${typed}`]))).toBe(
        `Option --signal-on-term=${typed} is not a signal: give a name, such as TERM, or a number from 1 to 64`,
      );
    },
  );

  test("an empty word means the default", () => {
    expect(configOf(["--signal-on-hup", "", "--signal-on-term", ""])).toMatchObject({
      signalOnHup: "TERM",
      signalOnTerm: "TERM",
    });
  });

  test("every name has its number", () => {
    expect(["HUP", "INT", "KILL", "USR1", "TERM", "9", "64"].map(signalNumber)).toEqual([
      1, 2, 9, 10, 15, 9, 64,
    ]);
    expect(signalNumber("FOO")).toBeUndefined();
  });
});

describe("--rlimit-nofile", () => {
  test.each([
    ["1024", { soft: 1024, hard: null }],
    ["1024:4096", { soft: 1024, hard: 4096 }],
    ["16:16", { soft: 16, hard: 16 }],
  ])("%s", (typed, limit) => {
    expect(configOf([`--rlimit-nofile=${typed}`]).rlimitNofile).toEqual(limit);
  });

  test.each(["many", "-1", "1024:", ":1024", "1:2:3", "1.5", "unlimited", "9007199254740993"])(
    "%s is refused",
    (typed) => {
      expect(refusalOf(() => configOf([`--rlimit-nofile=${typed}`]))).toStartWith(
        `Option --rlimit-nofile=${typed} is not SOFT or SOFT:HARD: `,
      );
    },
  );

  test("the soft limit cannot be above the hard one", () => {
    expect(refusalOf(() => configOf(["--rlimit-nofile=20:10"]))).toContain(
      "has a soft limit above the hard one",
    );
  });
});

describe("--log-file", () => {
  test.each([
    ["/var/log/x", { kind: "file", path: "/var/log/x" }],
    ["a|b", { kind: "file", path: "a|b" }],
    ["|logger -t web", { kind: "command", command: "logger -t web" }],
    [" | rotatelogs x 86400", { kind: "command", command: "rotatelogs x 86400" }],
  ])("%j", (typed, target) => {
    expect(configOf([`--log-file=${typed}`]).logFile).toEqual(target as never);
  });

  test.each(["|", " | "])("%j has no command", (typed) => {
    expect(refusalOf(() => configOf([`--log-file=${typed}`]))).toContain(
      "has no command after the bar",
    );
  });

  test("--daemonize needs it", () => {
    const message = "Option --daemonize needs --log-file as well";
    expect(refusalOf(() => configOf(["--daemonize"]))).toStartWith(message);
    expect(refusalOf(() => configOf(["--daemonize", "--log-file", ""]))).toStartWith(message);
    expect(configOf(["--daemonize", "--log-file=x"]).daemonize).toBe(true);
  });
});

describe("what is to be done", () => {
  test("the program and its arguments, as given", () => {
    const command = parse(["--port=80", "my_httpd", "--port=1", "", "-x"]);
    expect(command).toMatchObject({
      kind: "start",
      config: { program: ["my_httpd", "--port=1", "", "-x"] },
    });
  });

  test("--demo or a program, not both, not neither", () => {
    expect(parse(["--demo"])).toMatchObject({ kind: "start", config: { demo: true, program: [] } });
    expect(refusalOf(() => configOf(["--demo"]))).toContain('a program was given, "worker"');
    expect(refusalOf(() => parse([]))).toStartWith("No program given: ");
    expect(refusalOf(() => parse(["--port=80", "--"]))).toStartWith("No program given: ");
  });

  test("a verb needs its files", () => {
    expect(parse(["--stop", "--pid-file=p"])).toEqual({ kind: "stop", pidFile: "p" });
    expect(parse(["--restart", "--pid-file=p", "--status-file=s"])).toEqual({
      ...{ kind: "restart", pidFile: "p", statusFile: "s" },
    });
    const incomplete = [["--stop"], ["--stop", "--pid-file", ""], ["--restart", "--pid-file=p"]];
    for (const words of incomplete)
      expect(refusalOf(() => parse(words))).toStartWith(`Option ${words[0]} needs --`);
  });

  test("a verb checks the values it does not need, and wins over a program", () => {
    expect(refusalOf(() => parse(["--stop", "--pid-file=p", "--interval=x"]))).toContain(
      "--interval=x",
    );
    expect(parse(["--stop", "--pid-file=p", "--", "worker"])).toMatchObject({ kind: "stop" });
  });
});
