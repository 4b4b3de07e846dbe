/** `--help`: complete, and readable on any terminal. */
import { expect, test } from "bun:test";
import { description, groupTitles, helpText, optionsOf, synopsis } from "../../src/config/help.ts";
import type { OptionGroup } from "../../src/config/options.ts";
import { options } from "../../src/config/options.ts";

const visible = options.filter((option) => option.hidden !== true);

test("every option that is not hidden is there, once, with its value", () => {
  const lines = helpText(80).split("\n");
  for (const option of visible) {
    expect(lines.filter((line) => line === `  ${synopsis(option)}`)).toHaveLength(1);
  }
  for (const option of options.filter(({ hidden }) => hidden === true)) {
    expect(helpText(80)).not.toContain(`--${option.name}`);
  }
});

test("defaults and environment variables are named", () => {
  const words = helpText(100).replace(/\s+/g, " ");
  for (const option of visible) {
    expect(words).toContain(description(option));
    if (option.defaultText !== undefined) expect(words).toContain(`default: ${option.defaultText}`);
    if (option.env !== undefined) expect(words).toContain(`environment: ${option.env}`);
  }
});

test.each([80, 100, 132, 1000, Number.NaN])(
  "at %d columns no line is longer than the terminal, or than 100",
  (columns) => {
    const width = Math.min(columns || 80, 100);
    for (const line of helpText(columns || 80).split("\n"))
      expect(line.length).toBeLessThanOrEqual(width);
  },
);

test("a narrow terminal wraps the descriptions", () => {
  for (const line of helpText(20)
    .split("\n")
    .filter((each) => /^ {6}\S/.test(each))) {
    expect(line.length).toBeLessThanOrEqual(40);
  }
});

test("it has no spaces at the end of lines, and no empty line at its own end", () => {
  expect(helpText(80)).not.toMatch(/[ \t]$/m);
  expect(helpText(80)).toMatch(/\S$/);
});

test("every option belongs to a group that is shown", () => {
  const shown = Object.keys(groupTitles).flatMap((group) => optionsOf(group as OptionGroup));
  expect(shown.map(({ name }) => name).toSorted()).toEqual(
    visible.map(({ name }) => name).toSorted(),
  );
});

test("descriptions are sentences without a period at the end", () => {
  for (const { help } of options) expect(help).toMatch(/^[A-Z].*[^.]$/);
});

test("an option with a value says what it is, a flag does not", () => {
  for (const option of options) {
    expect([option.name, option.placeholder === undefined]).toEqual([
      option.name,
      option.type === "flag",
    ]);
  }
});
