// Random masks for property tests: blobs, holes, parts, specks, empty, full.

import type { Bitmap } from "../../lib/base/image.ts";
import { type Random, seededRandom } from "../../lib/base/random.ts";

/** A mask of up to 32x32 pixels made of rectangles and ovals, some cut out, with noise. */
export function randomBitmap(seed: number): Bitmap {
  const random = seededRandom(seed);
  const width = 1 + below(random, 32);
  const height = 1 + below(random, 32);
  const data = new Uint8Array(width * height).fill(random() < 0.1 ? 1 : 0);
  for (let shapes = below(random, 8); shapes > 0; shapes--) {
    const value = random() < 0.6 ? 1 : 0;
    const centreX = random() * width, centreY = random() * height;
    const radiusX = random() * width / 2, radiusY = random() * height / 2;
    const isOval = random() < 0.5;
    for (let i = 0; i < data.length; i++) {
      const x = Math.abs(i % width - centreX) / radiusX;
      const y = Math.abs(Math.floor(i / width) - centreY) / radiusY;
      if (isOval ? x * x + y * y <= 1 : Math.max(x, y) <= 1) data[i] = value;
    }
  }
  const noise = random() < 0.5 ? 0 : random() ** 2 / 2;
  for (let i = 0; i < data.length; i++) if (random() < noise) data[i] ^= 1;
  return { width, height, data };
}

function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}
