/** The supervisor inside another Bun program. */
import { parseArgs } from "citty";
import { start } from "./commands/start.ts";
import type { Argv } from "./config/argv.ts";
import { toBytes } from "./config/environment.ts";
import type { OptionName } from "./config/options.ts";
import { parseCommand } from "./config/parse.ts";
import { UsageError } from "./config/usage-error.ts";
import type { StartServerOptions } from "./index.ts";

export { restart } from "./commands/restart.ts";
export { stop } from "./commands/stop.ts";

/** See `startServer` in index.ts. */
export async function embeddedStart({ exec, ...options }: StartServerOptions): Promise<number> {
  const split = { given: givenOptions(options), program: exec };
  const command = parseCommand(split, process.env, parseArgs);
  if (command.kind !== "start") throw new UsageError("startServer takes no verbs");
  // The program may have changed its environment since it was started, so /proc would not tell.
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) environment.set(toBytes(name), toBytes(value));
  }
  return start(command.config, { environment, argv: exec.map(toBytes), ownsProcess: false });
}

function givenOptions(options: Omit<StartServerOptions, "exec">): Argv["given"] {
  return Object.entries(options).flatMap(([key, value]) => {
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) as OptionName;
    if (value === undefined || value === false) return [];
    const values: readonly (string | number | true)[] = Array.isArray(value) ? value : [value];
    return values.map((each) => ({ name, value: each === true ? "1" : String(each) }));
  });
}
