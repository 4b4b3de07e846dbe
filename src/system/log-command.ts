/**
 * `--log-file="| command"`: a shell command that reads everybody's output from a pipe.
 *
 * The supervisor keeps both ends of the pipe, so that no writer ever sees a broken one: a command that
 * dies is started again and goes on where the last one stopped. A command that keeps dying is given up
 * until the next USR1, and what would fill the pipe is read and dropped.
 */
import { closeSync, constants, openSync } from "node:fs";
import type { Libc } from "./libc.ts";
import { leaveToBun } from "./processes.ts";

/** Deaths in a row before the command is given up. */
const MAX_FAILURES = 5;
const FIRST_PAUSE_MS = 100;
/** A command that lived this long had not failed to start. */
const HEALTHY_MS = 10_000;
/** How long the end of the supervisor waits for the command to read the rest. */
const CLOSE_MS = 5_000;

export interface LogCommand {
  /** The end that everybody writes to. */
  readonly writer: number;
  start(): void;
  /** After it was given up: try again. */
  restart(): void;
  /** Give our own stdout and stderr back, so that the pipe can end. */
  release(): void;
  /** End the pipe and wait for the command. */
  close(): Promise<void>;
}

export function createLogCommand(libc: Libc, command: string): LogCommand {
  const [reader, writer] = libc.pipe();
  /** Where the command's own output goes: where ours went before. */
  const stdout = libc.duplicate(1, 3);
  const stderr = libc.duplicate(2, 3);
  let child: Bun.Subprocess | null = null;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closing = false;
  let stopDropping: (() => void) | null = null;

  const start = (): void => {
    const startedMs = performance.now();
    try {
      child = Bun.spawn(["/bin/sh", "-c", command], { stdio: [reader, stdout, stderr] });
    } catch {
      ended(startedMs);
      return;
    }
    leaveToBun(child);
    const onEnd = (): void => ended(startedMs);
    child.exited.then(onEnd, onEnd);
  };

  const ended = (startedMs: number): void => {
    child = null;
    if (closing) return;
    failures = performance.now() - startedMs >= HEALTHY_MS ? 1 : failures + 1;
    if (failures > MAX_FAILURES) stopDropping ??= dropAll(reader);
    else pause = setTimeout(start, failures === 1 ? 0 : FIRST_PAUSE_MS * 2 ** (failures - 2));
  };

  return {
    writer,
    start,
    restart: () => {
      if (child !== null) return;
      clearTimeout(pause);
      stopDropping?.();
      stopDropping = null;
      failures = 0;
      start();
    },
    release: () => {
      libc.replace(stdout, 1);
      libc.replace(stderr, 2);
    },
    close: async () => {
      closing = true;
      clearTimeout(pause);
      stopDropping?.();
      closeSync(writer);
      closeSync(reader);
      if (child !== null) await Promise.race([child.exited, Bun.sleep(CLOSE_MS)]);
    },
  };
}

/** Reads the pipe and drops what it reads, on a description of our own: the next command's must block. */
function dropAll(reader: number): () => void {
  const own = openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY | constants.O_NONBLOCK);
  const stream = Bun.file(own).stream().getReader();
  let stopped = false;
  const next = async (): Promise<void> => {
    while (!stopped) {
      const { done } = await stream.read();
      if (done) return;
    }
  };
  next().catch(() => undefined);
  return () => {
    stopped = true;
    stream.cancel().catch(() => undefined);
    closeSync(own);
  };
}
