// Waiting for a state, never for a time.

/** Reads until there is something, and returns it; throws after ten seconds. */
export async function until<Value>(
  read: () => Promise<Value | undefined | null | false>,
  what: string,
  { withinMs = 10_000 }: { readonly withinMs?: number } = {},
): Promise<Value> {
  const endMs = performance.now() + withinMs;
  while (true) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > endMs) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
