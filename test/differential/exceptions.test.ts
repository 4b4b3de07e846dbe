/** Each difference that `exceptions.ts` names, shown with both programs. */
import { expect, test } from "bun:test";
import { lacks } from "../support/packages.ts";
import { demonstrations } from "./demonstrations.ts";
import { exceptions } from "./exceptions.ts";
import type { ExceptionId } from "./exceptions.ts";
import { onBothSides } from "./sides.ts";

test
  .skipIf(lacks("libserver-starter-perl", "python3", "util-linux"))
  .each(Object.entries(demonstrations))("%s", async (_, { files = {}, show, perl, own }) => {
  expect(await onBothSides(files, show)).toEqual({ perl, own });
});

test("every difference is shown", () => {
  expect(Object.keys(demonstrations)).toEqual(Object.keys(exceptions) as ExceptionId[]);
});
