/** Which number each socket gets in the worker. */
import { describe, expect, test } from "bun:test";
import { assignDescriptors } from "../../src/config/listen.ts";
import { configOf, refusalOf } from "./command.ts";

/** The numbers for these ports; `taken` are inherited ones, `limit` is the worker's on open files. */
function assign(ports: readonly string[], taken: readonly number[] = [], limit = 1024): number[] {
  return assignDescriptors(configOf(ports.map((port) => `--port=${port}`)).sockets, taken, limit);
}

describe("descriptor numbers", () => {
  // Ports, inherited descriptors, numbers.
  test.each([
    [[], [], []],
    [["1"], [], [3]],
    [["1", "2", "3"], [], [3, 4, 5]],
    [["1", "2=3", "3"], [], [4, 3, 5]],
    [["1=5", "2", "3", "4"], [], [5, 3, 4, 6]],
    [["1", "2", "3=4"], [], [3, 5, 4]],
    [["1=0", "2"], [], [0, 3]],
    [["1=1", "2=2", "3"], [], [1, 2, 3]],
    [
      ["1", "2"],
      [3, 5],
      [4, 6],
    ],
    [["1=3", "2"], [3], [3, 4]],
    [["u1", "1"], [], [3, 4]],
  ])("%j around %j are %j", (ports, taken, numbers) => {
    expect(assign(ports, taken)).toEqual(numbers);
  });

  test("paths come after ports, around the fixed numbers", () => {
    const { sockets } = configOf(["--path=/a", "--port=1=4", "--path=/b"]);
    expect(assignDescriptors(sockets, [], 1024)).toEqual([4, 3, 5]);
  });

  test("one number twice is refused, both options named", () => {
    expect(refusalOf(() => assign(["1=7", "h:2=7"]))).toBe(
      "Options --port=1=7 and --port=h:2=7 ask for the same descriptor number 7: give each its own",
    );
  });

  test("numbers end below the worker's limit on open files", () => {
    expect(assign(["1=15"], [], 16)).toEqual([15]);
    expect(refusalOf(() => assign(["1=16"], [], 16))).toBe(
      "Option --port=1=16 asks for descriptor number 16, but the worker's limit on open files is 16: use a lower number or raise it with --rlimit-nofile",
    );
    expect(assign(["1", "2"], [], 5)).toEqual([3, 4]);
    expect(refusalOf(() => assign(["1", "2", "3"], [], 5))).toBe(
      "Option --port=3 would get descriptor number 5, but the worker's limit on open files is 5: raise it with --rlimit-nofile",
    );
  });
});
