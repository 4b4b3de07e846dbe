/** Host names to numbers, and whether two sockets come to the same address. */
import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { PathSpec, PortSpec, SocketSpec } from "../config/listen.ts";
import { UsageError } from "../config/usage-error.ts";
import { StartError } from "./errors.ts";

/** A specification with its host as a number. */
export type ResolvedSpec = (PortSpec & { readonly address: string }) | PathSpec;

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
