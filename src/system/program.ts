/** Finds the program the way execvp(3) does, in the worker's PATH and seen from its directory. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { fromBytes } from "../config/environment.ts";
import type { SpawnFault } from "../supervisor/messages.ts";
import { causeOf, codeOf } from "./errors.ts";

/** A program that cannot be started, with one clause that says why. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  readonly fault: SpawnFault;
  constructor(fault: SpawnFault, reason: string) {
    super(reason);
    this.fault = fault;
  }
}

/** What execvp(3) searches when PATH is not set. */
const DEFAULT_PATH = "/bin:/usr/bin";

/**
 * @param program Byte string, as typed.
 * @param path The worker's PATH, a byte string.
 * @param dir The worker's directory, or null for ours.
 * @returns The path to execute, seen from `dir`.
 * @throws ProgramError
 */
export function findProgram(program: string, path: string | undefined, dir: string | null): string {
  if (program === "")
    throw new ProgramError("missing", 'program "" has no name: give its name or path');
  if (program.includes("/")) {
    const refusal = executeRefusal(program, dir);
    if (refusal !== null) throw refused(program, refusal);
    return program;
  }
  let denied: unknown = null;
  for (const directory of (path ?? DEFAULT_PATH).split(":")) {
    const candidate = `${directory === "" ? "." : directory}/${program}`;
    const refusal = executeRefusal(candidate, dir);
    if (refusal === null) return candidate;
    if (faultOf(refusal) === "notExecutable") denied ??= refusal;
  }
  if (denied !== null) throw refused(program, denied);
  throw new ProgramError(
    "missing",
    `program "${fromBytes(program)}" is not in PATH: give its path, or set PATH`,
  );
}

/** The worker's directory, which may be a symlink that a deploy moves. @throws ProgramError */
export function checkDir(dir: string): void {
  try {
    if (statSync(dir).isDirectory()) {
      accessSync(dir, constants.X_OK);
      return;
    }
  } catch (error) {
    throw new ProgramError(
      "transient",
      `--dir "${dir}": ${causeOf(error)}; give an existing directory`,
    );
  }
  throw new ProgramError(
    "transient",
    `--dir "${dir}": not a directory (ENOTDIR); give an existing directory`,
  );
}

/** Why a found file could not be executed after all: `error` is what posix_spawn said. */
export function explainSpawn(
  error: unknown,
  program: string,
  file: string,
  dir: string | null,
): ProgramError {
  if (codeOf(error) === "ENOENT" && executeRefusal(file, dir) === null) {
    const missing = interpreterFault(program, file, dir);
    if (missing !== null) return missing;
    return new ProgramError(
      "notExecutable",
      `program "${fromBytes(program)}": its dynamic loader does not exist (ENOENT); was it built for another system?`,
    );
  }
  return refused(program, error);
}

function refused(program: string, error: unknown): ProgramError {
  const advice =
    codeOf(error) === "EACCES"
      ? "; it must be executable (chmod +x), on a file system that allows it"
      : "";
  return new ProgramError(
    faultOf(error),
    `program "${fromBytes(program)}": ${causeOf(error)}${advice}`,
  );
}

/** @throws ProgramError when the program is a script whose interpreter cannot be run. */
export function checkInterpreter(program: string, file: string, dir: string | null): void {
  const fault = interpreterFault(program, file, dir);
  if (fault !== null) throw fault;
}

/** A script whose interpreter is missing fails with the script's name and "no such file", which misleads. */
function interpreterFault(program: string, file: string, dir: string | null): ProgramError | null {
  const interpreter = interpreterOf(file, dir);
  if (interpreter === null) return null;
  const refusal = executeRefusal(interpreter, dir);
  if (refusal === null) return null;
  const advice = interpreter.endsWith("\r") ? "; the script has line ends of Windows" : "";
  return new ProgramError(
    "notExecutable",
    `program "${fromBytes(program)}": its interpreter "${fromBytes(interpreter)}": ${causeOf(refusal)}${advice}`,
  );
}

function faultOf(error: unknown): SpawnFault {
  switch (codeOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return "missing";
    case "EACCES":
    case "EISDIR":
    case "ELOOP":
    case "ENAMETOOLONG":
    case "ENOEXEC":
    case "EPERM":
    case "E2BIG":
      return "notExecutable";
    default:
      return "transient";
  }
}

/** Null when the file may be executed; else what stands against it. */
function executeRefusal(file: string, dir: string | null): unknown {
  const path = seenFrom(dir, file);
  try {
    // In most directories of PATH it is not, and an error takes longer to make than all the rest here.
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return { code: "ENOENT" };
    if (stat.isDirectory()) return { code: "EISDIR" };
    // The kernel executes nothing else, and to look into a FIFO would block.
    if (!stat.isFile()) return { code: "EACCES" };
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    return error;
  }
}

/** How much of a script the kernel looks at. */
const FIRST_LINE_BYTES = 256;

/** What stands after `#!`, a byte string; null for what is no script, or not ours to read. */
function interpreterOf(file: string, dir: string | null): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(seenFrom(dir, file), "r");
    const head = Buffer.alloc(FIRST_LINE_BYTES);
    const length = readSync(fd, head);
    return /^#![ \t]*([^ \t\n\0]+)/.exec(head.toString("latin1", 0, length))?.[1] ?? null;
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function seenFrom(dir: string | null, file: string): Buffer {
  const joined =
    dir === null || file.startsWith("/") ? file : `${Buffer.from(dir).toString("latin1")}/${file}`;
  return Buffer.from(joined, "latin1");
}
