// The features of the frames that a person works on, held in memory, so that a
// click, the next click and the mask under the pointer wait for no disk and no
// encoder.
//
// A few frames at a time; who used them longest ago goes first. Features are lent
// for the length of one piece of work, so that nothing is released under it.

import type { Engine, FrameFeatures } from "../sam2/engine.ts";
import type { FeatureReader } from "./read_features.ts";

/** Features in memory. */
export type HeldFeatures = {
  /** Runs work on the features of a frame, which are read when they are not there. */
  use<Result>(
    frame: number,
    work: (features: FrameFeatures) => Promise<Result>,
  ): Promise<Result>;
  /** Whether work on a frame starts without the encoder. */
  isReady(frame: number): Promise<boolean>;
  /** Releases everything once nobody works on it. */
  close(): Promise<void>;
};

type Held = {
  readonly features: Promise<FrameFeatures>;
  isThere: boolean;
  users: number;
};

/**
 * Holds features of a few frames.
 *
 * @param options.most how many frames; a frame of SAM 2 at 1024 pixels takes 17 MB
 */
export function holdFeatures(
  engine: Pick<Engine, "releaseFeatures">,
  reader: Pick<FeatureReader, "read" | "isKept" | "settle">,
  { most = 3 }: { readonly most?: number } = {},
): HeldFeatures {
  const held = new Map<number, Held>(); // longest unused first
  let reading: Promise<unknown> = Promise.resolve();

  const release = async (frame: number, { features }: Held) => {
    held.delete(frame);
    await engine.releaseFeatures(await features);
  };
  const evict = async () => {
    for (const [frame, entry] of [...held]) {
      if (held.size <= most) return;
      // another that evicts may have released it while this one waited
      const isHeld = held.get(frame) === entry;
      if (isHeld && entry.users === 0) await release(frame, entry);
    }
  };
  const open = (frame: number): Held => {
    const found = held.get(frame);
    if (found) return found;
    const features = reading.then(() => reader.read(frame));
    reading = features.catch(() => {}); // one at a time: the reader looks ahead for one
    const entry: Held = { features, isThere: false, users: 0 };
    features.then(
      () => entry.isThere = true,
      () => held.delete(frame), // the next one tries again
    );
    return entry;
  };

  return {
    use: async (frame, work) => {
      const entry = open(frame);
      held.delete(frame);
      held.set(frame, entry);
      entry.users++;
      try {
        return await work(await entry.features);
      } finally {
        entry.users--;
        await evict();
      }
    },
    isReady: async (frame) =>
      held.get(frame)?.isThere ?? await reader.isKept(frame),
    close: async () => {
      for (const [frame, entry] of [...held]) {
        await release(frame, entry).catch(() => {}); // it was never read
      }
      await reader.settle();
    },
  };
}
