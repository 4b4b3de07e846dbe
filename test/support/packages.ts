/** Debian packages that tests need. Without them those tests say so and are skipped; in CI they must be there. */
import { existsSync } from "node:fs";

/** A file by which each package is recognised. `.ci/run` installs them. */
const FILES = {
  "libplack-perl": "/usr/bin/plackup",
  "libserver-starter-perl": "/usr/bin/start_server",
  perl: "/usr/bin/perl",
  procps: "/usr/bin/pgrep",
  python3: "/usr/bin/python3",
  starlet: "/usr/share/perl5/Plack/Handler/Starlet.pm",
  starman: "/usr/bin/starman",
  "util-linux": "/usr/bin/setpriv",
} as const;

export type Package = keyof typeof FILES;

/**
 * Whether one of the packages is missing: `test.skipIf(lacks("starlet"))`.
 * @throws in CI, where nothing is skipped.
 */
export function lacks(...packages: readonly Package[]): boolean {
  return isWithout(packages.filter((name) => !existsSync(FILES[name])).join(", "));
}

/** Whether we are not root, which only some tests need. @throws in CI. */
export function lacksRoot(): boolean {
  return isWithout(process.getuid?.() === 0 ? "" : "root");
}

function isWithout(missing: string): boolean {
  if (missing === "") return false;
  if (Bun.env["CI"] === "true")
    throw new Error(`Nothing is skipped in CI, but there is no ${missing}`);
  console.warn(`Some tests are skipped: there is no ${missing}`);
  return true;
}
