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

/** Server::Starter's own, of the Debian package libserver-starter-perl. */
export const perls: readonly string[] = ["/usr/bin/start_server"];

/** A fixture's path. */
export function fixture(name: string): string {
  return join(root, "test", "fixtures", name);
}
