/** The envdir: a file per variable, its name the variable's, its first line the value. */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { toBytes } from "../config/environment.ts";
import { codeOf } from "./errors.ts";

/**
 * Variables as byte strings. Dotfiles are skipped, an empty file sets nothing, a directory that is not
 * there is empty.
 * @throws when the directory is there but cannot be read: its variables must not seem to be gone.
 */
export function readEnvdir(dir: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const name of namesIn(dir)) {
    const content = contentOf(`${dir}/${name}`);
    if (content === null || content === "" || name.includes("=")) continue;
    const line = content.split("\n", 1)[0] ?? "";
    // A NUL would end the value anyway, in the middle of the environment.
    variables.set(toBytes(name), line.split("\0", 1)[0] ?? "");
  }
  return variables;
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => !name.startsWith("."));
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

function contentOf(path: string): string | null {
  try {
    // A FIFO or a device would block the supervisor for ever.
    return statSync(path).isFile() ? readFileSync(path, "latin1") : null;
  } catch (error) {
    if (codeOf(error) === "EMFILE" || codeOf(error) === "ENFILE") throw error;
    return null;
  }
}
