/**
 * The command line and the environment, to what is to be done. Pure: nothing is looked up, bound or
 * started here, so that a wrong option costs nothing.
 */
import type { ArgsDef, parseArgs } from "citty";
import type { Argv } from "./argv.ts";
import { MAX_SECONDS, isTrue, parseSeconds, toBytes } from "./environment.ts";
import { parsePath, parsePort } from "./listen.ts";
import type { SocketSpec } from "./listen.ts";
import { options } from "./options.ts";
import type { Option, OptionName } from "./options.ts";
import { parseSignal } from "./signals.ts";
import { UsageError } from "./usage-error.ts";

/** How to supervise: everything that `start` needs to know. */
export interface Config {
  /** Ports in command-line order, then paths. */
  readonly sockets: readonly SocketSpec[];
  readonly backlog: number;
  /** The program and its arguments; empty with `demo`. */
  readonly program: readonly string[];
  readonly demo: boolean;
  readonly dir: string | null;
  readonly envdir: string | null;
  /** Variables that options export to the worker, as byte strings. */
  readonly exported: ReadonlyMap<string, string>;
  readonly rlimitNofile: { readonly soft: number; readonly hard: number | null } | null;
  readonly waitForProgram: boolean;
  readonly intervalMs: number;
  readonly signalOnHup: string;
  readonly signalOnTerm: string;
  readonly pidFile: string | null;
  readonly statusFile: string | null;
  readonly logFile: LogTarget | null;
  readonly daemonize: boolean;
}

export type LogTarget =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "command"; readonly command: string };

export type Command =
  | { readonly kind: "start"; readonly config: Config }
  | { readonly kind: "restart"; readonly pidFile: string; readonly statusFile: string }
  | { readonly kind: "stop"; readonly pidFile: string };

/** The environment as text; only the variables of the option table are read. */
export type EnvironmentText = Readonly<Record<string, string | undefined>>;

/** The largest backlog that listen(2) can be given: an int. */
const MAX_BACKLOG = 2_147_483_647;
const DEFAULT_BACKLOG = 4096;

/** citty's `parseArgs`. */
export type ParseArgs = typeof parseArgs;

/** Whether an option was given that is not a socket: loading citty takes longer than binding a port. */
export function needsParser({ given }: Argv): boolean {
  return given.some(({ name }) => !isRepeatable(name));
}

/**
 * @param parser Null where `needsParser` is false.
 * @throws UsageError with one sentence that names the option and quotes its value.
 */
export function parseCommand(
  split: Argv,
  environment: EnvironmentText,
  parser: ParseArgs | null,
): Command {
  // The environment says how to supervise. A worker has it too, and must not stumble over it in a verb.
  const isVerb = split.given.some(({ name }) => name === "restart" || name === "stop");
  const values = valuesOf(split, isVerb ? {} : environment, parser);
  if (values.flag("restart")) {
    const pidFile = values.text("pid-file");
    const statusFile = values.text("status-file");
    if (pidFile === null || statusFile === null) {
      throw new UsageError(
        "Option --restart needs --pid-file and --status-file as well: those of the start_server that is meant",
      );
    }
    return { kind: "restart", pidFile, statusFile };
  }
  if (values.flag("stop")) {
    const pidFile = values.text("pid-file");
    if (pidFile === null)
      throw new UsageError(
        "Option --stop needs --pid-file as well: that of the start_server that is meant",
      );
    return { kind: "stop", pidFile };
  }
  return { kind: "start", config: configOf(split, values) };
}

function configOf({ given, program }: Argv, values: Values): Config {
  const demo = values.flag("demo");
  if (demo && program.length > 0) {
    throw new UsageError(
      `Option --demo runs a built-in worker, but a program was given, "${program[0]}": leave one of them out`,
    );
  }
  if (!demo && program.length === 0) {
    throw new UsageError(
      "No program given: start_server [options] -- program [arguments], or --demo",
    );
  }
  const all = (name: OptionName): string[] =>
    given.filter((each) => each.name === name).map((each) => each.value);
  const log = values.text("log-file");
  const daemonize = values.flag("daemonize");
  if (daemonize && log === null)
    throw new UsageError(
      "Option --daemonize needs --log-file as well: in the background there is nowhere else to write to",
    );
  return {
    sockets: [...all("port").map(parsePort), ...all("path").map(parsePath)],
    // Perl's: 0 means the default.
    backlog: values.count("backlog", MAX_BACKLOG) || DEFAULT_BACKLOG,
    program,
    demo,
    dir: values.text("dir"),
    envdir: values.text("envdir"),
    exported: exportedVariables(given),
    rlimitNofile: parseRlimit(values.text("rlimit-nofile")),
    waitForProgram: values.flag("wait-for-program"),
    intervalMs: Math.round((values.seconds("interval") ?? 1) * 1000),
    signalOnHup: values.signal("signal-on-hup") ?? "TERM",
    signalOnTerm: values.signal("signal-on-term") ?? "TERM",
    pidFile: values.text("pid-file"),
    statusFile: values.text("status-file"),
    logFile: log === null ? null : parseLogTarget(log),
    daemonize,
  };
}

