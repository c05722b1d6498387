// What a network is trained on: a still or a clip with the objects in it.

/** Frames of a square side with the number of the object at every pixel. */
export type TrainingClip = {
  readonly side: number;
  /** RGB, `[side, side, 3]` for each frame. */
  readonly images: readonly Uint8Array[];
  /** The number of the object seen at every pixel, 0 none, `[side, side]` for each frame. */
  readonly identities: readonly Uint8Array[];
};

/** The objects that are worth asking for on the first frame, with their areas in pixels. */
export function visibleObjects(
  { side, identities: [first] }: TrainingClip,
  leastShare = 0.0015,
): readonly { readonly id: number; readonly areaPx: number }[] {
  const areas = new Uint32Array(256);
  for (const id of first) areas[id]++;
  areas[0] = 0;
  const found = [...areas]
    .map((areaPx, id) => ({ id, areaPx }))
    .filter(({ areaPx }) => areaPx > 0);
  const large = found.filter(({ areaPx }) =>
    areaPx >= leastShare * side * side
  );
  if (large.length > 0) return large;
  return found.toSorted((a, b) => b.areaPx - a.areaPx).slice(0, 1);
}

/** The mask of an object on a frame, at half the side: a pixel where at least two of its four belong to it. */
export function halfMask(
  { side, identities }: TrainingClip,
  frame: number,
  id: number,
): Uint8Array {
  const ids = identities[frame];
  const half = side / 2;
  const mask = new Uint8Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const i = 2 * y * side + 2 * x;
      const count = Number(ids[i] === id) + Number(ids[i + 1] === id) +
        Number(ids[i + side] === id) + Number(ids[i + side + 1] === id);
      mask[y * half + x] = count >= 2 ? 1 : 0;
    }
  }
  return mask;
}
