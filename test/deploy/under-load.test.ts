/** Deploy after deploy under load: no request fails, and every generation answers. */
import { expect, test } from "bun:test";
import { lacks } from "../support/packages.ts";
import { fixture } from "../support/program.ts";
import { DEPLOYS, deployUnderLoad } from "./deploys.ts";

const perl = ["--", "perl", fixture("worker.pl")];
const starlet = ["--", "plackup", "-s", "Starlet", "--max-workers=2", fixture("app.psgi")];

const flawless = {
  exitCode: 0,
  tally: {
    answered: expect.any(Number),
    failed: { refused: 0, reset: 0, empty: 0, wrong: 0, timeout: 0 },
    generations: Array.from({ length: DEPLOYS + 1 }, (_, index) => index + 1),
  },
};

test.skipIf(lacks("perl"))("Perl", async () => {
  expect(await deployUnderLoad(perl)).toEqual(flawless);
});

test.skipIf(lacks("perl"))("Perl on a unix socket", async () => {
  expect(await deployUnderLoad(perl, { path: "x.sock" })).toEqual(flawless);
});

test.skipIf(lacks("python3"))("Python", async () => {
  expect(await deployUnderLoad(["--", "python3", fixture("worker.py")])).toEqual(flawless);
});

test("Node", async () => {
  expect(await deployUnderLoad(["--", "node", fixture("worker.mjs")])).toEqual(flawless);
});

test("the demo", async () => {
  expect(await deployUnderLoad(["--demo"])).toEqual(flawless);
});

test.skipIf(lacks("libplack-perl", "starlet"))("Starlet", async () => {
  expect(await deployUnderLoad(starlet)).toEqual(flawless);
});
