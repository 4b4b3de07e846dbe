/** Which port a process listens on, read from /proc, for workers that do not say it. */
import { readFileSync } from "node:fs";
import { descriptorsOf } from "./proc.ts";
import { eventually } from "./eventually.ts";

const LISTEN = "0A";

/** The TCP port (IPv4) that one of the process's descriptors listens on, awaited. */
export function listeningPort(pid: number): Promise<number> {
  return eventually(`process ${pid} listens`, () => {
    const sockets = new Set(Object.values(descriptorsOf(pid)));
    for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [, local = "", , state] = fields;
      if (state !== LISTEN || !sockets.has(`socket:[${fields[9]}]`)) continue;
      return parseInt(local.split(":")[1] ?? "", 16);
    }
    return null;
  });
}
