/** argv in, exit code out: the only caller of process.exit. What a command does not use is not loaded. */
import { parseCommand } from "./config/parse.ts";
import { UsageError } from "./config/usage-error.ts";
import { version } from "../package.json";

/** Wrong use, as opposed to what was asked for and failed. */
const USAGE_EXIT_CODE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv, Bun.env);
  switch (command.kind) {
    case "help": {
      const { helpText } = await import("./config/help.ts");
      console.log(helpText(Number(Bun.env["COLUMNS"]) || 80));
      return 0;
    }
    case "version":
      console.log(version);
      return 0;
    case "restart": {
      const { restart } = await import("./commands/restart.ts");
      return restart(command.pidFile, command.statusFile, console.error);
    }
    case "stop": {
      const { stop } = await import("./commands/stop.ts");
      return stop(command.pidFile, console.error);
    }
    case "demoWorker": {
      const { demoWorker } = await import("./demo/worker.ts");
      return demoWorker();
    }
    case "start": {
      const { commandLineLaunch, start } = await import("./commands/start.ts");
      return start(command.config, commandLineLaunch(command.config));
    }
    default:
      return command satisfies never;
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  const { message } = error as Error;
  if (error instanceof UsageError) {
    console.error(message);
    process.exit(USAGE_EXIT_CODE);
  }
  if (error instanceof Error && error.name === "StartError") {
    console.error(message);
    process.exit((error as Error & { readonly exitCode: number }).exitCode);
  }
  console.error(`BUG in start_server, please report it: ${message}`);
  process.exit(1);
}
