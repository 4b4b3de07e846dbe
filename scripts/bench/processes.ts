/**
 * Starting what is measured, with a clock that adds little, and ending it. Whatever was started is known
 * here until it is gone.
 *
 * Workers report on descriptor 3, a socket that both programs pass on as they pass on every descriptor
 * from 3 that their launcher left open. Reports are taken by the event loop the moment they come: nothing
 * is polled.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { freezeTree } from "./proc.ts";

/** Far above what anything takes: who is silent for so long is broken. */
const PATIENCE_MS = 15_000;

export interface Report {
  /** When it came, as `Bun.nanoseconds()` counts. */
  readonly at: number;
  readonly text: string;
}

export interface Started {
  readonly pid: number;
  /** Just before it was made. */
  readonly startedAt: number;
  /** The exit code and when it came. */
  readonly ended: Promise<{ readonly code: number | null; readonly at: number }>;
  /** The next report that passes, oldest first; others stay for later. */
  report(what: string, passes: (text: string) => boolean): Promise<Report>;
  /**
   * Kill it and its tree, and wait until it is gone. It is not asked: Perl's sleeps through `--interval`
   * first, and now and then misses a TERM that comes early.
   */
  end(): Promise<void>;
}

/** Roots of what lives. */
const living = new Set<number>();
let count = 0;

/** @param reporting Whether descriptor 3 is there to report on. */
export async function start(
  { scratch }: Bench,
  command: readonly string[],
  reporting: boolean,
): Promise<Started> {
  count += 1;
  const stderr = join(scratch, `stderr.${count}`);
  const ended = Promise.withResolvers<{ code: number | null; at: number }>();
  const startedAt = Bun.nanoseconds();
  const child = Bun.spawn([...command], {
    cwd: scratch,
    env: { PATH: Bun.env["PATH"] ?? "" },
    stdio: ["ignore", "ignore", Bun.file(stderr), ...(reporting ? (["pipe"] as const) : [])],
    onExit: ({ pid }, code) => {
      living.delete(pid);
      ended.resolve({ code, at: Bun.nanoseconds() });
    },
  });
  const { pid } = child;
  living.add(pid);
  const mailbox = createMailbox();
  if (reporting) await deliver(child.stdio[3] as unknown as number, mailbox.take);

  return {
    pid,
    startedAt,
    ended: ended.promise,
    report: (what, passes) =>
      within(mailbox.next(passes), what).catch((error: Error) => {
        throw new Error(`${error.message}; stderr: ${lastLines(stderr)}`);
      }),
    end: async () => {
      if (!living.has(pid)) return;
      killTree(pid);
      await within(ended.promise, `${command[0]} ends when killed`);
    },
  };
}

/** Kill what lives, at once. */
export function endAll(): void {
  for (const pid of living) killTree(pid);
}

/** @throws when it takes too long. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: tooLong, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`it never came to pass that ${what}`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

export function milliseconds(from: number, to: number): number {
  return (to - from) / 1e6;
}

async function deliver(fd: number, take: (at: number, bytes: Uint8Array) => void): Promise<void> {
  const options = {
    fd,
    socket: { data: (_: unknown, bytes: Uint8Array) => take(Bun.nanoseconds(), bytes) },
  };
  // Bun takes a descriptor here, its types do not know it.
  await Bun.connect(options as unknown as Parameters<typeof Bun.connect>[0]);
}

function createMailbox() {
  const waiting: { passes: (text: string) => boolean; resolve: (report: Report) => void }[] = [];
  const kept: Report[] = [];
  let rest = "";
  const offer = (report: Report): void => {
    const taker = waiting.findIndex(({ passes }) => passes(report.text));
    if (taker < 0) kept.push(report);
    else waiting.splice(taker, 1)[0]?.resolve(report);
  };
  return {
    take: (at: number, bytes: Uint8Array): void => {
      const lines = (rest + new TextDecoder().decode(bytes)).split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) offer({ at, text });
    },
    next: (passes: (text: string) => boolean): Promise<Report> => {
      const found = kept.findIndex(({ text }) => passes(text));
      const [report] = found < 0 ? [] : kept.splice(found, 1);
      if (report !== undefined) return Promise.resolve(report);
      return new Promise((resolve) => void waiting.push({ passes, resolve }));
    },
  };
}

function killTree(root: number): void {
  for (const pid of freezeTree(root)) process.kill(pid, "SIGKILL");
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, "utf8").trim().split("\n").slice(-3).join(" / ") || "nothing";
  } catch {
    return "nothing";
  }
}
