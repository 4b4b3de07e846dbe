/**
 * The worker's environment: what start_server was given, what its options export, what the envdir says.
 *
 * Names and values are byte strings: one character a byte (Latin-1), so that what is not UTF-8 reaches the
 * worker unchanged.
 */
import type { Settings } from "../supervisor/state.ts";

export type Environment = ReadonlyMap<string, string>;

/** `NAME=value` entries, as in /proc/self/environ. */
export function parseEnviron(block: string): Map<string, string> {
  const environment = new Map<string, string>();
  for (const entry of block.split("\0")) {
    const equals = entry.indexOf("=");
    if (equals <= 0) continue;
    const name = entry.slice(0, equals);
    if (!environment.has(name)) environment.set(name, entry.slice(equals + 1));
  }
  return environment;
}

/** Text as the byte string of its UTF-8 form. */
export function toBytes(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** A byte string as text, what is not UTF-8 replaced. */
export function fromBytes(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

export interface EnvironmentSources {
  readonly base: Environment;
  /** Variables that options export: they beat `base`. */
  readonly exported: Environment;
  /** Variables of the envdir: they beat both. */
  readonly envdir: Environment;
  readonly serverStarterPort: string;
  readonly generation: number;
}

export function workerEnvironment(sources: EnvironmentSources): Map<string, string> {
  const environment = new Map([...sources.base, ...sources.exported, ...sources.envdir]);
  // Server::Starter adds it once its first worker is up.
  if (
    sources.generation > 1 &&
    isTrue(environment.get("ENABLE_AUTO_RESTART")) &&
    !isTrue(environment.get("AUTO_RESTART_INTERVAL"))
  ) {
    environment.set("AUTO_RESTART_INTERVAL", String(DEFAULT_AUTO_RESTART_SECONDS));
  }
  environment.set("SERVER_STARTER_PORT", toBytes(sources.serverStarterPort));
  environment.set("SERVER_STARTER_GENERATION", String(sources.generation));
  return environment;
}

const DEFAULT_AUTO_RESTART_SECONDS = 360;
/** How long the old worker is kept beside the new one when restarts are automatic. */
const AUTO_RESTART_KILL_OLD_DELAY_SECONDS = 5;

/**
 * The settings that the environment carries, after options and envdir had their say.
 * A value that is no number counts as the default.
 */
export function settingsFrom(environment: Environment): Settings {
  const automatic = isTrue(environment.get("ENABLE_AUTO_RESTART"));
  const autoRestartSeconds = parseSeconds(environment.get("AUTO_RESTART_INTERVAL"));
  const killOldDelaySeconds = parseSeconds(environment.get("KILL_OLD_DELAY"));
  return {
    autoRestartSeconds: automatic ? autoRestartSeconds || DEFAULT_AUTO_RESTART_SECONDS : null,
    killOldDelaySeconds:
      killOldDelaySeconds ?? (automatic ? AUTO_RESTART_KILL_OLD_DELAY_SECONDS : 0),
  };
}

/** The longest time that a timer here is armed for: a hundred years keeps sums exact. */
export const MAX_SECONDS = 3_155_760_000;

/** A number of seconds, or null where the text is none. */
export function parseSeconds(text: string | undefined): number | null {
  if (text === undefined || !/^\s*\+?(?:\d+(?:\.\d*)?|\.\d+)\s*$/.test(text)) return null;
  const seconds = Number(text);
  return seconds <= MAX_SECONDS ? seconds : null;
}

/** Whether Perl takes the value for true: set, and neither empty nor "0". */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}
