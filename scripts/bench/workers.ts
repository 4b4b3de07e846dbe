/**
 * The workers: shell scripts, for a shell is there and starts in less than a millisecond. Both programs
 * start the same ones. Each ends by itself after an hour, should nobody end it.
 */

/** Does nothing. */
export const SILENT: readonly string[] = ["sleep", "3600"];

/** Reports its pid with its first instruction. */
export const REPORTING: readonly string[] = ["sh", "-c", "echo started $$ >&3; exec sleep 3600"];

/** Reports its pid when it started, and when it is told to leave. */
export const LEAVING: readonly string[] = [
  "sh",
  "-c",
  `trap 'echo leaving $$ >&3; kill $!; exit' TERM
  sleep 3600 3>&- &
  echo started $$ >&3
  wait`,
];

export function hasStarted(text: string): boolean {
  return text.startsWith("started ");
}

/** The pid in a report. */
export function pidIn({ text }: { readonly text: string }): number {
  return Number(text.split(" ")[1]);
}
