// The Jupyter kernel around us, when there is one.

/** Sends a message to whoever shows the notebook. */
export type Broadcast = typeof Deno.jupyter.broadcast;

/** How to reach Jupyter; undefined where no kernel runs. */
export function findBroadcast(): Broadcast | undefined {
  try {
    return Deno.jupyter.broadcast; // throws outside of a kernel
  } catch {
    return undefined;
  }
}
