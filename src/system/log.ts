/** The supervisor's log: Server::Starter's lines to the letter; on a terminal with the time and colour. */
import { createConsola } from "consola/core";
import type { LogObject } from "consola/core";
import type { Level } from "../supervisor/messages.ts";
import type { LogSink } from "./log-sink.ts";

export interface Log {
  (level: Level, message: string): void;
}

/** @param onTerminal Whether a person reads along. */
export function createLog(sink: LogSink, onTerminal: boolean): Log {
  const format = onTerminal ? decorate : plain;
  const consola = createConsola({
    level: 3,
    throttle: 0,
    reporters: [{ log: (entry) => sink.write(format(entry)) }],
  });
  return (level, message) => consola[level](message);
}

function plain({ args }: LogObject): string {
  return String(args[0]);
}

const colours: Readonly<Record<string, string>> = { warn: "\u001B[33m", error: "\u001B[31m" };

function decorate(entry: LogObject): string {
  const time = entry.date.toTimeString().slice(0, 8);
  if (Bun.env["NO_COLOR"]) return `${time} ${plain(entry)}`;
  const colour = colours[entry.type] ?? "";
  return `\u001B[2m${time}\u001B[22m ${colour}${plain(entry)}${colour === "" ? "" : "\u001B[39m"}`;
}
