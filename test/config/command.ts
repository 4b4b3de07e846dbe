/** The command line as `main` takes it apart: split first, then understood. */
import { expect } from "bun:test";
import { parseArgs } from "citty";
import { splitArgv } from "../../src/config/argv.ts";
import { parseCommand } from "../../src/config/parse.ts";
import type { Command, Config, EnvironmentText } from "../../src/config/parse.ts";
import { UsageError } from "../../src/config/usage-error.ts";

export function parse(words: readonly string[], environment: EnvironmentText = {}): Command {
  return parseCommand(splitArgv(words), environment, parseArgs);
}

/** What a start with these options is configured as; the program is `worker`. */
export function configOf(words: readonly string[], environment: EnvironmentText = {}): Config {
  const command = parse([...words, "--", "worker"], environment);
  if (command.kind !== "start") throw new Error(`not a start but ${command.kind}`);
  return command.config;
}

/** The sentence with which `act` refuses, held to the house style. */
export function refusalOf(act: () => unknown): string {
  let refusal: unknown;
  try {
    act();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(UsageError);
  const { message } = refusal as UsageError;
  // One sentence that starts upper case, ends without a period, and says after a colon or a semicolon
  // what to do.
  expect(message).toMatch(/^[A-Z].*[:;] .*[^.]$/s);
  return message;
}
