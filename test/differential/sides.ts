/** Both programs under one scenario: Server::Starter's and ours, each in a directory of its own. */
import { readFileSync, readdirSync } from "node:fs";
import { ours, perls } from "../support/program.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

export interface Side {
  /** The command that runs the program. */
  readonly command: readonly string[];
  /** Where its files are. */
  readonly dir: TempDir;
}

/**
 * What the scenario comes to on each side, run at the same time.
 * @param files What is in the directory before.
 */
export async function onBothSides<T>(
  files: Readonly<Record<string, string>>,
  scenario: (side: Side) => Promise<T>,
): Promise<{ readonly perl: T; readonly own: T }> {
  using perlDir = tempDir(files);
  using ownDir = tempDir(files);
  const [perl, own] = await Promise.all([
    scenario({ command: perls, dir: perlDir }),
    scenario({ command: ours, dir: ownDir }),
  ]);
  return { perl, own };
}

/** Lines without what differs from run to run: pids by their order of appearance, the directory's path. */
export function normalized(lines: readonly string[], { dir }: Side): string[] {
  const names = new Map<string, string>();
  const name = (pid: string): string => {
    if (!names.has(pid)) names.set(pid, `PID${names.size + 1}`);
    return names.get(pid) ?? pid;
  };
  return lines.map((line) =>
    line
      .replaceAll(dir.path, "DIR")
      .replaceAll(
        /\b(?:pid:|worker |workers:|to all workers:|,)(?=\d)(\d+)/g,
        (match, pid: string) => match.replace(pid, name(pid)),
      ),
  );
}

/** Names of the files that are in the directory. */
export function filesIn({ dir }: Side): string[] {
  return readdirSync(dir.path).toSorted();
}

/** The file's content, or null when it is not there. */
export function contentOf({ dir }: Side, name: string): string | null {
  try {
    return readFileSync(dir.file(name), "latin1");
  } catch {
    return null;
  }
}
