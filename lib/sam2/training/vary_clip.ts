// The same clip seen differently: turned, mirrored, in other colours, backwards.

import type { Random } from "../../base/random.ts";
import type { TrainingClip } from "./training_clip.ts";

/** Varies a clip by chance; its masks move with it. */
export function varyClip(clip: TrainingClip, random: Random): TrainingClip {
  const { side } = clip;
  const quarterTurns = Math.floor(random() * 4);
  const isMirrored = random() < 0.5;
  const colour = colourTable(random);
  const showsLast = clip.identities.at(-1)?.some((id) => id > 0) ?? false;
  const isBackwards = random() < 0.5 && showsLast;
  const order = sourceOrder(side, quarterTurns, isMirrored);
  const images = clip.images.map((image) => {
    const out = new Uint8Array(image.length);
    for (let i = 0; i < order.length; i++) {
      const from = 3 * order[i];
      for (let c = 0; c < 3; c++) {
        out[3 * i + c] = colour.table[256 * c + image[from + colour.order[c]]];
      }
    }
    return out;
  });
  const identities = clip.identities.map((ids) => {
    const out = new Uint8Array(ids.length);
    for (let i = 0; i < order.length; i++) out[i] = ids[order[i]];
    return out;
  });
  return isBackwards
    ? { side, images: images.toReversed(), identities: identities.toReversed() }
    : { side, images, identities };
}

/** For every pixel the one it comes from. */
function sourceOrder(side: number, quarterTurns: number, isMirrored: boolean) {
  const order = new Uint32Array(side * side);
  const last = side - 1;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let [u, v] = [isMirrored ? last - x : x, y];
      for (let turn = 0; turn < quarterTurns; turn++) [u, v] = [v, last - u];
      order[y * side + x] = v * side + u;
    }
  }
  return order;
}

/** Brightness, contrast and tint; in some clips the channels change places, some become grey. */
function colourTable(random: Random) {
  const table = new Uint8Array(3 * 256);
  const isChanged = random() < 0.6;
  const contrast = isChanged ? Math.exp(0.3 * (random() - 0.5)) : 1;
  const offset = isChanged ? 30 * (random() - 0.5) : 0;
  for (let c = 0; c < 3; c++) {
    const tint = isChanged ? Math.exp(0.3 * (random() - 0.5)) : 1;
    for (let value = 0; value < 256; value++) {
      const next = (value - 128) * contrast * tint + 128 + offset;
      table[256 * c + value] = Math.min(Math.max(Math.round(next), 0), 255);
    }
  }
  const orders = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const order = random() < 0.12
    ? orders[Math.floor(random() * orders.length)]
    : [0, 1, 2];
  return { table, order };
}
