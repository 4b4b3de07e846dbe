/** Runs a command line that must be refused, and holds the refusal to what every refusal owes its user. */
import { expect } from "bun:test";
import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { ours } from "../support/program.ts";
import { runToEnd } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

/** A directory with a worker that leaves a trace when it runs. */
export function site(files: Readonly<Record<string, string>> = {}): TempDir {
  return tempDir({ worker: '#!/bin/sh\ntouch "$(dirname "$0")/ran"\n', ...files });
}

/**
 * As a user without rights, who may read everything: this repository may lie in somebody's private
 * directory. Only root can become one.
 */
export const unprivileged: readonly string[] = [
  ...["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
  ...["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--", ...ours],
];

export interface Refusal {
  readonly code: number;
  readonly line: string;
}

/**
 * Runs it in `dir`: one line on stderr, nothing on stdout, and every file in the directory as before. The
 * worker would leave a file, so that none ran either.
 */
export async function refusal(
  dir: TempDir,
  args: readonly string[],
  options: {
    readonly command?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Refusal> {
  const before = contentsOf(dir.path);
  const { code, stdout, stderr } = await runToEnd(args, { cwd: dir.path, ...options });
  const [line = "", ...others] = stderr.split("\n");
  // A sentence that starts upper case and ends without a period; no second line, so no stack trace.
  expect({ stdout, line, others }).toEqual({
    ...{ stdout: "", others: [""] },
    line: expect.stringMatching(/^[A-Z].*[^.]$/),
  });
  expect(line).not.toContain("BUG");
  expect(contentsOf(dir.path)).toEqual(before);
  return { code, line };
}

/** Every file below the directory: what it is, and what it holds. Symbolic links are not followed. */
function contentsOf(directory: string): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    contents[path] = describe(path);
    if (entry.isDirectory()) Object.assign(contents, contentsOf(path));
  }
  return contents;
}

function describe(path: string): string {
  const stat = lstatSync(path);
  const identity = `${stat.mode} ${stat.ino}`;
  if (stat.isFile()) return `${identity} ${readFileSync(path, "latin1")}`;
  return stat.isSymbolicLink() ? `${identity} ${readlinkSync(path)}` : identity;
}
