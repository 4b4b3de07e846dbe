/** Ports to listen on, and the moment when one opens. */
import { readFileSync } from "node:fs";

/** How long a start may take. */
const PATIENCE_MS = 15_000;

let next: number | null = null;

/**
 * A port that nobody listens on, from below those that the kernel gives to clients: among these a client
 * that asks again and again is connected to itself before long.
 */
export function freePort(): number {
  const [lowest = 32_768] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1")
    .trim()
    .split(/\s+/)
    .map(Number);
  next ??= lowest - 1 - Math.floor(Math.random() * lowest * 0.5);
  for (let tries = 0; tries < 1000; tries += 1) {
    next = next <= 2048 ? lowest - 1 : next - 1;
    if (isFree(next)) return next;
  }
  throw new Error("there is no free port");
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => undefined } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

/** When a connection was first taken. Asked without a pause: a refusal comes back within 0.1 ms. */
export async function opened(port: number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    try {
      const connection = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data: () => undefined },
      });
      const at = Bun.nanoseconds();
      connection.terminate();
      return at;
    } catch {
      // Refused: not yet.
    }
  }
  throw new Error(`port ${port} never opened`);
}
