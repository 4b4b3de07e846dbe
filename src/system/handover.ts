/**
 * What the foreground process of `--daemonize` hands to the daemon: descriptors at their numbers and what
 * the daemon could not find out again. It travels in one environment variable, which no worker sees.
 */
import type { BoundSocket } from "./sockets.ts";
import type { FileLimit } from "./libc.ts";
import type { LockedPidFile } from "./pid-file.ts";

const VARIABLE = "START_SERVER_HANDOVER";

export interface Handover {
  /** `session`: become a session leader and start the daemon, which then is none. `daemon`: supervise. */
  readonly stage: "session" | "daemon";
  readonly sockets: readonly BoundSocket[];
  readonly pidFile: LockedPidFile | null;
  readonly inherited: readonly number[];
  readonly limit: FileLimit;
  /** A pipe on which the daemon reports: an empty line when it is up, else the reason why not. */
  readonly report: number;
}

/** Every descriptor that must stay open. */
export function handoverDescriptors(handover: Handover): number[] {
  return [
    ...handover.sockets.map((socket) => socket.fd),
    ...(handover.pidFile === null ? [] : [handover.pidFile.fd]),
    ...handover.inherited,
    handover.report,
  ];
}

/** Reads the variable and takes it out of `environment`; null when this is no daemon in the making. */
export function takeHandover(environment: Map<string, string>): Handover | null {
  const value = environment.get(VARIABLE);
  environment.delete(VARIABLE);
  return value === undefined
    ? null
    : (JSON.parse(Buffer.from(value, "latin1").toString()) as Handover);
}

export function withHandover(
  environment: ReadonlyMap<string, string>,
  handover: Handover,
): Map<string, string> {
  const bytes = Buffer.from(JSON.stringify(handover)).toString("latin1");
  return new Map([...environment, [VARIABLE, bytes]]);
}
