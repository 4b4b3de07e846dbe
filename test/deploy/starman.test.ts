/**
 * Starman resets a few connections by its own doing: its children leave with connections they have accepted.
 * So ours is held to what Perl's start_server loses with it in the same run.
 */
import { expect, test } from "bun:test";
import { failures } from "../support/client.ts";
import { lacks } from "../support/packages.ts";
import { fixture, ours, perls } from "../support/program.ts";
import { deployUnderLoad } from "./deploys.ts";

const starman = [
  ...["--signal-on-hup=QUIT", "--signal-on-term=QUIT", "--"],
  ...["starman", "--workers=2", "--disable-keepalive", fixture("app.psgi")],
];

test.skipIf(lacks("libserver-starter-perl", "starman"))(
  "Starman loses no more than under Perl's",
  async () => {
    // Perl's takes whole seconds only.
    const under = (command: readonly string[]): ReturnType<typeof deployUnderLoad> =>
      deployUnderLoad(starman, { command, interval: 0, alone: true });
    const [perl, own] = await Promise.all([under(perls), under(ours)]);
    const [theirs, mine] = [failures(perl.tally), failures(own.tally)];
    // Both are counts of chance: three standard deviations of their difference.
    expect(mine - theirs).toBeLessThanOrEqual(3 * Math.sqrt(mine + theirs + 1));
    expect(own.tally.failed.refused).toBe(0);
    expect(own.exitCode).toBe(0);
  },
);
