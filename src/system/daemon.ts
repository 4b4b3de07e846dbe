/**
 * `--daemonize`: this program is started again, twice, in the background. The first one leads a new session
 * and only starts the second, which therefore can never get a controlling terminal.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { StartError, causeOf } from "./errors.ts";
import { handoverDescriptors, withHandover } from "./handover.ts";
import type { Handover } from "./handover.ts";
import type { Libc } from "./libc.ts";
import { ownArguments } from "./self.ts";

/**
 * Starts the daemon and waits until it is up.
 * @param output The log file's descriptor, or null for none yet.
 * @throws StartError with the daemon's own reason when it does not come up.
 */
export function startDaemon(
  libc: Libc,
  environment: ReadonlyMap<string, string>,
  handover: Omit<Handover, "stage" | "report">,
  output: number | null,
): void {
  const [reader, report] = libc.pipe();
  // With `--port=80=0` the socket is the workers' stdin; the daemon's own is closed all the same.
  const nothing = openSync("/dev/null", "r");
  const nowhere = output ?? openSync("/dev/null", "r+");
  startAgain(libc, environment, { ...handover, stage: "session", report }, true, [
    [nothing, 0],
    [nowhere, 1],
    [nowhere, 2],
  ]);
  closeSync(report);
  const answer = readAll(reader);
  if (answer === "\n") return;
  throw new StartError(
    answer.trim() || "Cannot daemonize: the daemon ended before it was up; its log may say why",
  );
}

/** The session leader's whole life. */
export function passOnHandover(
  libc: Libc,
  environment: ReadonlyMap<string, string>,
  handover: Handover,
): void {
  startAgain(libc, environment, { ...handover, stage: "daemon" }, false, []);
}

/** The daemon is up (`null`), or says why it is not. */
export function reportToForeground(handover: Handover, failure: string | null): void {
  try {
    writeSync(handover.report, `${failure ?? ""}\n`);
    closeSync(handover.report);
  } catch {
    // The foreground was killed: nobody waits for the answer.
  }
}

function startAgain(
  libc: Libc,
  environment: ReadonlyMap<string, string>,
  handover: Handover,
  newSession: boolean,
  descriptors: readonly (readonly [number, number])[],
): void {
  // Bun closes nothing that it does not know on exec, so that numbers can stay as they are.
  for (const fd of handoverDescriptors(handover)) libc.setCloseOnExec(fd, false);
  try {
    libc.spawn({
      file: Buffer.from(process.execPath).toString("latin1"),
      argv: ownArguments(),
      environment: withHandover(environment, handover),
      dir: null,
      descriptors,
      newSession,
    });
  } catch (error) {
    throw new StartError(`Cannot daemonize: ${causeOf(error)}`);
  }
}

function readAll(fd: number): string {
  const chunk = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const count = readSync(fd, chunk);
    if (count === 0) return text;
    text += new TextDecoder().decode(chunk.subarray(0, count));
  }
}
