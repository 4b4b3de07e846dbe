/** argv in, exit code out: the only caller of process.exit. What a command does not use is not loaded. */
import { splitArgv } from "./config/argv.ts";
import type { OptionName } from "./config/options.ts";
import { UsageError } from "./config/usage-error.ts";
import { StartError, causeOf, codeOf } from "./system/errors.ts";
import { version } from "../package.json";

/** Wrong use, as opposed to what was asked for and failed. */
const USAGE_EXIT_CODE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const split = splitArgv(argv);
  const asked = (name: OptionName): boolean => split.given.some((option) => option.name === name);
  if (asked("help")) {
    const { helpText } = await import("./config/help.ts");
    return print(helpText(Number(Bun.env["COLUMNS"]) || 80));
  }
  if (asked("version")) return print(version);
  if (asked("demo-worker")) {
    const { demoWorker } = await import("./demo/worker.ts");
    return demoWorker();
  }
  const { needsParser, parseCommand } = await import("./config/parse.ts");
  const parser = needsParser(split) ? (await import("citty")).parseArgs : null;
  const command = parseCommand(split, Bun.env, parser);
  switch (command.kind) {
    case "restart": {
      const { restart } = await import("./commands/restart.ts");
      return restart(command.pidFile, command.statusFile, console.error);
    }
    case "stop": {
      const { stop } = await import("./commands/stop.ts");
      return stop(command.pidFile, console.error);
    }
    case "start": {
      const { startHere } = await import("./commands/start.ts");
      return startHere(command.config);
    }
    default:
      return command satisfies never;
  }
}

/** A full disk is a failure; a reader that has seen enough is none. */
async function print(text: string): Promise<number> {
  try {
    await Bun.write(Bun.stdout, `${text}\n`);
  } catch (error) {
    if (codeOf(error) !== "EPIPE")
      throw new StartError(`Cannot write to stdout: ${causeOf(error)}`);
  }
  return 0;
}

/** What went wrong, as one line and an exit code. */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    complain(error.message);
    return USAGE_EXIT_CODE;
  }
  if (error instanceof StartError) {
    complain(error.message);
    return error.exitCode;
  }
  complain(
    `BUG in start_server, please report it: ${error instanceof Error ? error.message : String(error)}`,
  );
  return 1;
}

/** A value that the message quotes may hold line ends, or what a terminal would obey. */
function complain(message: string): void {
  console.error(
    message.replace(
      /\p{Cc}/gu,
      (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    ),
  );
}

process.exit(await main(process.argv.slice(2)).catch(report));
