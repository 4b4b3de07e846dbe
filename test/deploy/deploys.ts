/** Deploys a worker again and again while a client asks without pause. */
import { startLoad } from "../support/client.ts";
import type { Tally } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { listeningPort } from "../support/ports.ts";
import { readStatus } from "../support/status.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

/** How often each server is replaced. */
export const DEPLOYS = 50;

export interface Outcome {
  readonly tally: Tally;
  readonly exitCode: number;
}

/**
 * Starts the worker, sends it requests all the time, and replaces it: the next deploy follows when the new
 * generation is current and has answered.
 * @param options For start_server, such as its signals. @param command Default: the program under test.
 */
export async function deployUnderLoad(
  worker: readonly string[],
  {
    options = [],
    path = null,
    interval = 0.05,
    alone = false,
    command,
  }: {
    readonly options?: readonly string[];
    /** A unix socket's name instead of a port. */
    readonly path?: string | null;
    readonly interval?: number;
    /** Whether the old generation must be gone before the next deploy. */
    readonly alone?: boolean;
    readonly command?: readonly string[];
  } = {},
): Promise<Outcome> {
  using dir = tempDir();
  const status = dir.file("status");
  const socket = path === null ? "--port=127.0.0.1:0" : `--path=${dir.file(path)}`;
  await using server = startSupervisor(
    [socket, `--interval=${interval}`, `--status-file=${status}`, ...options, ...worker],
    command === undefined ? {} : { command },
  );
  const isCurrent = (generation: number): boolean => {
    const entries = readStatus(status);
    return (
      entries.some((entry) => entry.generation === generation) && (!alone || entries.length === 1)
    );
  };
  await eventually("the first worker is current", () => isCurrent(1));
  const load = startLoad(
    path === null ? { port: await listeningPort(server.pid) } : { path: dir.file(path) },
  );
  const hasAnswered = (generation: number): boolean => load.tally.generations.includes(generation);
  await eventually("the first generation answers", () => hasAnswered(1));
  for (let generation = 2; generation <= DEPLOYS + 1; generation += 1) {
    server.signal("SIGHUP");
    await eventually(`generation ${generation} is current`, () => isCurrent(generation));
    await eventually(`generation ${generation} answers`, () => hasAnswered(generation));
  }
  const tally = await load.stop();
  return { tally, exitCode: await server.stop() };
}
