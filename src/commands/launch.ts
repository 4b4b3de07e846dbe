/** Who starts a supervisor, and what for. */
import { toBytes } from "../config/environment.ts";
import type { Config } from "../config/parse.ts";
import { lastArguments, ownEnvironment, selfCommand } from "../system/self.ts";

/** Who starts: the command line, or a program that embeds the supervisor. */
export interface Launch {
  /** The environment that workers inherit, byte strings. */
  readonly environment: Map<string, string>;
  /** The worker's command, byte strings. */
  readonly argv: readonly string[];
  /** Whether the process is ours alone, so that an error that nobody caught is for us to survive. */
  readonly ownsProcess: boolean;
}

/** The launch that the command line asks for. */
export function commandLineLaunch(config: Config): Launch {
  return {
    environment: ownEnvironment(),
    argv: config.demo
      ? [...selfCommand().map(toBytes), "--demo-worker"]
      : lastArguments(config.program.length),
    ownsProcess: true,
  };
}
