/** Signals by name or number, as the command line and the log write them. */
/**
 * The name as Server::Starter logs it: upper case, without SIG; a number stays a number.
 * Null for what is no signal that can be sent.
 */
export function parseSignal(text: string): string | null {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= 64 ? String(number) : null;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  return signalNumber(name) === undefined ? null : name;
}

/** The number of a signal that parseSignal accepted. */
export function signalNumber(signal: string): number | undefined {
  if (/^\d+$/.test(signal)) return Number(signal);
  // Loaded when a signal is asked for by name, which a plain start does not do.
  const { signals } = process.getBuiltinModule("node:os").constants;
  return (signals as Record<string, number>)[`SIG${signal}`];
}
