/** Which start_server the tests run: the compiled binary, the source, or Perl's. */
import { join } from "node:path";

export const root: string = join(import.meta.dir, "..", "..");

/** `START_SERVER_TARGET=source` runs the TypeScript, anything else the compiled binary. */
export const target: "source" | "compiled" =
  Bun.env["START_SERVER_TARGET"] === "source" ? "source" : "compiled";

/** The command that runs the program under test. */
export const ours: readonly string[] =
  target === "source"
    ? [process.execPath, join(root, "src", "main.ts")]
    : [join(root, "dist", "start_server")];

/** Server::Starter's own, or null where the Debian package libserver-starter-perl is missing. */
export const perls: readonly string[] | null = Bun.which("start_server", { PATH: "/usr/bin" }) === null ? null : ["/usr/bin/start_server"];

/** A fixture's path. */
export function fixture(name: string): string {
  return join(root, "test", "fixtures", name);
}
