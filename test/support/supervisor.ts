/** A supervisor under test, in a process of its own, killed with all its descendants at the end. */
import { readFileSync } from "node:fs";
import { eventually } from "./eventually.ts";
import { treeOf } from "./proc.ts";
import { ours } from "./program.ts";

export interface Supervisor {
  readonly pid: number;
  /** All lines of stdout and stderr so far, in the order of arrival per stream. */
  readonly stdout: string[];
  readonly stderr: string[];
  /** The first stderr line after `from` lines that matches, awaited. */
  line(pattern: RegExp, from?: number): Promise<string>;
  /** The first stdout line after `from` lines that matches, awaited. */
  output(pattern: RegExp, from?: number): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Exit code, or 128 + signal. */
  readonly exited: Promise<number>;
  /** TERM, then the exit code. */
  stop(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Options {
  /** Default: the program under test. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export function startSupervisor(args: readonly string[], options: Options = {}): Supervisor {
  const child = Bun.spawn([...(options.command ?? ours), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  void collect(child.stdout, stdout);
  void collect(child.stderr, stderr);
  const find =
    (lines: string[], name: string) =>
    (pattern: RegExp, from = 0) =>
      eventually(`${pattern} on ${name}\n--- stderr so far ---\n${stderr.join("\n")}\n---`, () =>
        lines.slice(from).find((line) => pattern.test(line)),
      ).catch((error: Error) => {
        throw new Error(`${error.message}\nstderr at the end:\n${stderr.join("\n")}`);
      });
  const seen = new Set<number>();
  return {
    pid: child.pid,
    stdout,
    stderr,
    line: find(stderr, "stderr"),
    output: find(stdout, "stdout"),
    signal: (name) => void process.kill(child.pid, name),
    exited: child.exited,
    stop: async () => {
      process.kill(child.pid, "SIGTERM");
      return child.exited;
    },
    [Symbol.asyncDispose]: async () => {
      for (const pid of treeOf(child.pid)) seen.add(pid);
      for (const pid of seen) kill(pid);
      await child.exited;
      // Children of workers that died with them may be anywhere by now; /proc says who is left.
      await eventually("every process of the test is gone", () =>
        [...seen].every((pid) => isGone(pid)),
      );
    },
  };
}

/** Runs the program under test to its end. */
export async function runToEnd(
  args: readonly string[],
  options: Options = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...(options.command ?? ours), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

async function collect(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
  if (rest !== "") lines.push(rest);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return true;
  }
}
