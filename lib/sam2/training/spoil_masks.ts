// Masks as a tracker that has lost its way would leave them: a part is missing,
// something else is in, all of it is beside the object.
//
// A network that only ever remembers its own good masks or true ones believes
// every memory, and drifts on long clips. With spoilt memories between, it
// learns to hold on to the frame that a person has clicked.

import type { Bitmap } from "../../base/image.ts";
import type { Random } from "../../base/random.ts";
import { boxOf } from "../../masks/bitmap.ts";

/** Spoils every mask in a way of its own. */
export function spoilMasks(
  masks: readonly Bitmap[],
  random: Random,
): readonly Bitmap[] {
  return masks.map((mask) => {
    const kind = random();
    if (kind < 0.45) return withoutPart(mask, random);
    if (kind < 0.7) return withDisc(mask, random);
    return shifted(mask, random);
  });
}

function rebuilt(
  { width, height }: Bitmap,
  isInside: (x: number, y: number) => boolean,
): Bitmap {
  const data = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) data[i] = isInside(x, y) ? 1 : 0;
  }
  return { width, height, data };
}

/** Cut off along a line through the box of the mask. */
function withoutPart(mask: Bitmap, random: Random): Bitmap {
  const box = boxOf(mask) ?? { x0: 0, y0: 0, x1: 1, y1: 1 };
  const x0 = box.x0 + random() * (box.x1 - box.x0);
  const y0 = box.y0 + random() * (box.y1 - box.y0);
  const angle = 2 * Math.PI * random();
  const [u, v] = [Math.cos(angle), Math.sin(angle)];
  return rebuilt(
    mask,
    (x, y) =>
      mask.data[y * mask.width + x] === 1 && (x - x0) * u + (y - y0) * v > 0,
  );
}

/** A disc more, as large as a share of the object, at its edge or anywhere. */
function withDisc(mask: Bitmap, random: Random): Bitmap {
  const box = boxOf(mask) ?? { x0: 0, y0: 0, x1: 8, y1: 8 };
  const size = Math.max(box.x1 - box.x0, box.y1 - box.y0);
  const radius = size * (0.15 + 0.4 * random());
  const isNear = random() < 0.6;
  const centre = (low: number, high: number, whole: number) =>
    isNear ? low + (high - low) * (1.4 * random() - 0.2) : whole * random();
  const x0 = centre(box.x0, box.x1, mask.width);
  const y0 = centre(box.y0, box.y1, mask.height);
  return rebuilt(mask, (x, y) =>
    mask.data[y * mask.width + x] === 1 ||
    Math.hypot(x - x0, y - y0) < radius);
}

/** Moved by up to half of its size. */
function shifted(mask: Bitmap, random: Random): Bitmap {
  const box = boxOf(mask) ?? { x0: 0, y0: 0, x1: 1, y1: 1 };
  const dx = Math.round((random() - 0.5) * (box.x1 - box.x0));
  const dy = Math.round((random() - 0.5) * (box.y1 - box.y0));
  const { width, height, data } = mask;
  return rebuilt(mask, (x, y) => {
    const [u, v] = [x - dx, y - dy];
    return u >= 0 && v >= 0 && u < width && v < height &&
      data[v * width + u] === 1;
  });
}
