/**
 * Socket specifications: `--port` and `--path` as typed, to what must be bound, under which key and at
 * which descriptor number the worker finds it (SERVER_STARTER_PORT).
 */
import { UsageError } from "./usage-error.ts";

export type SocketSpec = PortSpec | PathSpec;

export interface PortSpec {
  readonly kind: "tcp" | "udp";
  /** As in SERVER_STARTER_PORT: the port, HOST:port or [v6]:port, as typed. */
  readonly key: string;
  /** null binds 0.0.0.0. */
  readonly host: string | null;
  readonly ipv6: boolean;
  readonly port: number;
  /** The descriptor number asked for, or null for the next free one. */
  readonly fd: number | null;
  /** How the user wrote it, for messages. */
  readonly option: string;
}

export interface PathSpec {
  readonly kind: "unix";
  readonly key: string;
  readonly path: string;
  readonly fd: null;
  readonly option: string;
}

/** What a sockaddr_un holds, less the closing NUL. */
const MAX_PATH_BYTES = 107;
/** The kernel's own bound on descriptor numbers (fs.nr_open's default). */
const MAX_FD = 1_048_575;

/** @throws UsageError when it is not of one of the forms, or out of range. */
export function parsePort(value: string): PortSpec {
  const option = `--port=${value}`;
  const plain = /^\s*(u?)(\d+)(?:\s*=(\d+))?\s*$/.exec(value);
  if (plain !== null) {
    const [, udp, port = "", fd] = plain;
    return portSpec({ option, key: port, host: null, ipv6: false, udp, port, fd });
  }
  const hosted = /^\s*(?:\[\s*)?([^\]]*?)\s*(?:\]\s*)?:\s*(u?)(\d+)(?:\s*=(\d+))?\s*$/.exec(value);
  if (hosted === null) {
    throw new UsageError(
      `Option ${option} is not a port: give PORT, HOST:PORT or [IPV6]:PORT, with u before a UDP port and =FD for a descriptor number`,
    );
  }
  const [, host = "", udp, port = "", fd] = hosted;
  if (host === "")
    throw new UsageError(`Option ${option} has no host: leave the colon out to listen on 0.0.0.0`);
  if (/[;=]/.test(host))
    throw new UsageError(
      `Option ${option} has a host that SERVER_STARTER_PORT cannot express: leave out ";" and "="`,
    );
  if (host.includes("%")) {
    throw new UsageError(
      `Option ${option} has an IPv6 zone, which is not supported: listen on [::] or on an address without a zone`,
    );
  }
  const ipv6 = host.includes(":");
  const key = ipv6 ? `[${host}]:${port}` : `${host}:${port}`;
  return portSpec({ option, key, host, ipv6, udp, port, fd });
}

/** @throws UsageError when it is too long for a socket address or cannot be written in SERVER_STARTER_PORT. */
export function parsePath(value: string): PathSpec {
  const option = `--path=${value}`;
  if (/[;=]/.test(value)) {
    throw new UsageError(
      `Option ${option} holds ";" or "=", which SERVER_STARTER_PORT cannot express: use another path`,
    );
  }
  const bytes = new TextEncoder().encode(value).length;
  if (bytes > MAX_PATH_BYTES) {
    throw new UsageError(
      `Option ${option} is too long for a unix socket: ${bytes} bytes, at most ${MAX_PATH_BYTES}; use a shorter or a relative path`,
    );
  }
  return { kind: "unix", key: value, path: value, fd: null, option };
}

/**
 * The descriptor number of each socket in the worker: those asked for, and 3, 4, … around them and
 * around `taken`.
 * @throws UsageError when one number is asked for twice, or is not below `limit`.
 */
export function assignDescriptors(
  specs: readonly SocketSpec[],
  taken: readonly number[],
  limit: number,
): number[] {
  const used = new Set<number>(taken);
  const asked = new Map<number, string>();
  for (const { fd, option } of specs) {
    if (fd === null) continue;
    const other = asked.get(fd);
    if (other !== undefined) {
      throw new UsageError(
        `Options ${other} and ${option} ask for the same descriptor number ${fd}: give each its own`,
      );
    }
    if (fd >= limit) {
      throw new UsageError(
        `Option ${option} asks for descriptor number ${fd}, but the worker's limit on open files is ${limit}: use a lower number or raise it with --rlimit-nofile`,
      );
    }
    asked.set(fd, option);
    used.add(fd);
  }
  let next = 3;
  return specs.map(({ fd, option }) => {
    if (fd !== null) return fd;
    while (used.has(next)) next += 1;
    if (next >= limit) {
      throw new UsageError(
        `Option ${option} would get descriptor number ${next}, but the worker's limit on open files is ${limit}: raise it with --rlimit-nofile`,
      );
    }
    used.add(next);
    return next;
  });
}

/** The value of SERVER_STARTER_PORT. */
export function serverStarterPort(specs: readonly SocketSpec[], fds: readonly number[]): string {
  return specs.map((spec, index) => `${spec.key}=${fds[index]}`).join(";");
}

interface PortParts {
  readonly option: string;
  readonly key: string;
  readonly host: string | null;
  readonly ipv6: boolean;
  readonly udp: string | undefined;
  readonly port: string;
  readonly fd: string | undefined;
}

function portSpec({ option, key, host, ipv6, udp, port, fd }: PortParts): PortSpec {
  if (Number(port) > 65_535) {
    throw new UsageError(
      `Option ${option} has port ${port}, but ports end at 65535: give a lower one`,
    );
  }
  if (fd !== undefined && Number(fd) > MAX_FD) {
    throw new UsageError(
      `Option ${option} has descriptor number ${fd}, but they end at ${MAX_FD}: give a lower one`,
    );
  }
  return {
    kind: udp === undefined || udp === "" ? "tcp" : "udp",
    key,
    host,
    ipv6,
    port: Number(port),
    fd: fd === undefined ? null : Number(fd),
    option,
  };
}
