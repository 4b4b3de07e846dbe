/**
 * The only file that imports `bun:ffi`: the calls that Bun has no function for, on Linux.
 *
 * FFI needs writable-executable memory. Where that is refused (MemoryDenyWriteExecute=yes, hardened
 * kernels) `openLibc` returns null, and the callers fall back or refuse. One library name serves both C
 * libraries: musl maps every "libc.*" to itself.
 */
import { dlopen, ptr, read } from "bun:ffi";
import { StringBlock, cString } from "./c-strings.ts";
import { SystemError, codeName } from "./errors.ts";

/** What a child process is made of. Strings are byte strings (Latin-1). */
export interface SpawnRequest {
  /** The executable's path; it is not searched for. */
  readonly file: string;
  readonly argv: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** Working directory, or null for ours. */
  readonly dir: string | null;
  /** Pairs of our descriptor and the child's number for it. Ours must not be one of the child's numbers. */
  readonly descriptors: readonly (readonly [ours: number, theirs: number])[];
  /** Make the child the leader of a new session. */
  readonly newSession: boolean;
}

/** RLIMIT_NOFILE; 2^64 - 1 stands for unlimited, as a number. */
export interface FileLimit {
  readonly soft: number;
  readonly hard: number;
}

export interface Libc {
  /** A duplicate numbered `least` or more, closed on exec. */
  duplicate(fd: number, least: number): number;
  /** Make `to` the same open file as `from`, kept over exec. */
  replace(from: number, to: number): void;
  setBlocking(fd: number): void;
  isTerminal(fd: number): boolean;
  setCloseOnExec(fd: number, close: boolean): void;
  /** (Re)set the backlog of a bound stream socket. */
  listen(fd: number, backlog: number): void;
  /** A bound socket, closed on exec and blocking. `address` is a sockaddr. */
  bind(family: number, type: number, address: Uint8Array): number;
  setSocketOption(fd: number, level: number, name: number, value: number): void;
  /** A pipe, closed on exec and blocking: the end to read, the end to write. */
  pipe(): [reader: number, writer: number];
  /** Lock the open file; false when somebody else holds the lock. Blocks if `wait`. */
  lock(fd: number, wait: boolean): boolean;
  /** Orphaned descendants become our children instead of init's. */
  becomeSubreaper(): void;
  /** The raw wait status of a dead child, reaped; null while it lives; "none" when it is no child of ours. */
  reap(pid: number): number | "none" | null;
  fileLimit(): FileLimit;
  setFileLimit(limit: FileLimit): void;
  /** @throws SystemError with the code of why no process was made. */
  spawn(request: SpawnRequest): number;
  /** How many bytes a socket took without blocking. @throws SystemError EAGAIN when it takes none now. */
  send(fd: number, bytes: Uint8Array): number;
  /** Whether a write to the descriptor would not block. */
  isWritable(fd: number, timeoutMs: number): boolean;
}

const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const SOCK_CLOEXEC = 0o2000000;
const LOCK_EX = 2;
const LOCK_NB = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const RLIMIT_NOFILE = 7;
const SIGPIPE = 13;
const POSIX_SPAWN_SETSIGDEF = 4;
const POSIX_SPAWN_SETSIGMASK = 8;
const POSIX_SPAWN_SETSID = 0x80;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POLLOUT = 4;

/** Sizes of opaque structures, rounded up: glibc's are 80, 336 and 128 bytes, musl's smaller. */
const FILE_ACTIONS_BYTES = 256;
const SPAWN_ATTRIBUTES_BYTES = 512;
const SIGSET_BYTES = 128;

