/** Rows of figures, and how they are printed: aligned for a terminal, or as the README's table. */
import { median } from "./bench.ts";
import type { Runner, Samples } from "./bench.ts";

export interface Cell {
  readonly text: string;
  /** What ratios are made of; null where a ratio says nothing. */
  readonly value: number | null;
}

export interface Row {
  readonly title: string;
  readonly unit: string;
  readonly empty: Cell | null;
  readonly ours: Cell;
  readonly perl: Cell | null;
  readonly aim: { readonly text: string; readonly isMet: boolean | null } | null;
}

/** The medians: NaN for who took no part, which no aim is met by. */
type Medians = Readonly<Record<Runner, number>>;

interface Aim {
  readonly text: string;
  readonly isMet: (medians: Medians) => boolean;
}

export function timeRow(title: string, samples: Samples, aim: Aim | null): Row {
  return figures(title, "ms", samples, aim, (value) => value.toFixed(value < 10 ? 2 : 1));
}

export function megabyteRow(title: string, samples: Samples, aim: Aim | null): Row {
  return figures(title, "MB", samples, aim, (value) => value.toFixed(1));
}

export function countRow(title: string, samples: Samples, aim: Aim | null): Row {
  return figures(title, "", samples, aim, (value) => value.toFixed(0));
}

function figures(
  title: string,
  unit: string,
  samples: Samples,
  aim: Aim | null,
  show: (value: number) => string,
): Row {
  const middle = (runner: Runner): number => median(samples[runner] ?? []);
  const medians: Medians = { empty: middle("empty"), ours: middle("ours"), perl: middle("perl") };
  const cell = (value: number): Cell => ({ text: show(value), value });
  const ifThere = (value: number): Cell | null => (Number.isNaN(value) ? null : cell(value));
  return {
    title,
    unit,
    empty: ifThere(medians.empty),
    ours: cell(medians.ours),
    perl: ifThere(medians.perl),
    aim: aim === null ? null : { text: aim.text, isMet: verdict(aim, medians) },
  };
}

/** An aim that is a ratio to Perl's cannot be judged without it. */
function verdict({ text, isMet }: Aim, medians: Medians): boolean | null {
  return text.includes("Perl") && Number.isNaN(medians.perl) ? null : isMet(medians);
}

export function asText(rows: readonly Row[], facts: readonly string[]): string {
  const table = cells(rows);
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((line) => line[column]?.length ?? 0)),
  );
  const lines = table.map((line) =>
    line
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return isText(line, column) ? text.padEnd(width) : text.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return [...facts, "", ...lines].join("\n");
}

export function asMarkdown(rows: readonly Row[], facts: readonly string[]): string {
  const [head = [], ...body] = cells(rows);
  const rule = head.map((_, column) => (isText(head, column) ? "---" : "--:"));
  const lines = [head, rule, ...body].map((line) => `| ${line.join(" | ")} |`);
  return [...lines, "", ...facts.map((fact) => `${fact}.`)].join("\n");
}

/** The first and the last column are words. */
function isText(line: readonly string[], column: number): boolean {
  return column === 0 || column === line.length - 1;
}

/** Head and body. Columns that nobody fills are left out. */
function cells(rows: readonly Row[]): string[][] {
  const columns: readonly [head: string, (row: Row) => string][] = [
    ["", ({ title, unit }) => (unit === "" ? title : `${title}, ${unit}`)],
    ["empty Bun program", ({ empty }) => empty?.text ?? ""],
    ["start_server", ({ ours }) => ours.text],
    ["Perl's", ({ perl }) => perl?.text ?? ""],
    ["to Perl's", ({ ours, perl }) => ratio(ours, perl)],
    ["to empty", ({ ours, empty }) => ratio(ours, empty)],
    ["aim", ({ aim }) => (aim === null ? "" : `${aim.text}: ${inWords(aim.isMet)}`)],
  ];
  const kept = columns.filter(([, show], column) => column === 0 || rows.some((row) => show(row)));
  return [kept.map(([head]) => head), ...rows.map((row) => kept.map(([, show]) => show(row)))];
}

function ratio({ value }: Cell, other: Cell | null): string {
  if (value === null || other === null || other.value === null || other.value === 0) return "";
  const times = value / other.value;
  return `× ${times.toFixed(times < 0.1 ? 3 : 2)}`;
}

function inWords(isMet: boolean | null): string {
  if (isMet === null) return "cannot tell without Perl's";
  return isMet ? "met" : "not met";
}
