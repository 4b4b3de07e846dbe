/** A command line that says something we cannot do: one sentence for the user, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
