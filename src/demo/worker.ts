/** The worker of `--demo`: says which generation answers, and leaves gracefully on TERM. */
import { createServer } from "node:http";
import { createServer as createListener } from "node:net";
import { serverPorts } from "../worker.ts";

/** How long a connection without a request is waited for. */
const IDLE_MS = 2_000;

/** Resolves to the exit code when it was told to leave and has answered what it had accepted. */
export function demoWorker(): Promise<number> {
  const generation = Bun.env["SERVER_STARTER_GENERATION"];
  const http = createServer((request, response) => {
    response.setHeader("content-type", "text/plain; charset=utf-8");
    // A connection that is kept would keep its generation.
    response.setHeader("connection", "close");
    response.end(`generation ${generation}, pid ${process.pid}, ${request.url}\n`);
  });
  // Bun's http.Server would listen somewhere else when given a descriptor; node:net adopts it.
  const listeners = [...serverPorts().values()]
    .flat()
    .map((fd) => createListener((socket) => http.emit("connection", socket)).listen({ fd }));
  return new Promise((resolve) => {
    process.on("SIGTERM", () => {
      let open = listeners.length;
      if (open === 0) resolve(0);
      for (const listener of listeners) {
        listener.close(() => {
          open -= 1;
          if (open === 0) resolve(0);
        });
      }
      // Not at once: a request may be on its way on what seems idle. Browsers connect long before they ask.
      setTimeout(() => http.closeIdleConnections(), IDLE_MS);
    });
  });
}
