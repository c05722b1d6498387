// The encoder's maps of frames, computed once: while only the rest learns, they
// do not change.
//
// Kept in half precision up to a limit; what was not asked for the longest is
// forgotten and computed again when it is needed.

import { sizeOf, type Tensor } from "../../base/tensor.ts";
import type { Sam2Learner } from "../../sam2/training/learner.ts";
import { encodeBatch } from "../../sam2/training/still_step.ts";
import type { TrainingClip } from "../../sam2/training/training_clip.ts";

type Maps = Readonly<Record<string, Tensor>>;
type HalfMaps = Readonly<
  Record<
    string,
    { readonly dims: readonly number[]; readonly data: Float16Array }
  >
>;

/** A frame by a name of its own, and its pixels as a clip of one frame. */
export type NamedFrame = {
  readonly name: string;
  read(): Promise<TrainingClip>;
};

/** Gives the maps of frames by name. */
export type KnownFeatures = {
  /** The maps of several frames of one size, one behind the other; pixels are read where they are not known. */
  of(frames: readonly NamedFrame[]): Promise<Maps>;
};

/** Opens a cache for the encoder of a learner. */
export function openKnownFeatures(
  learner: Sam2Learner,
  { mostBytes = 1e9 }: { mostBytes?: number } = {},
): KnownFeatures {
  const known = new Map<string, HalfMaps>(); // the oldest first
  let bytes = 0;
  const encode = async (clip: TrainingClip) => {
    const batch = { side: clip.side, clips: [clip], objects: [[]] };
    const { maps: found } = await encodeBatch(learner, batch, { frame: 0 });
    return Object.fromEntries(
      Object.entries(found).map(([name, { dims, data }]) => [
        name,
        { dims, data: Float16Array.from(data) },
      ]),
    );
  };
  const sizeOfMaps = (maps: HalfMaps) =>
    Object.values(maps).reduce((sum, { data }) => sum + data.byteLength, 0);
  const get = async ({ name, read }: NamedFrame) => {
    const found = known.get(name) ?? await encode(await read());
    if (known.delete(name)) bytes -= sizeOfMaps(found);
    known.set(name, found);
    bytes += sizeOfMaps(found);
    for (const [oldest, maps] of known) {
      if (bytes <= mostBytes || known.size === 1) break;
      known.delete(oldest);
      bytes -= sizeOfMaps(maps);
    }
    return found;
  };
  return {
    of: async (frames) => {
      const all: HalfMaps[] = [];
      for (const frame of frames) all.push(await get(frame));
      return Object.fromEntries(
        Object.keys(all[0]).map((name) => [name, stacked(all, name)]),
      );
    },
  };
}

function stacked(all: readonly HalfMaps[], name: string): Tensor {
  const dims = [all.length, ...all[0][name].dims.slice(1)];
  const data = new Float32Array(sizeOf(dims));
  const size = data.length / all.length;
  all.forEach((maps, i) => data.set(maps[name].data, i * size));
  return { dims, data };
}
