// The features of a sequence's frames: from the cache where they are there,
// else decoded, encoded and kept.
//
// With a cache every frame's features are rounded to half precision, those just
// encoded too, so that masks do not depend on what the cache holds.

import type { Tensor } from "../base/tensor.ts";
import type { Frames } from "../media/frames.ts";
import type { FrameFeatures } from "../sam2/engine.ts";
import { fromHalf, type HalfFeatures, toHalf } from "../sam2/half_features.ts";
import { normaliseImage } from "../sam2/preprocess.ts";
import type { FeatureCache } from "./feature_cache.ts";
import type { OpenModel } from "./open_model.ts";

/** Reads features of frames; whoever reads them releases them. */
export type FeatureReader = {
  read(frame: number): Promise<FrameFeatures>;
  /** Whether a frame is read from disk, without the encoder. */
  isKept(frame: number): Promise<boolean>;
  /** A hint that a frame comes next: it is read or decoded meanwhile. */
  prepare(frame: number): void;
  /** Waits until everything read is kept. */
  settle(): Promise<void>;
  readonly counts: { readonly encoded: number; readonly cached: number };
  /** Why features could not be kept, if so. */
  trouble(): string | undefined;
};

type Ready =
  | { readonly kind: "features"; readonly half: HalfFeatures }
  | { readonly kind: "image"; readonly image: Tensor };

/**
 * Reads features of frames in any order.
 *
 * @param options.cache without it features stay in full precision
 * @param options.sha256Of the identity of a frame's pixels
 */
export function createFeatureReader(
  { engine, runtime }: Pick<OpenModel, "engine" | "runtime">,
  frames: Pick<Frames, "read">,
  { cache, sha256Of }: {
    readonly cache: FeatureCache | undefined;
    readonly sha256Of: (frame: number) => string;
  },
): FeatureReader {
  const shape = { channels: engine.config.channels, side: engine.side };
  const counts = { encoded: 0, cached: 0 };
  let ahead: { frame: number; ready: Promise<Ready> } | undefined;
  let keeping: Promise<void> = Promise.resolve();

  const load = async (frame: number): Promise<Ready> => {
    const half = await cache?.read(sha256Of(frame));
    if (half) return { kind: "features", half };
    const image = normaliseImage(await frames.read(frame), engine.side);
    return { kind: "image", image };
  };
  const hold = async (half: HalfFeatures): Promise<FrameFeatures> => {
    const { fpn0, fpn1, fpn2 } = fromHalf(half, shape);
    const [held0, held1, held2] = await Promise.all(
      [fpn0, fpn1, fpn2].map((map) => runtime.hold(map)),
    );
    return { fpn0: held0, fpn1: held1, fpn2: held2 };
  };
  const toHost = async ({ fpn0, fpn1, fpn2 }: FrameFeatures) => {
    const [map0, map1, map2] = await Promise.all(
      [fpn0, fpn1, fpn2].map((feed) =>
        "kind" in feed ? runtime.read(feed) : feed
      ),
    );
    return { fpn0: map0, fpn1: map1, fpn2: map2 };
  };

  return {
    read: async (frame) => {
      const ready = await (ahead?.frame === frame ? ahead.ready : load(frame));
      if (ahead?.frame === frame) ahead = undefined;
      if (ready.kind === "features") {
        counts.cached++;
        return await hold(ready.half);
      }
      counts.encoded++;
      const features = await engine.encodeImage(ready.image);
      if (!cache) return features;
      const half = toHalf(await toHost(features));
      if (!half) return features; // the same on every run, cached or not
      await keeping;
      keeping = cache.write(sha256Of(frame), half);
      await engine.releaseFeatures(features);
      return await hold(half);
    },
    isKept: async (frame) => await cache?.has(sha256Of(frame)) ?? false,
    prepare: (frame) => {
      const ready = load(frame);
      ready.catch(() => {}); // whoever takes it gets the error
      ahead = { frame, ready };
    },
    settle: () => keeping,
    counts,
    trouble: () => cache?.trouble(),
  };
}
