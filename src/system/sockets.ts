/**
 * Makes the listening sockets. The supervisor never accepts on them: what `Bun.listen` makes is detached
 * from its event loop in the same tick, before anything can be accepted.
 */
import { closeSync, linkSync, renameSync, unlinkSync } from "node:fs";
import type { PathSpec, PortSpec, SocketSpec } from "../config/listen.ts";
import { StartError, causeOf, codeOf } from "./errors.ts";
import { madeFile, removeMade } from "./files.ts";
import type { MadeFile } from "./files.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_REUSEADDR,
} from "./libc.ts";
import type { Libc } from "./libc.ts";
import { descriptorsOf } from "./proc.ts";
import type { ResolvedSpec } from "./resolve.ts";
import { inetAddress, unixAddress } from "./sockaddr.ts";
import { checkPath, isSocket, pathAdvice } from "./socket-path.ts";

export interface BoundSocket {
  readonly spec: SocketSpec;
  /** Our descriptor, closed on exec. */
  readonly fd: number;
  /** The file of a unix socket. */
  readonly made: MadeFile | null;
}

/**
 * Binds all, or none: what was bound before a failure is closed and its files are removed.
 * @param least The lowest number that our descriptors may have.
 * @param note Told of each existing socket that is removed.
 * @throws StartError that names the option and the cause.
 */
export function bindSockets(
  libc: Libc | null,
  specs: readonly ResolvedSpec[],
  backlog: number,
  least: number,
  note: (line: string) => void,
): BoundSocket[] {
  for (const spec of specs) if (spec.kind === "unix") checkPath(spec);
  const bound: BoundSocket[] = [];
  try {
    for (const spec of specs) bound.push(bind(libc, spec, backlog, least, note));
  } catch (error) {
    for (const { made, fd } of bound) {
      if (made !== null) removeMade(made);
      closeSync(fd);
    }
    throw error;
  }
  return bound;
}

function bind(
  libc: Libc | null,
  spec: ResolvedSpec,
  backlog: number,
  least: number,
  note: (line: string) => void,
): BoundSocket {
  try {
    if (spec.kind === "unix") {
      if (isSocket(spec.path)) {
        note(`removing existing socket file:${spec.path}`);
        unlinkSync(spec.path);
      }
      const fd = libc === null ? bindPathWithBun(spec) : bindPath(libc, spec, backlog, least);
      return { spec, fd, made: madeFile(spec.path) };
    }
    if (spec.kind === "udp") {
      if (libc === null) throw new Error("UDP sockets need bun:ffi, which is refused here");
      return { spec, fd: bindUdp(libc, spec, least), made: null };
    }
    return { spec, fd: bindTcp(libc, spec, backlog, least), made: null };
  } catch (error) {
    throw new StartError(
      `Cannot listen on ${spec.option}: ${causeOf(error)}${advice(spec, codeOf(error))}`,
    );
  }
}

function bindTcp(
  libc: Libc | null,
  { address, port, ipv6 }: PortSpec & { readonly address: string },
  backlog: number,
  least: number,
): number {
  // `data` is never called: the listener is gone before the event loop sees it.
  const listening = { hostname: address, port, ipv6Only: ipv6, socket: { data: () => undefined } };
  const listener = Bun.listen(listening);
  const own = (listener as unknown as { readonly fd: number }).fd;
  try {
    if (libc === null) return duplicateWithBun(own);
    const fd = libc.duplicate(own, least);
    libc.setBlocking(fd);
    libc.listen(fd, backlog);
    return fd;
  } finally {
    listener.stop(true);
  }
}

function bindUdp(libc: Libc, spec: PortSpec & { readonly address: string }, least: number): number {
  const address = inetAddress(spec.address, spec.port, spec.ipv6);
  const fd = raise(libc, libc.bind(spec.ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, address), least);
  // After bind, so that the workers find it set as under Perl, but a second instance is refused.
  libc.setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return fd;
}

function bindPath(libc: Libc, { path }: PathSpec, backlog: number, least: number): number {
  const umask = process.umask(0);
  try {
    const fd = raise(libc, libc.bind(AF_UNIX, SOCK_STREAM, unixAddress(path)), least);
    libc.listen(fd, backlog);
    return fd;
  } finally {
    process.umask(umask);
  }
}

/** Moves the descriptor to a number of `least` or more, out of the way of the worker's numbers. */
function raise(libc: Libc, fd: number, least: number): number {
  if (fd >= least) return fd;
  const raised = libc.duplicate(fd, least);
  closeSync(fd);
  return raised;
}

/** stop() unlinks the path; a second name for the same file, taken back afterwards, survives that. */
function bindPathWithBun({ path }: PathSpec): number {
  const umask = process.umask(0);
  try {
    const listener = Bun.listen({ unix: path, socket: { data: () => undefined } });
    const spare = `${path}.${process.pid}`;
    try {
      linkSync(path, spare);
      return duplicateWithBun((listener as unknown as { readonly fd: number }).fd);
    } finally {
      listener.stop(true);
      renameSync(spare, path);
    }
  } finally {
    process.umask(umask);
  }
}

/** Writers that hold our duplicates: collected ones would close them. */
const kept: unknown[] = [];

/** Without libc: a file writer duplicates the descriptor it is given, and /proc tells which number it got. */
function duplicateWithBun(fd: number): number {
  const before = new Set(descriptorsOf("self").map((each) => each.fd));
  kept.push(Bun.file(fd).writer());
  const added = descriptorsOf("self").find(
    (each) => !before.has(each.fd) && each.target.startsWith("socket:"),
  );
  if (added === undefined) throw new Error("the descriptor could not be duplicated");
  return added.fd;
}

function advice(spec: SocketSpec, code: string): string {
  if (spec.kind === "unix") return pathAdvice(code);
  switch (code) {
    case "EADDRINUSE":
      return "; stop what uses it, or use another address";
    case "EACCES":
      return "; low ports need root, CAP_NET_BIND_SERVICE or a lower net.ipv4.ip_unprivileged_port_start";
    case "EADDRNOTAVAIL":
      return "; listen on an address of this host";
    default:
      return "";
  }
}
