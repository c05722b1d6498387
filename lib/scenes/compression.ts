// Losses of a compressed picture: blocks of 8 × 8 cosine waves, rounded, with
// colour at half the resolution.
//
// The waves and the tables of steps are those of JPEG (ITU-T T.81, annex K);
// the lossless coding behind them changes nothing and is left out.

/** Rounds an RGB picture as JPEG of a quality from 1 to 100 would, in place. */
export function compressImage(
  rgb: Uint8Array,
  width: number,
  height: number,
  quality: number,
) {
  const scale = quality < 50 ? 50 / quality : 2 - quality / 50;
  const wide = Math.ceil(width / 16) * 16;
  const high = Math.ceil(height / 16) * 16;
  const luma = new Float32Array(wide * high);
  const blue = new Float32Array(wide * high / 4);
  const red = new Float32Array(wide * high / 4);
  for (let y = 0; y < high; y++) {
    const row = Math.min(height - 1, y) * width;
    for (let x = 0; x < wide; x++) {
      const p = 3 * (row + Math.min(width - 1, x));
      const [r, g, b] = [rgb[p], rgb[p + 1], rgb[p + 2]];
      luma[y * wide + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      const half = (y >> 1) * (wide >> 1) + (x >> 1);
      blue[half] += 0.25 * (-0.168736 * r - 0.331264 * g + 0.5 * b);
      red[half] += 0.25 * (0.5 * r - 0.418688 * g - 0.081312 * b);
    }
  }
  roundBlocks(luma, wide, high, LUMA_STEPS, scale);
  roundBlocks(blue, wide / 2, high / 2, CHROMA_STEPS, scale);
  roundBlocks(red, wide / 2, high / 2, CHROMA_STEPS, scale);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 3) {
      const half = (y >> 1) * (wide >> 1) + (x >> 1);
      const l = luma[y * wide + x] + 128;
      rgb[p] = toByte(l + 1.402 * red[half]);
      rgb[p + 1] = toByte(l - 0.344136 * blue[half] - 0.714136 * red[half]);
      rgb[p + 2] = toByte(l + 1.772 * blue[half]);
    }
  }
}

function toByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : (value + 0.5) | 0;
}

function roundBlocks(
  plane: Float32Array,
  width: number,
  height: number,
  steps: readonly number[],
  scale: number,
) {
  const divisors = steps.map((step) =>
    Math.min(255, Math.max(1, Math.round(step * scale)))
  );
  const block = new Float32Array(64);
  const waves = new Float32Array(64);
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width; x += 8) {
      const at = y * width + x;
      for (let k = 0; k < 64; k++) {
        block[k] = plane[at + (k >> 3) * width + (k & 7)];
      }
      transform(block, waves, FORWARD);
      for (let k = 0; k < 64; k++) {
        waves[k] = Math.round(waves[k] / divisors[k]) * divisors[k];
      }
      transform(waves, block, BACKWARD);
      for (let k = 0; k < 64; k++) {
        plane[at + (k >> 3) * width + (k & 7)] = block[k];
      }
    }
  }
}

const between = new Float32Array(64);

/** Multiplies a block by an 8 × 8 matrix along both of its axes. */
function transform(from: Float32Array, to: Float32Array, matrix: Float32Array) {
  for (let k = 0; k < 8; k++) {
    const m = 8 * k;
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let y = 0; y < 8; y++) sum += matrix[m + y] * from[8 * y + x];
      between[m + x] = sum;
    }
  }
  for (let k = 0; k < 8; k++) {
    const m = 8 * k;
    for (let y = 0; y < 8; y++) {
      const row = 8 * y;
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += matrix[m + x] * between[row + x];
      to[row + k] = sum;
    }
  }
}

/** The cosine transform's matrix: row k is the wave with k half periods. */
const FORWARD = Float32Array.from({ length: 64 }, (_, i) => {
  const [k, x] = [i >> 3, i & 7];
  const norm = k === 0 ? Math.sqrt(1 / 8) : 0.5;
  return norm * Math.cos((2 * x + 1) * k * Math.PI / 16);
});

/** Its transpose, which undoes it. */
const BACKWARD = FORWARD.map((_, i) => FORWARD[8 * (i & 7) + (i >> 3)]);

/** Steps for brightness, T.81 table K.1. */
// deno-fmt-ignore
const LUMA_STEPS = [
  16, 11, 10, 16, 24, 40, 51, 61,
  12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77,
  24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

/** Steps for colour, T.81 table K.2. */
// deno-fmt-ignore
const CHROMA_STEPS = [
  17, 18, 24, 47, 99, 99, 99, 99,
  18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
];