const symbols = {
  __errno_location: { args: [], returns: "ptr" },
  bind: { args: ["int", "ptr", "u32"], returns: "int" },
  close: { args: ["int"], returns: "int" },
  dup2: { args: ["int", "int"], returns: "int" },
  fcntl: { args: ["int", "int", "i64"], returns: "int" },
  flock: { args: ["int", "int"], returns: "int" },
  isatty: { args: ["int"], returns: "int" },
  listen: { args: ["int", "int"], returns: "int" },
  pipe2: { args: ["ptr", "int"], returns: "int" },
  poll: { args: ["ptr", "u64", "int"], returns: "int" },
  posix_spawn: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "ptr"], returns: "int" },
  posix_spawn_file_actions_adddup2: { args: ["ptr", "int", "int"], returns: "int" },
  posix_spawn_file_actions_destroy: { args: ["ptr"], returns: "int" },
  posix_spawn_file_actions_init: { args: ["ptr"], returns: "int" },
  posix_spawnattr_destroy: { args: ["ptr"], returns: "int" },
  posix_spawnattr_init: { args: ["ptr"], returns: "int" },
  posix_spawnattr_setflags: { args: ["ptr", "i16"], returns: "int" },
  posix_spawnattr_setsigdefault: { args: ["ptr", "ptr"], returns: "int" },
  posix_spawnattr_setsigmask: { args: ["ptr", "ptr"], returns: "int" },
  prctl: { args: ["int", "u64", "u64", "u64", "u64"], returns: "int" },
  prlimit: { args: ["int", "int", "ptr", "ptr"], returns: "int" },
  send: { args: ["int", "ptr", "u64", "int"], returns: "i64" },
  setsockopt: { args: ["int", "int", "int", "ptr", "u32"], returns: "int" },
  socket: { args: ["int", "int", "int"], returns: "int" },
  waitpid: { args: ["int", "ptr", "int"], returns: "int" },
} as const;

/** Since glibc 2.29 and musl 1.1.24; older ones have the directory changed around the call. */
const chdirSymbol = {
  posix_spawn_file_actions_addchdir_np: { args: ["ptr", "ptr"], returns: "int" },
} as const;

let opened: Libc | null | undefined;

/** The library, opened once; null where FFI is refused or the system is not Linux. */
export function openLibc(): Libc | null {
  opened ??= tryOpen();
  return opened;
}

function tryOpen(): Libc | null {
  if (process.platform !== "linux") return null;
  try {
    return wrap(dlopen("libc.so.6", symbols).symbols, openChdir());
  } catch {
    return null;
  }
}

function openChdir(): ((actions: Uint8Array, dir: Uint8Array) => number) | null {
  try {
    const { symbols: found } = dlopen("libc.so.6", chdirSymbol);
    return (actions, dir) => found.posix_spawn_file_actions_addchdir_np(ptr(actions), ptr(dir));
  } catch {
    return null;
  }
}

type Pointer = ReturnType<typeof ptr>;
type Symbols = ReturnType<typeof dlopen<typeof symbols>>["symbols"];

function wrap(c: Symbols, addChdir: ReturnType<typeof openChdir>): Libc {
  const errnoAt = c.__errno_location();
  if (errnoAt === null) throw new Error("no errno");
  const check = (result: number, syscall: string): number => {
    if (result < 0) throw new SystemError(syscall, codeName(read.i32(errnoAt, 0)));
    return result;
  };
  const statusCell = new Int32Array(1);
  const pair = new Int32Array(2);
  const limits = new BigUint64Array(2);
  const scratch = createSpawnScratch();

  const libc: Libc = {
    duplicate: (fd, least) => check(c.fcntl(fd, F_DUPFD_CLOEXEC, least), "fcntl"),
    replace: (from, to) => void check(c.dup2(from, to), "dup2"),
    setBlocking: (fd) => {
      const flags = check(c.fcntl(fd, F_GETFL, 0), "fcntl");
      check(c.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), "fcntl");
    },
    isTerminal: (fd) => c.isatty(fd) === 1,
    setCloseOnExec: (fd, close) =>
      void check(c.fcntl(fd, F_SETFD, close ? FD_CLOEXEC : 0), "fcntl"),
    listen: (fd, backlog) => void check(c.listen(fd, backlog), "listen"),
    bind: (family, type, address) => {
      const fd = check(c.socket(family, type | SOCK_CLOEXEC, 0), "socket");
      try {
        if (family === AF_INET6) libc.setSocketOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        check(c.bind(fd, ptr(address), address.length), "bind");
      } catch (error) {
        c.close(fd);
        throw error;
      }
      return fd;
    },
    setSocketOption: (fd, level, name, value) =>
      void check(c.setsockopt(fd, level, name, ptr(Int32Array.of(value)), 4), "setsockopt"),
    pipe: () => {
      check(c.pipe2(ptr(pair), O_CLOEXEC), "pipe2");
      return [pair[0] as number, pair[1] as number];
    },
    lock: (fd, wait) => {
      if (c.flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) === 0) return true;
      const code = codeName(read.i32(errnoAt, 0));
      if (code === "EAGAIN" || code === "EWOULDBLOCK") return false;
      if (code === "EINTR") return libc.lock(fd, wait);
      throw new SystemError("flock", code);
    },
    becomeSubreaper: () => void check(c.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl"),
    reap: (pid) => {
      const result = c.waitpid(pid, ptr(statusCell), WNOHANG);
      if (result === 0) return null;
      return result === pid ? (statusCell[0] as number) : "none";
    },
    fileLimit: () => {
      check(c.prlimit(0, RLIMIT_NOFILE, null, ptr(limits)), "prlimit");
      return { soft: Number(limits[0]), hard: Number(limits[1]) };
    },
    setFileLimit: ({ soft, hard }) => {
      limits[0] = limitWord(soft);
      limits[1] = limitWord(hard);
      check(c.prlimit(0, RLIMIT_NOFILE, ptr(limits), null), "prlimit");
    },
    spawn: (request) => spawn(c, addChdir, scratch, request),
    send: (fd, bytes) =>
      check(Number(c.send(fd, ptr(bytes), bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)), "send"),
    isWritable: (fd, timeoutMs) => {
      const set = Int32Array.of(fd, POLLOUT);
      return c.poll(ptr(set), 1, timeoutMs) > 0;
    },
  };
  return libc;
}

