/**
 * `--log-file="| command"`: a shell command that reads everybody's output from a pipe.
 *
 * The supervisor keeps both ends of the pipe, so that no writer ever sees a broken one: a command that
 * dies is started again and goes on where the last one stopped. A command that keeps dying is given up
 * until the next USR1, and what would fill the pipe is read, counted and dropped.
 */
import { closeSync, constants, openSync } from "node:fs";
import { causeOf } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { createLogSink } from "./log-sink.ts";
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

/** @param note Told, for the log itself, what a reader of it must know about gaps. */
export function createLogCommand(
  libc: Libc,
  command: string,
  note: (line: string) => void,
): LogCommand {
  const [reader, writer] = libc.pipe();
  /** Where the command's own output goes: where ours went before. */
  const stdout = libc.duplicate(1, 3);
  const stderr = libc.duplicate(2, 3);
  let child: Bun.Subprocess | null = null;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closing = false;
  let dropping: Dropping | null = null;

  const start = (): void => {
    const startedMs = performance.now();
    try {
      child = Bun.spawn(["/bin/sh", "-c", command], { stdio: [reader, stdout, stderr] });
    } catch (error) {
      ended(startedMs, `cannot be started: ${causeOf(error)}`);
      return;
    }
    const { exited } = child;
    leaveToBun(child);
    const onEnd = (code?: number): void => ended(startedMs, `ended with exit code ${code}`);
    exited.then(onEnd, () => onEnd());
  };

  const ended = (startedMs: number, how: string): void => {
    child = null;
    if (closing) return;
    failures = performance.now() - startedMs >= HEALTHY_MS ? 1 : failures + 1;
    if (failures < MAX_FAILURES) {
      note(`the command of --log-file ${how}, starting it again`);
      pause = setTimeout(start, failures === 1 ? 0 : FIRST_PAUSE_MS * 2 ** (failures - 2));
      return;
    }
    // The log cannot tell: what was our stderr before must.
    const before = createLogSink(libc, stderr);
    before.write(
      `start_server (pid:${process.pid}): the command of --log-file ${how} ${failures} times in a row, its input is dropped until USR1: ${command}`,
    );
    before.finish();
    dropping ??= dropAll(reader);
  };

  return {
    writer,
    start,
    restart: () => {
      if (child !== null) return;
      clearTimeout(pause);
      const dropped = dropping?.stop() ?? 0;
      dropping = null;
      failures = 0;
      start();
      if (dropped > 0) note(`${dropped} bytes for the command of --log-file were dropped`);
    },
    release: () => {
      libc.replace(stdout, 1);
      libc.replace(stderr, 2);
    },
    close: async () => {
      closing = true;
      clearTimeout(pause);
      dropping?.stop();
      closeSync(writer);
      closeSync(reader);
      if (child !== null) await Promise.race([child.exited, Bun.sleep(CLOSE_MS)]);
    },
  };
}

interface Dropping {
  /** @returns How many bytes were dropped. */
  stop(): number;
}

/** Reads the pipe and drops what it reads, on a description of our own: the next command's must block. */
function dropAll(reader: number): Dropping {
  const own = openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY | constants.O_NONBLOCK);
  const stream = Bun.file(own).stream().getReader();
  let stopped = false;
  let dropped = 0;
  const next = async (): Promise<void> => {
    while (!stopped) {
      const { done, value } = await stream.read();
      if (done) return;
      dropped += value.length;
    }
  };
  next().catch(() => undefined);
  return {
    stop: () => {
      stopped = true;
      stream.cancel().catch(() => undefined);
      closeSync(own);
      return dropped;
    },
  };
}
