/** `--help`, built from the option table. */
import { options } from "./options.ts";
import type { Option, OptionGroup } from "./options.ts";

/** Groups in the order in which help and README show them. */
export const groupTitles: Readonly<Record<OptionGroup, string>> = {
  sockets: "Sockets",
  worker: "The worker",
  deploy: "Deploys",
  files: "Files",
  commands: "Commands",
};

/** The option as typed, such as `--interval=SECONDS`. */
export function synopsis(option: Option): string {
  return option.placeholder === undefined
    ? `--${option.name}`
    : `--${option.name}=${option.placeholder}`;
}

/** The description with its default and environment variable. */
export function description(option: Option): string {
  const notes = [
    ...(option.repeats === true ? ["may be repeated"] : []),
    ...(option.defaultText === undefined ? [] : [`default: ${option.defaultText}`]),
    ...(option.env === undefined ? [] : [`environment: ${option.env}`]),
  ];
  return notes.length === 0 ? option.help : `${option.help} (${notes.join("; ")})`;
}

/** The options of a group that users see. */
export function optionsOf(group: OptionGroup): Option[] {
  return options.filter((option) => option.group === group && option.hidden !== true);
}

const INDENT = 6;

/** @param columns Width of the terminal. */
export function helpText(columns: number): string {
  const width = Math.max(40, Math.min(columns, 100));
  const groups = Object.entries(groupTitles).map(([group, title]) => {
    const entries = optionsOf(group as OptionGroup).map(
      (option) => `  ${synopsis(option)}\n${wrap(description(option), width, INDENT)}`,
    );
    return `${title}:\n${entries.join("\n")}`;
  });
  return [
    "Usage: start_server [options] -- program [arguments]",
    "       start_server --restart --pid-file=FILE --status-file=FILE",
    "       start_server --stop --pid-file=FILE",
    "",
    wrap(
      "Binds the sockets, starts the program, which inherits them, and replaces it on HUP: the next generation is started, and only if it starts up well is the old one told to leave.",
      width,
      0,
    ),
    "",
    "Examples:",
    "  start_server --port=8080 --demo",
    "  start_server --port=80 --path=/run/app.sock -- my_httpd --workers 4",
    "",
    groups.join("\n\n"),
  ].join("\n");
}

function wrap(text: string, width: number, indent: number): string {
  const margin = " ".repeat(indent);
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    if (row !== "" && indent + row.length + 1 + word.length > width) {
      rows.push(margin + row);
      row = word;
    } else row = row === "" ? word : `${row} ${word}`;
  }
  return [...rows, margin + row].join("\n");
}
