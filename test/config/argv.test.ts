/** How words become options and a program: Getopt::Long's rules, ended by the program's name. */
import { describe, expect, test } from "bun:test";
import { splitArgv } from "../../src/config/argv.ts";
import { refusalOf } from "./command.ts";

/** The options as `name=value`, and the program. */
function split(...words: string[]): { given: string[]; program: readonly string[] } {
  const { given, program } = splitArgv(words);
  return { given: given.map(({ name, value }) => `${name}=${value}`), program };
}

function optionsIn(...words: string[]): string[] {
  return split(...words).given;
}

describe("spellings of an option", () => {
  test.each([
    "--port=80",
    "-port=80",
    "+port=80",
    "--PORT=80",
    "-PoRt=80",
    "--po=80",
    "--port 80",
    "-port 80",
    "+PO 80",
  ])("%s", (line) => {
    expect(optionsIn(...line.split(" "))).toEqual(["port=80"]);
  });

  test("a value keeps everything after the first equals sign, line ends too", () => {
    expect(optionsIn("--path=a=b=c")).toEqual(["path=a=b=c"]);
    expect(optionsIn("--path==x")).toEqual(["path==x"]);
    expect(optionsIn("--path=a\nb=c")).toEqual(["path=a\nb=c"]);
  });

  test("the next word is the value whatever it looks like", () => {
    expect(optionsIn("--pid-file", "--stop")).toEqual(["pid-file=--stop"]);
    expect(optionsIn("--pid-file", "--", "--stop")).toEqual(["pid-file=--", "stop=1"]);
    expect(optionsIn("--pid-file", "-")).toEqual(["pid-file=-"]);
  });

  test("options keep their order, repeated ones too", () => {
    expect(optionsIn("--port=2", "--path=x", "--port=1")).toEqual(["port=2", "path=x", "port=1"]);
  });

  test("a flag has no value", () => {
    expect(optionsIn("--daemonize", "-restart", "+stop")).toEqual([
      "daemonize=1",
      "restart=1",
      "stop=1",
    ]);
    expect(refusalOf(() => split("--stop=1"))).toBe(
      'Option --stop takes no value, but got "1": leave it out',
    );
    expect(refusalOf(() => split("--stop="))).toBe(
      'Option --stop takes no value, but got "": leave it out',
    );
  });
});

describe("where options end", () => {
  test("at the program's name, whose own options are its own", () => {
    expect(split("--port=80", "plackup", "--port=90", "--", "-x")).toEqual({
      given: ["port=80"],
      program: ["plackup", "--port=90", "--", "-x"],
    });
  });

  test("at the first --, whatever follows", () => {
    expect(split("--stop", "--", "--port=80")).toEqual({
      given: ["stop=1"],
      program: ["--port=80"],
    });
    expect(split("--", "--", "x")).toEqual({ given: [], program: ["--", "x"] });
    expect(split("--")).toEqual({ given: [], program: [] });
    expect(split()).toEqual({ given: [], program: [] });
  });

  test("a lone dash and an empty word are programs", () => {
    expect(split("-", "--stop").program).toEqual(["-", "--stop"]);
    expect(split("", "--stop").program).toEqual(["", "--stop"]);
  });

  test("a word with an equals sign but no dash is a program", () => {
    expect(split("port=80").program).toEqual(["port=80"]);
  });
});

describe("missing values", () => {
  test.each(["--port", "--port=", "--interval", "--pid-file", "--pid-file=", "--rlimit-nofile="])(
    "%s is refused with an example",
    (word) => {
      const name = word.replace("=", "");
      expect(refusalOf(() => split(word))).toStartWith(`Option ${name} needs a value: ${name}=`);
    },
  );

  test("an empty next word means none where 0.35 takes it so", () => {
    expect(
      optionsIn("--pid-file", "", "--status-file", "", "--log-file", "", "--envdir", ""),
    ).toEqual(["pid-file=", "status-file=", "log-file=", "envdir="]);
  });

  test.each(["port", "path", "dir", "interval", "backlog", "rlimit-nofile"])(
    "an empty next word is no value for --%s",
    (name) => {
      expect(refusalOf(() => split(`--${name}`, ""))).toStartWith(
        `Option --${name} needs a value: `,
      );
    },
  );
});

describe("numbers, as Getopt::Long takes them", () => {
  test.each([
    ["1_000", "1000"],
    ["+5", "5"],
    ["007", "7"],
    ["_1_", "1"],
    ["-3", "-3"],
    ["0.5", "0.5"],
    ["1e3", "1e3"],
    ["99999999999999999999", "99999999999999999999"],
  ])("%s is %s", (typed, value) => {
    expect(optionsIn(`--interval=${typed}`)).toEqual([`interval=${value}`]);
    expect(optionsIn("--backlog", typed)).toEqual([`backlog=${value}`]);
  });

  test("text stays as typed", () => {
    expect(optionsIn("--pid-file=007", "--port=08_0")).toEqual(["pid-file=007", "port=08_0"]);
  });
});

describe("unknown options", () => {
  test.each([
    ["--prot=80", 'Unknown option "--prot": did you mean --port?'],
    ["--pidfile=x", 'Unknown option "--pidfile": did you mean --pid-file?'],
    ["--status_file=x", 'Unknown option "--status_file": did you mean --status-file?'],
    ["-deamonize", 'Unknown option "-deamonize": did you mean --daemonize?'],
    ["--hlep", 'Unknown option "--hlep": did you mean --help?'],
    ["--rlimit-nofiles=9", 'Unknown option "--rlimit-nofiles": did you mean --rlimit-nofile?'],
    ["--demo-wroker", 'Unknown option "--demo-wroker": see --help for all options'],
    ["--frobnicate", 'Unknown option "--frobnicate": see --help for all options'],
    ["---port=80", 'Unknown option "---port": did you mean --port?'],
    ["-1", 'Unknown option "-1": see --help for all options'],
  ])("%s", (word, message) => {
    expect(refusalOf(() => split(word))).toBe(message);
  });

  test("an ambiguous prefix names what it could be", () => {
    expect(refusalOf(() => split("--signal-on=TERM"))).toBe(
      'Option "--signal-on=TERM" is ambiguous: it could be --signal-on-hup or --signal-on-term; type more of it',
    );
    expect(refusalOf(() => split("-p", "80"))).toBe(
      'Option "-p" is ambiguous: it could be --port, --path or --pid-file; type more of it',
    );
  });
});