/** Memory that posix_spawn reads and writes, used again each time: a fresh piece per spawn adds up. */
interface SpawnScratch {
  readonly actions: Uint8Array;
  readonly attributes: Uint8Array;
  readonly reset: Uint8Array;
  readonly unblocked: Uint8Array;
  readonly pid: Int32Array;
  readonly block: StringBlock;
}

function createSpawnScratch(): SpawnScratch {
  const everySignal = new Uint8Array(SIGSET_BYTES).fill(0xff);
  // SIGPIPE stays as Bun left it, ignored, as Server::Starter's workers find it.
  everySignal[(SIGPIPE - 1) >> 3] = 0xff & ~(1 << ((SIGPIPE - 1) & 7));
  return {
    actions: new Uint8Array(FILE_ACTIONS_BYTES),
    attributes: new Uint8Array(SPAWN_ATTRIBUTES_BYTES),
    reset: everySignal,
    unblocked: new Uint8Array(SIGSET_BYTES),
    pid: new Int32Array(1),
    block: new StringBlock(ptr),
  };
}

function spawn(
  c: Symbols,
  addChdir: ReturnType<typeof openChdir>,
  { actions, attributes, reset, unblocked, pid, block }: SpawnScratch,
  request: SpawnRequest,
): number {
  const dir = request.dir === null ? null : cString(request.dir);
  const environment = [...request.environment].map(([name, value]) => `${name}=${value}`);
  const { file, argv, envp } = block.write(request.file, request.argv, environment);

  c.posix_spawn_file_actions_init(ptr(actions));
  c.posix_spawnattr_init(ptr(attributes));
  const before = dir !== null && addChdir === null ? process.cwd() : null;
  try {
    for (const [ours, theirs] of request.descriptors) {
      c.posix_spawn_file_actions_adddup2(ptr(actions), ours, theirs);
    }
    if (dir !== null && addChdir !== null) addChdir(actions, dir);
    if (before !== null && request.dir !== null) process.chdir(request.dir);
    const session = request.newSession ? POSIX_SPAWN_SETSID : 0;
    c.posix_spawnattr_setflags(
      ptr(attributes),
      POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | session,
    );
    c.posix_spawnattr_setsigdefault(ptr(attributes), ptr(reset));
    c.posix_spawnattr_setsigmask(ptr(attributes), ptr(unblocked));
    const errno = c.posix_spawn(
      ptr(pid),
      file as Pointer,
      ptr(actions),
      ptr(attributes),
      argv as Pointer,
      envp as Pointer,
    );
    if (errno !== 0) throw new SystemError("posix_spawn", codeName(errno));
    return pid[0] as number;
  } finally {
    if (before !== null) process.chdir(before);
    c.posix_spawnattr_destroy(ptr(attributes));
    c.posix_spawn_file_actions_destroy(ptr(actions));
  }
}

const UNLIMITED = 2n ** 64n - 1n;

function limitWord(limit: number): bigint {
  return limit >= Number(UNLIMITED) ? UNLIMITED : BigInt(limit);
}

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
