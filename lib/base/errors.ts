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

/**
 * Waits for work, or throws {@link CancelledError} as soon as the signal fires;
 * the work then ends unheard.
 */
export async function untilCancelled<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<Result> {
  if (!signal) return await work;
  work.catch(() => {}); // its error, if any, comes too late
  throwIfCancelled(signal, what);
  const cancelled = Promise.withResolvers<never>();
  const fire = () => cancelled.reject(new CancelledError(`Cancelled: ${what}`));
  signal.addEventListener("abort", fire);
  try {
    return await Promise.race([work, cancelled.promise]);
  } finally {
    signal.removeEventListener("abort", fire);
  }
}
