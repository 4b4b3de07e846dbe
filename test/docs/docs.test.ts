/** What the documents say is held to what the code has. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { documentedReadme, readReadme } from "../../scripts/docs.ts";
import { options } from "../../src/config/options.ts";
import { root } from "../support/program.ts";

test("the README's generated sections are up to date (npm run docs)", () => {
  expect(readReadme()).toBe(documentedReadme(readReadme()));
});

test("the README names no option that does not exist", () => {
  const own = readReadme().matchAll(/(?<![\w-])--([a-z][a-z-]+)/g);
  const known = new Set<string>(options.map((option) => option.name));
  // Options of other programs in its examples.
  const others = new Set(["fd", "bind", "markdown", "workers"]);
  const unknown = [...own]
    .map((match) => match[1] ?? "")
    .filter((name) => !known.has(name) && !others.has(name));
  expect(unknown).toEqual([]);
});

test("every test that the README's guarantees name exists", () => {
  const [, guarantees = ""] = /^## Guarantees$([^]*?)^## /m.exec(readReadme()) ?? [];
  const rows = guarantees.split("\n").filter((line) => /^\| \d+ \|/.test(line));
  expect(rows).toHaveLength(8);
  for (const row of rows) {
    for (const [, path = ""] of row.matchAll(/`(test\/[^`]*)`/g))
      expect(existsSync(join(root, path))).toBe(true);
  }
});

test("the map names every source file", () => {
  const map = readFileSync(join(root, "src", "README.md"), "utf8");
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .filter(
      (file) =>
        !file.startsWith("config/") && !file.startsWith("commands/") && !file.startsWith("demo/"),
    );
  const missing = files.filter((file) => !map.includes(`\`${file.split("/").at(-1)}\``));
  expect(missing).toEqual([]);
});

test("links in the documents lead somewhere", () => {
  for (const document of ["README.md", "src/README.md", "test/README.md", "CHANGELOG.md"]) {
    const text = readFileSync(join(root, document), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#)([^)]*)\)/g)) {
      expect(existsSync(join(root, document, "..", target))).toBe(true);
    }
  }
});

test("the changelog speaks of the present version", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  expect(readFileSync(join(root, "CHANGELOG.md"), "utf8")).toContain(`## ${version}`);
});

test("only libc.ts imports bun:ffi, only main.ts ends the process", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, text: readFileSync(join(root, "src", file), "utf8") }));
  const using = (pattern: RegExp): string[] =>
    sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);
  expect(using(/from "bun:ffi"/)).toEqual(["system/libc.ts"]);
  expect(using(/\bprocess\.exit\(/)).toEqual(["main.ts"]);
  // The streams would make the workers' descriptors non-blocking.
  expect(using(/\bprocess\.(?:stdout|stderr|stdin)\b(?!`)/)).toEqual([]);
});
