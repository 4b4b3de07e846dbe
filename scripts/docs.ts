/**
 * The generated sections of the README: what stands between `<!-- name: … -->` and `<!-- /name -->`.
 * Run as a program it writes them; a test compares them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { description, groupTitles, optionsOf, synopsis } from "../src/config/help.ts";
import type { OptionGroup } from "../src/config/options.ts";
import { exceptions } from "../test/differential/exceptions.ts";

const readmePath: string = join(import.meta.dir, "..", "README.md");

/** The README as it should be. */
export function documentedReadme(readme: string): string {
  return replaceSection(
    replaceSection(readme, "options", optionsMarkdown()),
    "differences",
    differencesMarkdown(),
  );
}

export function readReadme(): string {
  return readFileSync(readmePath, "utf8");
}

function replaceSection(readme: string, name: string, content: string): string {
  const section = new RegExp(`(<!-- ${name}: [^>]*-->\n)[^]*?(<!-- /${name} -->)`);
  if (!section.test(readme)) throw new Error(`README.md has no section "${name}"`);
  return readme.replace(
    section,
    (_, head: string, tail: string) => `${head}\n${content.trim()}\n\n${tail}`,
  );
}

function optionsMarkdown(): string {
  return Object.entries(groupTitles)
    .map(([group, title]) => {
      const rows = optionsOf(group as OptionGroup).map(
        (option) => `| \`${cell(synopsis(option))}\` | ${cell(description(option))} |`,
      );
      return `**${title}**\n\n| option | what it does |\n| --- | --- |\n${rows.join("\n")}`;
    })
    .join("\n\n");
}

function differencesMarkdown(): string {
  const rows = Object.values(exceptions).map(
    ({ title, perl, ours }) => `| ${cell(title)} | ${cell(perl)} | ${cell(ours)} |`,
  );
  return `| what | Perl's | this one |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

/** A bar would end the table's cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) writeFileSync(readmePath, documentedReadme(readReadme()));
