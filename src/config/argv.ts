/**
 * Splits a command line the way Getopt::Long does for Server::Starter 0.35: one dash, two dashes or a
 * plus sign, any case, unique prefixes, values after `=` or as the next word. One deliberate difference:
 * options end at the program's name, so that the program's own options are never eaten.
 */
import { options } from "./options.ts";
import type { Option, OptionName } from "./options.ts";
import { UsageError } from "./usage-error.ts";

export interface Argv {
  /** The options in the order given, by their full names; a flag has the value "1". */
  readonly given: readonly { readonly name: OptionName; readonly value: string }[];
  /** The program and its arguments. */
  readonly program: readonly string[];
}

/** @throws UsageError for an unknown or ambiguous option, a missing value, or a value for a flag. */
export function splitArgv(argv: readonly string[]): Argv {
  const given: { name: OptionName; value: string }[] = [];
  let index = 0;
  for (; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (word === "--") {
      index += 1;
      break;
    }
    const match = /^(?:--|-|\+)([^=]+)(?:=(.*))?$/s.exec(word);
    if (match === null) break;
    const [, typed = "", attached] = match;
    const option = findOption(typed, word);
    if (option.type === "flag") {
      if (attached !== undefined) {
        throw new UsageError(
          `Option --${option.name} takes no value, but got "${attached}": leave it out`,
        );
      }
      given.push({ name: option.name, value: "1" });
      continue;
    }
    if (attached === undefined) index += 1;
    const value = attached ?? argv[index];
    const isNone = value === "" && attached === undefined && option.mayBeEmpty === true;
    if (value === undefined || (value === "" && !isNone)) {
      throw new UsageError(
        `Option --${option.name} needs a value: --${option.name}=${placeholder(option)}`,
      );
    }
    given.push({ name: option.name, value: normalized(option, value) });
  }
  return { given, program: argv.slice(index) };
}

function placeholder(option: Option): string {
  return option.placeholder ?? "VALUE";
}

/** Whole numbers as Getopt::Long takes them: with a sign, zeros in front, and underscores. */
function normalized(option: Option, value: string): string {
  const isNumber = option.type === "count" || option.type === "seconds";
  if (!isNumber || !/^[-+]?_*\d[\d_]*$/.test(value)) return value;
  return String(BigInt(value.replaceAll("_", "")));
}

/** An exact name wins; else a prefix that only one of 0.35's names has. Newer names are typed in full. */
function findOption(typed: string, word: string): Option {
  const name = typed.toLowerCase();
  const exact = options.find((option) => option.name === name);
  if (exact !== undefined) return exact;
  const candidates = options.filter(
    (option) => option.perl === true && option.name.startsWith(name),
  );
  const [first, ...others] = candidates;
  if (first === undefined) throw unknownOption(name, word);
  if (others.length === 0) return first;
  throw new UsageError(
    `Option "${word}" is ambiguous: it could be ${listNames(candidates.map((option) => option.name))}; type more of it`,
  );
}

function unknownOption(name: string, word: string): UsageError {
  const visible = options.filter((option) => option.hidden !== true).map((option) => option.name);
  const [nearest] = visible
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .filter(({ distance, known }) => distance <= Math.max(2, known.length / 4))
    .toSorted((a, b) => a.distance - b.distance);
  const hint =
    nearest === undefined ? "see --help for all options" : `did you mean --${nearest.known}?`;
  const shown = word.split("=", 1)[0];
  return new UsageError(`Unknown option "${shown}": ${hint}`);
}

function listNames(names: readonly string[]): string {
  const dashed = names.map((name) => `--${name}`);
  return `${dashed.slice(0, -1).join(", ")} or ${dashed.at(-1)}`;
}

/** Levenshtein's: how many letters must be added, removed or changed. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1),
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
