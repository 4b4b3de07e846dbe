/**
 * A load client that counts: every request ends as answered or as failed, and a failure has its kind.
 *
 * One connection per request, so that each meets whatever listens at that moment.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";

/** Where to connect to. */
export type Address = { readonly port: number } | { readonly path: string };

/**
 * - `refused`: nobody listens. - `reset`: the connection was cut.
 * - `empty`: it was closed without an answer. - `wrong`: it was answered with something else.
 */
export type Failure = "refused" | "reset" | "empty" | "wrong" | "timeout";

export interface Tally {
  answered: number;
  readonly failed: Record<Failure, number>;
  /** Generations in the order in which they first answered. */
  readonly generations: number[];
}

export interface Load {
  /** What has been counted so far. */
  readonly tally: Tally;
  /** Let the requests under way end; then the final count. */
  stop(): Promise<Tally>;
}

/** Far longer than any answer takes: who has waited this long has been forgotten. */
const TIMEOUT_MS = 15_000;
/** A bound for a load that nobody stops. */
const MAX_REQUESTS = 200_000;

/** Keeps `clients` requests under way until it is stopped. */
export function startLoad(address: Address, clients = 4): Load {
  const tally: Tally = {
    answered: 0,
    failed: { refused: 0, reset: 0, empty: 0, wrong: 0, timeout: 0 },
    generations: [],
  };
  let stopped = false;
  let left = MAX_REQUESTS;
  const keepAsking = async (): Promise<void> => {
    while (!stopped && left > 0) {
      left -= 1;
      count(tally, await request(address));
    }
  };
  const all = Promise.all(Array.from({ length: clients }, keepAsking));
  return {
    tally,
    stop: async () => {
      stopped = true;
      await all;
      return tally;
    },
  };
}

function count(tally: Tally, outcome: number | Failure): void {
  if (typeof outcome !== "number") {
    tally.failed[outcome] += 1;
    return;
  }
  tally.answered += 1;
  if (!tally.generations.includes(outcome)) tally.generations.push(outcome);
}

/** All failures of a tally. */
export function failures(tally: Tally): number {
  return Object.values(tally.failed).reduce((sum, each) => sum + each, 0);
}

/** One request on a connection of its own: the generation that answered it, or how it failed. */
export function request(address: Address): Promise<number | Failure> {
  return new Promise((resolve) => {
    let answer = "";
    let cause: Failure | null = null;
    const socket: Socket = connect(address as { port: number });
    socket.setTimeout(TIMEOUT_MS, () => {
      cause = "timeout";
      socket.destroy();
    });
    socket.on("connect", () =>
      socket.write("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"),
    );
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const refused = error.code === "ECONNREFUSED" || error.code === "ENOENT";
      cause = refused ? "refused" : "reset";
    });
    socket.on("close", () => resolve(cause ?? judge(answer)));
  });
}

/** Workers answer `GENERATION …` as their body. */
function judge(answer: string): number | Failure {
  if (answer === "") return "empty";
  const match = /^HTTP\/1\.[01] 200 [^]*?\r\n\r\n(?:[0-9a-f]+\r\n)?(?:generation )?(\d+)\b/.exec(
    answer,
  );
  return match === null ? "wrong" : Number(match[1]);
}
