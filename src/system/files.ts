/** Files that the supervisor makes: written by rename, removed only while they are still the ones it made. */
import { lstatSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";

/** A file as made: its path and what stands behind it. */
export interface MadeFile {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

/** Note the file at `path` as made by us. */
export function madeFile(path: string): MadeFile {
  const { dev, ino } = lstatSync(path);
  return { path, device: dev, inode: ino };
}

/** Unlink the file, unless another one has taken its place. */
export function removeMade(made: MadeFile): void {
  try {
    const { dev, ino } = lstatSync(made.path);
    if (dev === made.device && ino === made.inode) unlinkSync(made.path);
  } catch {
    // It is gone, or out of reach: nothing of ours is left to remove.
  }
}

/** Replace the file's content so that a reader sees the old or the new one, never a part. */
export function replaceFile(path: string, content: string, mode: number): MadeFile {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, content, { mode });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return madeFile(path);
}
