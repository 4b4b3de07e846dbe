/** `npm start`: builds the program if that was not done yet, and runs it with its demo worker. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { must, root } from "./tools.mjs";

const PORT = 8080;

must("node", ["scripts/build.mjs"]);
console.error(`
Open http://localhost:${PORT}/ or run: curl localhost:${PORT}
Deploy the next generation with:      kill -HUP $(pgrep -xo start_server)
Stop with Ctrl-C
`);
const server = spawn(join(root, "dist", "start_server"), [`--port=${PORT}`, "--demo"], {
  stdio: "inherit",
});
// Ctrl-C reaches the server too: it ends, and so do we. What reaches npm alone is passed on.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill(signal));
server.on("exit", (code, signal) => process.exit(signal === null ? code : 1));
