/** This program: how it was started, and how to start it once more. Byte strings where bytes matter. */
import { parseEnviron } from "../config/environment.ts";
import { procBytes } from "./proc.ts";

/** Arguments that make this program run again, before its own options. */
export function selfCommand(): string[] {
  const compiled = Bun.main.startsWith("/$bunfs/") || Bun.main.startsWith("B:/~BUN/");
  return compiled ? [process.execPath] : [process.execPath, Bun.main];
}

/** The environment that we were started with, byte for byte. */
export function ownEnvironment(): Map<string, string> {
  return parseEnviron(procBytes("self", "environ"));
}

/** All our arguments, byte for byte, with the program's name. */
export function ownArguments(): string[] {
  return procBytes("self", "cmdline").split("\0").slice(0, -1);
}

/** The last `count` arguments, byte for byte: the worker's program, of which we know the text. */
export function lastArguments(count: number): string[] {
  return count === 0 ? [] : ownArguments().slice(-count);
}
