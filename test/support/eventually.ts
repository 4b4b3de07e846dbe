/** Waiting for a condition, never for a time. */

/** What a test may wait for at the most: far above what anything takes, so that a slow machine fails nothing. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 5;

/**
 * The first value that is neither undefined, null nor false.
 * @param what Said when it never comes.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`It never came to pass: ${what}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
