// Scenes in blocks, made by a worker while the block before is learnt from.
//
// A block is known by its number: the same order and number give the same
// scenes, so that a run that goes on after a kill sees what it would have seen.

/** What a worker is asked for: the scenes of some seeds, and how to make them. */
export type BlockOrder<How> = {
  readonly number: number;
  readonly seeds: readonly number[];
  readonly how: How;
};

/** What a worker answers. */
export type MadeBlock<Made> = {
  readonly number: number;
  readonly made: readonly Made[];
};

/** A source of blocks. */
export type BlockSource<Made> = {
  /** The scenes of a block; the next block is begun. */
  block(number: number): Promise<readonly Made[]>;
  close(): void;
};

/** Opens a source; the worker answers each {@link BlockOrder} with a {@link MadeBlock}. */
export function openBlockSource<Made, How>(
  worker: Worker,
  { seed, size, how }: {
    /** The scenes have the seeds from here on. */
    readonly seed: number;
    /** Scenes of a block. */
    readonly size: number;
    readonly how: How;
  },
): BlockSource<Made> {
  const made = new Map<number, Promise<readonly Made[]>>();
  const waiting = new Map<number, PromiseWithResolvers<readonly Made[]>>();
  worker.onmessage = ({ data }: MessageEvent<MadeBlock<Made>>) => {
    waiting.get(data.number)?.resolve(data.made);
    waiting.delete(data.number); // it would keep the scenes alive
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new Error(`Cannot generate scenes: ${event.message}`);
    for (const { reject } of waiting.values()) reject(error);
  };
  const order = (number: number) => {
    const known = made.get(number);
    if (known) return known;
    const asked = Promise.withResolvers<readonly Made[]>();
    const { promise } = asked;
    waiting.set(number, asked);
    const seeds = Array.from(
      { length: size },
      (_, i) => seed + number * size + i,
    );
    worker.postMessage({ number, seeds, how } satisfies BlockOrder<How>);
    promise.catch(() => {}); // whoever asks for the block is told
    made.set(number, promise);
    return promise;
  };
  return {
    block: async (number) => {
      const block = order(number);
      order(number + 1);
      for (const old of made.keys()) {
        if (old < number) made.delete(old);
      }
      return await block;
    },
    close: () => worker.terminate(),
  };
}
