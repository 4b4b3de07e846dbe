/** What a JavaScript worker imports, on Node and on Bun. It imports nothing of ours. */

/**
 * The listening sockets that start_server passed to this process.
 *
 * @returns A map from key to descriptor numbers, in the order of the command line. The key is what was
 * given to `--port` or `--path`: `"8080"`, `"127.0.0.1:8080"`, `"[::1]:8080"`, `"/run/app.sock"`. A key has
 * two numbers when TCP and UDP share a port. The map is empty when start_server listens on nothing.
 * @throws {Error} When SERVER_STARTER_PORT is not set: the process was not started by start_server.
 *
 * @example
 * const [fd] = serverPorts().get("8080") ?? [];
 * http.createServer(app).listen({ fd }); // Node
 * net.createServer((socket) => server.emit("connection", socket)).listen({ fd }); // Bun
 */
export function serverPorts(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Map<string, number[]> {
  const value = environment["SERVER_STARTER_PORT"];
  if (value === undefined) {
    throw new Error("SERVER_STARTER_PORT is not set: start this process with start_server");
  }
  const ports = new Map<string, number[]>();
  for (const entry of value.split(";")) {
    const equals = entry.lastIndexOf("=");
    if (equals < 0) continue;
    const key = entry.slice(0, equals);
    const fd = Number(entry.slice(equals + 1));
    ports.set(key, [...(ports.get(key) ?? []), fd]);
  }
  return ports;
}
