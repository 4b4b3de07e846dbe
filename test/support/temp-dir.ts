/** A directory for one test, removed with all that is in it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface TempDir {
  readonly path: string;
  /** The path of a file in it. */
  file(name: string): string;
  /** What a file in it holds by now: nothing while it is not there yet. */
  text(name: string): string;
  [Symbol.dispose](): void;
}

/** @param files Names and contents; a content that starts with `#!` is made executable. */
export function tempDir(files: Readonly<Record<string, string>> = {}): TempDir {
  const path = mkdtempSync(join(tmpdir(), "start_server-"));
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  return {
    path,
    file: (name) => join(path, name),
    text: (name) => textOf(join(path, name)),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
