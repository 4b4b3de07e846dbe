/**
 * Where the supervisor's own lines go: never blocks, never throws, never touches `process.stderr` (which
 * would make the descriptor non-blocking for the workers too).
 *
 * A pipe or a terminal is opened a second time, non-blocking, so that a reader that stalls stalls nobody
 * else. What is not taken at once is queued up to a bound, then dropped and counted.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { codeOf } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** Lines that wait for a stalled reader; more are dropped and counted. */
const MAX_QUEUED_LINES = 1_000;
/** Pauses between attempts while lines wait. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_600;
/** How long the end of the supervisor waits for a slow reader. */
const FINAL_FLUSH_MS = 200;

export interface LogSink {
  /** Write one line; the newline is added. */
  write(line: string): void;
  /** Write to another descriptor from now on. */
  retarget(fd: number): void;
  /** A last attempt to get rid of what waits; nothing is written after it. A pipe can end then. */
  finish(): void;
}

/** Takes some of the bytes, returns how many; throws with a code, EAGAIN when it takes none now. */
type Writer = (bytes: Uint8Array) => number;

interface Target {
  readonly write: Writer;
  /** A description of our own, to be closed. */
  readonly own: number | null;
}

export function createLogSink(libc: Libc | null, fd: number): LogSink {
  let target = openTarget(libc, fd);
  const queue: Uint8Array[] = [];
  let dropped = 0;
  let retryMs = FIRST_RETRY_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const drain = (): void => {
    clearTimeout(retry);
    retry = undefined;
    while (queue.length > 0) {
      const [head] = queue;
      if (head === undefined) return;
      const taken = attempt(target.write, head);
      if (taken === "later") {
        retry = setTimeout(drain, retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
        return;
      }
      if (taken === "never") {
        queue.shift();
        dropped += 1;
        continue;
      }
      retryMs = FIRST_RETRY_MS;
      if (taken < head.length) queue[0] = head.subarray(taken);
      else queue.shift();
    }
  };

  const enqueue = (line: string): void => {
    queue.push(new TextEncoder().encode(`${line}\n`));
  };

  return {
    write: (line) => {
      if (queue.length >= MAX_QUEUED_LINES) {
        dropped += 1;
        return;
      }
      if (dropped > 0 && queue.length < MAX_QUEUED_LINES / 2) {
        enqueue(`start_server: ${dropped} log lines were dropped`);
        dropped = 0;
      }
      enqueue(line);
      // While a retry is due, a stalled reader is not asked for every line.
      if (retry === undefined) drain();
    },
    retarget: (next) => {
      if (target.own !== null) closeSync(target.own);
      target = openTarget(libc, next);
      drain();
    },
    finish: () => {
      const deadline = performance.now() + FINAL_FLUSH_MS;
      drain();
      while (queue.length > 0 && performance.now() < deadline) {
        Bun.sleepSync(10);
        drain();
      }
      clearTimeout(retry);
      if (target.own !== null) closeSync(target.own);
      target = { write: refuse, own: null };
    },
  };
}

function attempt(write: Writer, bytes: Uint8Array): number | "later" | "never" {
  try {
    // Nothing taken and no error: asked again at once it would say the same for ever.
    return write(bytes) || "later";
  } catch (error) {
    return codeOf(error) === "EAGAIN" || codeOf(error) === "EWOULDBLOCK" ? "later" : "never";
  }
}

function openTarget(libc: Libc | null, fd: number): Target {
  const kind = kindOf(fd);
  switch (kind) {
    case "closed":
      return { write: refuse, own: null };
    case "file":
      // The workers share this description and its position, and a file takes what it is given.
      return { write: (bytes) => writeSync(fd, bytes), own: null };
    case "socket":
      // A socket cannot be opened a second time.
      return {
        write: libc === null ? (bytes) => writeSync(fd, bytes) : (bytes) => libc.send(fd, bytes),
        own: null,
      };
    case "stream": {
      const own = openAgain(fd);
      if (own !== null) return { write: (bytes) => writeSync(own, bytes), own };
      return { write: (bytes) => writeIfReady(libc, fd, bytes), own: null };
    }
    default:
      return kind satisfies never;
  }
}

function kindOf(fd: number): "closed" | "file" | "socket" | "stream" {
  try {
    const stat = fstatSync(fd);
    if (stat.isFile()) return "file";
    return stat.isSocket() ? "socket" : "stream";
  } catch {
    return "closed";
  }
}

/** A second, non-blocking description of a pipe or terminal; null where it is not ours to open. */
function openAgain(fd: number): number | null {
  try {
    return openSync(
      `/proc/self/fd/${fd}`,
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    return null;
  }
}

/** What a pipe takes at once when poll(2) calls it writable. */
const PIPE_BUF = 4096;

function writeIfReady(libc: Libc | null, fd: number, bytes: Uint8Array): number {
  if (libc !== null && !libc.isWritable(fd, 0))
    throw Object.assign(new Error(), { code: "EAGAIN" });
  return writeSync(fd, bytes.subarray(0, PIPE_BUF));
}

function refuse(): never {
  throw Object.assign(new Error(), { code: "EBADF" });
}
