// Errors that a caller acts on. Everything else throws the built-in class that
// fits, with what was tried, what was found and what was expected.

/** Thrown when work was cancelled by its AbortSignal; what was committed stays. */
export class CancelledError extends Error {
  override name = "CancelledError";
}

/** The readable message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Throws {@link CancelledError} when the signal has fired. */
export function throwIfCancelled(
  signal: AbortSignal | undefined,
  what: string,
) {
  if (signal?.aborted) throw new CancelledError(`Cancelled: ${what}`);
}
