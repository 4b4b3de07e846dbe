/**
 * `--restart`: send HUP and follow the deploy to its end. It succeeds when a new generation is current and
 * every process that served before is gone.
 *
 * It reads files only: `<status-file>.deploy` where our supervisor writes it, and the status file alone
 * with Perl's.
 */
import { readFileSync } from "node:fs";
import type { DeployReport } from "../supervisor/snapshot.ts";
import { StartError, causeOf } from "../system/errors.ts";
import { findRunning, signalSupervisor } from "./running.ts";

/** How often the files are looked at. */
const POLL_MS = 10;
/** After a failed try, how long a new current generation is waited for. */
const GIVE_UP_MS = 60_000;

interface Entry {
  readonly generation: number;
  readonly pid: string;
}

/** Resolves to the exit code: 0 deployed, 1 failed, 3 given up while start_server goes on trying. @throws StartError */
export async function restart(
  pidFile: string,
  statusFile: string,
  say: (line: string) => void,
): Promise<number> {
  const supervisor = findRunning("--restart", pidFile);
  const before = readStatus(statusFile);
  const reportBefore = readReport(statusFile, supervisor.pid);
  // A candidate is in no status file yet, but it lives, and so must go like the others.
  const newest = Math.max(
    reportBefore?.lastGeneration ?? 0,
    ...before.map((entry) => entry.generation),
  );
  signalSupervisor("--restart", supervisor.pid, "SIGHUP");

  let failedTries = 0;
  let failedAtMs: number | null = null;
  for (;;) {
    await Bun.sleep(POLL_MS);
    if (!supervisor.isRunning()) {
      throw new StartError(
        `Cannot --restart: start_server with pid ${supervisor.pid} ended before the deploy did`,
      );
    }
    const report = readReport(statusFile, supervisor.pid);
    const begun = report === null || report.deploy > (reportBefore?.deploy ?? -1);
    if (report !== null && begun && report.failedTries > failedTries) {
      failedTries = report.failedTries;
      failedAtMs ??= performance.now();
      say(`try ${failedTries} failed: ${report.reason}; the old generation stays, trying again`);
    }
    const serving = readStatusOr(statusFile, before);
    const current = report === null ? serving.length > 0 : begun && report.state === "current";
    const oldGone = serving.every(({ generation }) => generation > newest);
    if (current && oldGone && serving.length > 0) return 0;
    if (report?.state === "current" && begun) failedAtMs = null;
    if (failedAtMs !== null && performance.now() - failedAtMs > GIVE_UP_MS) {
      say(
        `Gave up --restart ${GIVE_UP_MS / 1000} seconds after the first failed try: ${report?.reason}; start_server keeps the old generation and goes on trying`,
      );
      return 3;
    }
  }
}

/** @throws StartError when it cannot be read. */
function readStatus(path: string): Entry[] {
  try {
    return [...readFileSync(path, "latin1").matchAll(/^(\d+):(\d+)$/gm)].map(
      ([, generation, pid]) => ({
        generation: Number(generation),
        pid: pid ?? "",
      }),
    );
  } catch (error) {
    throw new StartError(`Cannot --restart: --status-file=${path}: ${causeOf(error)}`);
  }
}

/** While the supervisor ends the file may be gone: its lock will tell. */
function readStatusOr(path: string, otherwise: Entry[]): Entry[] {
  try {
    return readStatus(path);
  } catch {
    return otherwise;
  }
}

/** Null when there is none of this supervisor. */
function readReport(statusFile: string, supervisor: number): DeployReport | null {
  try {
    const report = JSON.parse(readFileSync(`${statusFile}.deploy`, "utf8")) as DeployReport;
    return report.version === 1 && report.supervisor === supervisor ? report : null;
  } catch {
    return null;
  }
}