/** One value per option, typed. The last one given wins, then the environment. */
interface Values {
  flag(name: OptionName): boolean;
  text(name: OptionName): string | null;
  count(name: OptionName, max: number): number | null;
  seconds(name: OptionName): number | null;
  signal(name: OptionName): string | null;
}

function valuesOf(split: Argv, environment: EnvironmentText, parser: ParseArgs | null): Values {
  const parsed = parser === null ? {} : parseOptions(split, parser);
  /** The value and where it came from, for messages. */
  const find = (name: OptionName): { value: string; source: string } | null => {
    const value = parsed[name];
    if (typeof value === "string") return { value, source: `Option --${name}=${value}` };
    const variable = variableOf(name);
    const inherited = variable === undefined ? undefined : environment[variable];
    if (inherited === undefined || inherited === "") return null;
    return { value: inherited, source: `Environment variable ${variable}=${inherited}` };
  };
  const values: Values = {
    flag: (name) => {
      const variable = variableOf(name);
      return parsed[name] === true || (variable !== undefined && isTrue(environment[variable]));
    },
    text: (name) => find(name)?.value || null,
    count: (name, max) => {
      const found = find(name);
      if (found === null) return null;
      if (!/^\+?\d+$/.test(found.value) || Number(found.value) > max) {
        throw new UsageError(`${found.source} is not a whole number: give one from 0 to ${max}`);
      }
      return Number(found.value);
    },
    seconds: (name) => {
      const found = find(name);
      if (found === null) return null;
      const seconds = parseSeconds(found.value);
      if (seconds === null) {
        throw new UsageError(
          `${found.source} is not a number of seconds: give one from 0 to ${MAX_SECONDS}, such as 1 or 0.5`,
        );
      }
      return seconds;
    },
    signal: (name) => {
      const found = find(name);
      if (found === null || found.value === "") return null;
      const signal = parseSignal(found.value);
      if (signal === null) {
        throw new UsageError(
          `${found.source} is not a signal: give a name, such as TERM, or a number from 1 to 64`,
        );
      }
      return signal;
    },
  };
  checkTypes(values);
  return values;
}

/** The last value of each option that counts once. */
function parseOptions(
  { given }: Argv,
  parser: ParseArgs,
): Record<string, string | boolean | undefined> {
  const once = given.filter(({ name }) => !isRepeatable(name));
  // Only what was given is defined: a definition costs more than a look at it.
  const argsDef: ArgsDef = Object.fromEntries(
    once.map(({ name }) => [name, { type: typeOf(name) === "flag" ? "boolean" : "string" }]),
  );
  const canonical = once.map(
    ({ name, value }) => `--${name}${typeOf(name) === "flag" ? "" : `=${value}`}`,
  );
  return parser(canonical, argsDef) as Record<string, string | boolean | undefined>;
}

/** Every value is checked, needed or not, so that a wrong one is never passed over in silence. */
function checkTypes(values: Values): void {
  for (const option of options) {
    switch (option.type) {
      case "seconds":
        values.seconds(option.name);
        break;
      case "signal":
        values.signal(option.name);
        break;
      case "count":
        values.count(option.name, MAX_BACKLOG);
        break;
      case "text":
      case "flag":
        break;
      default:
        option.type satisfies never;
    }
  }
}

function isRepeatable(name: OptionName): boolean {
  return options.find((option) => option.name === name)?.repeats === true;
}

function typeOf(name: OptionName): Option["type"] | undefined {
  return options.find((option) => option.name === name)?.type;
}

function variableOf(name: OptionName): string | undefined {
  return options.find((option) => option.name === name)?.env;
}

function exportedVariables(given: Argv["given"]): Map<string, string> {
  const exported = new Map<string, string>();
  for (const { name, value } of given) {
    const variable = variableOf(name);
    if (variable !== undefined) exported.set(variable, toBytes(value));
  }
  return exported;
}

function parseRlimit(value: string | null): Config["rlimitNofile"] {
  if (value === null) return null;
  const match = /^(\d+)(?::(\d+))?$/.exec(value);
  const soft = Number(match?.[1]);
  const hard = match?.[2] === undefined ? null : Number(match[2]);
  if (match === null || !Number.isSafeInteger(soft) || !Number.isSafeInteger(hard ?? 0)) {
    throw new UsageError(
      `Option --rlimit-nofile=${value} is not SOFT or SOFT:HARD: give numbers, such as 1024 or 1024:4096`,
    );
  }
  if (hard !== null && soft > hard) {
    throw new UsageError(
      `Option --rlimit-nofile=${value} has a soft limit above the hard one: swap or change them`,
    );
  }
  return { soft, hard };
}

function parseLogTarget(value: string): LogTarget {
  const piped = /^\s*\|\s*(.*)$/s.exec(value);
  if (piped === null) return { kind: "file", path: value };
  const command = piped[1] ?? "";
  if (command.trim() === "")
    throw new UsageError(
      `Option --log-file=${value} has no command after the bar: --log-file="| command"`,
    );
  return { kind: "command", command };
}
