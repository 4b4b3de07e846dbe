/** Publishes the state: `--status-file` in Server::Starter's format, and `<file>.deploy` in ours. */
import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { deployReport, statusFile } from "../supervisor/snapshot.ts";
import type { State } from "../supervisor/state.ts";
import { StartError, causeOf } from "./errors.ts";
import { removeMade, replaceFile } from "./files.ts";
import type { MadeFile } from "./files.ts";
import type { Log } from "./log.ts";

export interface Announcer {
  announce(state: State): void;
  /** Remove the files. */
  withdraw(): void;
}

/** A file that could not be written is stale, and so a lie: how soon it is tried again. */
const RETRY_MS = 1_000;

/** @throws StartError when no file can be made where the status file belongs. */
export function checkStatusFile(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw new StartError(
      `Cannot write --status-file=${path}: ${causeOf(error)}; its directory must exist and be writable`,
    );
  }
}

export function createAnnouncer(path: string | null, log: Log): Announcer {
  if (path === null) return { announce: () => undefined, withdraw: () => undefined };
  const status = publishedFile(path, 0o666, log);
  // It holds what a failed worker wrote, one day: nobody else's business.
  const deploy = publishedFile(`${path}.deploy`, 0o600, log);
  return {
    announce: (state) => {
      if (state.booted) status.publish(statusFile(state));
      deploy.publish(`${JSON.stringify(deployReport(state, process.pid))}\n`);
    },
    withdraw: () => {
      status.withdraw();
      deploy.withdraw();
    },
  };
}

function publishedFile(
  path: string,
  mode: number,
  log: Log,
): { publish(content: string): void; withdraw(): void } {
  let published: string | null = null;
  let made: MadeFile | null = null;
  /** The trouble already told: a full disk is one line, not one per event. */
  let told = "";
  let retry: ReturnType<typeof setTimeout> | undefined;
  const publish = (content: string): void => {
    clearTimeout(retry);
    if (content === published) return;
    try {
      made = replaceFile(path, content, mode);
      published = content;
      told = "";
    } catch (error) {
      const trouble = `cannot write --status-file ${path}: ${causeOf(error)}`;
      if (trouble !== told) log("error", trouble);
      told = trouble;
      retry = setTimeout(publish, RETRY_MS, content);
    }
  };
  return {
    publish,
    withdraw: () => {
      clearTimeout(retry);
      if (made !== null) removeMade(made);
    },
  };
}
