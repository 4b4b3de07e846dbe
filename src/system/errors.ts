/** What the operating system refused, in words that a user can act on. */

/** A call that failed, with its errno's name. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string;
  constructor(syscall: string, code: string) {
    super(`${syscall}: ${causes[code] ?? code}`);
    this.code = code;
  }
}

const causes: Readonly<Record<string, string>> = {
  E2BIG: "argument list too long",
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "this host has no such address",
  EAFNOSUPPORT: "address family not supported",
  EAGAIN: "out of processes for now",
  EDQUOT: "disk quota exceeded",
  EIO: "input/output error",
  EISDIR: "it is a directory",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "name too long",
  ENFILE: "too many open files in the system",
  ENOENT: "no such file or directory",
  ENOEXEC: "not an executable format",
  ENOMEM: "out of memory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENXIO: "nobody reads it",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
  ETXTBSY: "the file is being written",
};

/** The name of an errno. */
export function codeName(errno: number): string {
  // Loaded at the first failure: a plain start has none.
  const { constants } = process.getBuiltinModule("node:os");
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}

/** The errno's name of anything thrown by a system call, or "" where it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** The cause in a few words, with the errno's name for those who search for it. */
export function causeOf(error: unknown): string {
  const code = codeOf(error);
  const cause = causes[code];
  if (cause !== undefined) return `${cause} (${code})`;
  if (code !== "") return code;
  return error instanceof Error ? error.message : String(error);
}

/** Something that start-up needs was refused: one sentence for the user, exit code 1 unless said otherwise. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
