/** What stands at the path of a unix socket: a socket is replaced, anything else is refused. */
import { accessSync, constants, lstatSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname } from "node:path";
import type { PathSpec } from "../config/listen.ts";
import { StartError, causeOf, codeOf } from "./errors.ts";

export function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/**
 * What would fail at a path is found before any socket is bound or removed: the socket at another path may
 * be a living server's. @throws StartError
 */
export function checkPath({ path, option }: PathSpec): void {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSocket()) {
      accessSync(dirname(path), constants.W_OK | constants.X_OK);
      return;
    }
    throw new StartError(
      `Cannot listen on ${option}: ${kindOf(stat)} is there, and only a socket would be replaced; remove it or use another path`,
    );
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `Cannot listen on ${option}: ${causeOf(error)}${pathAdvice(codeOf(error))}`,
    );
  }
}

function kindOf(stat: Stats): string {
  if (stat.isFile()) return "a regular file";
  if (stat.isDirectory()) return "a directory";
  if (stat.isSymbolicLink()) return "a symbolic link";
  return stat.isFIFO() ? "a FIFO" : "a device";
}

/** What to do about the cause; empty where there is nothing to say. */
export function pathAdvice(code: string): string {
  switch (code) {
    case "EACCES":
      return "; the directory must be writable";
    case "ENOENT":
      return "; create the directory first";
    case "ENOTDIR":
      return "; use a path in a directory";
    default:
      return "";
  }
}
