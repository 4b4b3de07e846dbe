/**
 * Makes the listening sockets. The supervisor never accepts on them: what `Bun.listen` makes is detached
 * from its event loop in the same tick, before anything can be accepted.
 */
import {
  accessSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  realpathSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { toBytes } from "../config/environment.ts";
import type { PathSpec, PortSpec, SocketSpec } from "../config/listen.ts";
import { UsageError } from "../config/usage-error.ts";
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

/** A specification with its host as a number. */
export type ResolvedSpec = (PortSpec & { readonly address: string }) | PathSpec;

export interface BoundSocket {
  readonly spec: SocketSpec;
  /** Our descriptor, closed on exec. */
  readonly fd: number;
  /** The file of a unix socket. */
  readonly made: MadeFile | null;
}

/**
 * Host names to numbers: the first IPv4 address, as Perl takes it.
 * @throws StartError for a host without one, UsageError when two sockets come to the same address.
 */
export async function resolveHosts(specs: readonly SocketSpec[]): Promise<ResolvedSpec[]> {
  const resolved = await Promise.all(
    specs.map(async (spec) =>
      spec.kind === "unix" ? spec : { ...spec, address: await resolve(spec) },
    ),
  );
  refuseTwins(resolved);
  return resolved;
}

/** The second port would fail when the first is bound; the second path would replace the first one's socket. */
function refuseTwins(specs: readonly ResolvedSpec[]): void {
  for (const [index, spec] of specs.entries()) {
    const twin = specs.slice(0, index).find((other) => isSameAddress(spec, other));
    if (twin === undefined) continue;
    throw new UsageError(
      `Options ${twin.option} and ${spec.option} ask for the same address: give it once`,
    );
  }
}

function isSameAddress(a: ResolvedSpec, b: ResolvedSpec): boolean {
  if (a.kind === "unix" || b.kind === "unix") {
    return a.kind === "unix" && b.kind === "unix" && realPath(a.path) === realPath(b.path);
  }
  // Port 0 is a different port each time.
  if (a.kind !== b.kind || a.ipv6 !== b.ipv6 || a.port !== b.port || a.port === 0) return false;
  const everywhere = a.ipv6 ? "::" : "0.0.0.0";
  return a.address === b.address || a.address === everywhere || b.address === everywhere;
}

function realPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

async function resolve({ host, ipv6, option }: PortSpec): Promise<string> {
  if (host === null) return "0.0.0.0";
  if (ipv6 ? isIpv6(host) : isIpv4(host)) return host;
  if (ipv6)
    throw new StartError(
      `Cannot listen on ${option}: "${host}" is not an IPv6 address; give one as [::1]:80`,
    );
  try {
    // getaddrinfo of the C library knows /etc/hosts and short forms such as 127.1.
    const [first] = await Bun.dns.lookup(host, { family: 4, backend: "libc" });
    if (first !== undefined) return first.address;
  } catch {
    // Said below.
  }
  throw new StartError(
    `Cannot listen on ${option}: host "${host}" has no IPv4 address; check the name or give a number`,
  );
}

// `node:net` knows this too, but loading it would take as long as all the rest of the start.
function isIpv4(host: string): boolean {
  const parts = host.split(".");
  return (
    parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}

function isIpv6(host: string): boolean {
  return URL.canParse(`http://[${host}]/`);
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
  const bytes = toBytes(path);
  const address = new Uint8Array(2 + bytes.length + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  for (let index = 0; index < bytes.length; index += 1)
    address[2 + index] = bytes.charCodeAt(index);
  const umask = process.umask(0);
  try {
    const fd = raise(libc, libc.bind(AF_UNIX, SOCK_STREAM, address), least);
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

/** sockaddr_in or sockaddr_in6 of a numeric address. */
function inetAddress(address: string, port: number, ipv6: boolean): Uint8Array {
  const bytes = new Uint8Array(ipv6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ipv6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (!ipv6) bytes.set(address.split(".").map(Number), 4);
  else ipv6Words(address).forEach((word, index) => view.setUint16(8 + 2 * index, word));
  return bytes;
}

/** The eight words of a valid IPv6 address. */
function ipv6Words(address: string): number[] {
  const plain = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, a, b, c, d) =>
      `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`,
  );
  const [head = "", tail] = plain.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((word) => parseInt(word, 16));
  if (tail === undefined) return words(head);
  const left = words(head);
  const right = words(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/**
 * What would fail at a path is found before any socket is bound or removed: the socket at another path may
 * be a living server's. @throws StartError
 */
function checkPath({ path, option }: PathSpec): void {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSocket()) {
      accessSync(dirname(path), constants.W_OK | constants.X_OK);
      return;
    }
    throw new StartError(
      `Cannot listen on ${option}: ${kindOf(stat)} is there, and only a socket would be replaced; remove it or use another path`,
    );
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `Cannot listen on ${option}: ${causeOf(error)}${pathAdvice(codeOf(error))}`,
    );
  }
}

function kindOf(stat: Stats): string {
  if (stat.isFile()) return "a regular file";
  if (stat.isDirectory()) return "a directory";
  if (stat.isSymbolicLink()) return "a symbolic link";
  return stat.isFIFO() ? "a FIFO" : "a device";
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

function pathAdvice(code: string): string {
  switch (code) {
    case "EACCES":
      return "; the directory must be writable";
    case "ENOENT":
      return "; create the directory first";
    case "ENOTDIR":
      return "; use a path in a directory";
    default:
      return "";
  }
}
