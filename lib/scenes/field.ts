// Planes of numbers: what heights, covers and colours of a scene are made of.
//
// A field has one number per pixel, a canvas three (red, green, blue, where 1
// is white). Blurs are two box passes of fractional width: close to a Gaussian
// and as fast for wide ones as for narrow ones.

/** One number per pixel, row-major. */
export type Field = {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
};

/** Red, green and blue per pixel, row-major and interleaved; 1 is white. */
export type Canvas = Field;

/** A field of one value. */
export function flatField(width: number, height: number, value = 0): Field {
  const data = new Float32Array(width * height);
  if (value !== 0) data.fill(value);
  return { width, height, data };
}

/** A canvas of one colour. */
export function flatCanvas(
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
): Canvas {
  const data = new Float32Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) {
    data[i] = red;
    data[i + 1] = green;
    data[i + 2] = blue;
  }
  return { width, height, data };
}

/** Keeps a number within 0 and 1. */
export function clamp01(x: number): number {
  return x < 0 ? 0 : x > 1 ? 1 : x;
}

/** A blurred copy of a field or canvas; the border continues outwards. */
export function blur(field: Field, sigmaPx: number): Field {
  const { width, height, data } = field;
  const channels = data.length / (width * height);
  const reach = boxReach(sigmaPx * sigmaPx / 2);
  const turned = new Float32Array(data.length);
  const blurred = new Float32Array(data.length);
  boxAndTurn(data, turned, { width, height, channels, reach });
  boxAndTurn(turned, blurred, {
    width: height,
    height: width,
    channels,
    reach,
  });
  boxAndTurn(blurred, turned, { width, height, channels, reach });
  boxAndTurn(turned, blurred, {
    width: height,
    height: width,
    channels,
    reach,
  });
  return { width, height, data: blurred };
}

/**
 * How far a box reaches to both sides for a variance: whole pixels, and the
 * weight of the two after them.
 */
function boxReach(variance: number): { full: number; part: number } {
  const full = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  // Twice the squares of the whole pixels' distances.
  const squares = full * (full + 1) * (2 * full + 1) / 3;
  const next = (full + 1) ** 2;
  const part = (variance * (2 * full + 1) - squares) / (2 * (next - variance));
  return { full, part };
}

/** Averages each row over `reach` pixels to both sides and writes it as a column. */
function boxAndTurn(
  from: Float32Array,
  to: Float32Array,
  { width, height, channels, reach }: {
    width: number;
    height: number;
    channels: number;
    reach: { readonly full: number; readonly part: number };
  },
) {
  const full = Math.min(reach.full, width - 1);
  const { part } = reach;
  const gain = 1 / (2 * full + 1 + 2 * part);
  const last = width - 1;
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const row = y * width * channels + c;
      let sum = from[row] * (full + 1);
      for (let x = 1; x <= full; x++) sum += from[row + x * channels];
      let at = y * channels + c;
      for (let x = 0; x < width; x++) {
        const next = x + full + 1 > last ? last : x + full + 1;
        const before = x - full - 1 < 0 ? 0 : x - full - 1;
        const after = from[row + next * channels];
        to[at] = gain * (sum + part * (after + from[row + before * channels]));
        at += height * channels;
        const gone = x - full < 0 ? 0 : x - full;
        sum += after - from[row + gone * channels];
      }
    }
  }
}

/** The same field at another size, bilinear. */
export function resizeField(field: Field, width: number, height: number) {
  const { data, width: w, height: h } = field;
  const channels = data.length / (w * h);
  const resized = new Float32Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    const fy = Math.min(h - 1, Math.max(0, (y + 0.5) * h / height - 0.5));
    const y0 = Math.floor(fy);
    const down = y0 + 1 < h ? w * channels : 0;
    for (let x = 0; x < width; x++) {
      const fx = Math.min(w - 1, Math.max(0, (x + 0.5) * w / width - 0.5));
      const x0 = Math.floor(fx);
      const right = x0 + 1 < w ? channels : 0;
      const [u, v] = [fx - x0, fy - y0];
      let at = (y0 * w + x0) * channels;
      for (let c = 0; c < channels; c++, i++, at++) {
        const top = data[at] + (data[at + right] - data[at]) * u;
        const a = data[at + down];
        const bottom = a + (data[at + down + right] - a) * u;
        resized[i] = top + (bottom - top) * v;
      }
    }
  }
  return { width, height, data: resized };
}
