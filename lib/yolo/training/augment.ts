// Augmentation: every time an image is learnt from, it looks different.
//
// Four images in a mosaic, scaled and shifted, colours turned, mirrored: what
// MODELS 2.6 lists, with its amounts as defaults. All chance comes from the
// generator that is handed in, so an epoch can be repeated exactly.

import type { RgbImage } from "../../base/image.ts";
import type { Random } from "../../base/random.ts";
import type { Box, Point } from "../../base/tensor.ts";
import { boxArea } from "../../masks/nms.ts";
import type { Label } from "../detection.ts";
import { fillGrey } from "../letterbox.ts";
import { changeColours } from "./colours.ts";
import { type LoadedSample, moveLabel, ringOf } from "./sample.ts";

/** How much images are changed; 0 leaves a property as it is. */
export type Augmentation = {
  /** Share of images that become a mosaic of four. */
  readonly mosaic: number;
  /** Size changes by up to this share. */
  readonly scale: number;
  /** Shifts by up to this share of the side. */
  readonly translate: number;
  /** Degrees of turning, both ways. */
  readonly degrees: number;
  readonly hue: number;
  readonly saturation: number;
  readonly brightness: number;
  /** Share of images mirrored left to right, and upside down. */
  readonly flipLeftRight: number;
  readonly flipUpDown: number;
};

/** The amounts of the official training. */
export const defaultAugmentation: Augmentation = {
  mosaic: 1,
  scale: 0.5,
  translate: 0.1,
  degrees: 0,
  hue: 0.015,
  saturation: 0.7,
  brightness: 0.4,
  flipLeftRight: 0.5,
  flipUpDown: 0,
};

/** A square image with its labels. */
export type AugmentedImage = {
  readonly image: RgbImage;
  readonly labels: readonly Label[];
};

/**
 * Changes an image at random.
 *
 * @param partner gives another image for a mosaic
 * @param side of the result, pixels
 */
export async function augment(
  sample: LoadedSample,
  { side, amounts, random, partner }: {
    readonly side: number;
    readonly amounts: Augmentation;
    readonly random: Random;
    readonly partner: () => Promise<LoadedSample>;
  },
): Promise<AugmentedImage> {
  const isMosaic = random() < amounts.mosaic;
  const canvas = isMosaic
    ? await mosaic(
      [sample, await partner(), await partner(), await partner()],
      {
        side,
        random,
      },
    )
    : sample;
  const moved = warp(canvas, { side, amounts, random });
  changeColours(moved.image, { amounts, random });
  const mirrored = random() < amounts.flipUpDown ? flipUpDown(moved) : moved;
  return random() < amounts.flipLeftRight ? flipLeftRight(mirrored) : mirrored;
}

/** Four images around a point in the middle of a canvas of twice the side. */
function mosaic(
  samples: readonly LoadedSample[],
  { side, random }: { readonly side: number; readonly random: Random },
): AugmentedImage {
  const wide = 2 * side;
  const image = greyImage(wide);
  const within = () => Math.floor(side / 2 + random() * side);
  const middleX = within();
  const middleY = within();
  const labels: Label[] = [];
  for (const [i, sample] of samples.entries()) {
    const { width, height } = sample.image;
    const left = i % 2 === 0 ? middleX - width : middleX;
    const top = i < 2 ? middleY - height : middleY;
    paste(sample.image, image, left, top);
    const place = { x: 1, y: 1, left, top };
    labels.push(...sample.labels.map((label) => moveLabel(label, place)));
  }
  const whole = { x0: 0, y0: 0, x1: wide, y1: wide };
  return { image, labels: labels.flatMap((label) => clip(label, whole)) };
}

function greyImage(side: number): RgbImage {
  const data = new Uint8Array(side * side * 3).fill(fillGrey);
  return { width: side, height: side, data };
}

function paste(from: RgbImage, to: RgbImage, left: number, top: number) {
  const x0 = Math.max(0, left), x1 = Math.min(to.width, left + from.width);
  const y0 = Math.max(0, top), y1 = Math.min(to.height, top + from.height);
  if (x0 >= x1) return;
  for (let y = y0; y < y1; y++) {
    const at = ((y - top) * from.width + x0 - left) * 3;
    to.data.set(
      from.data.subarray(at, at + (x1 - x0) * 3),
      (y * to.width + x0) * 3,
    );
  }
}

/** x' = a x + b y + c, y' = d x + e y + f */
type Affine = readonly [number, number, number, number, number, number];

/** Turns, scales and shifts about the middle, into a square of the wanted side. */
function warp(
  { image, labels }: AugmentedImage,
  { side, amounts, random }: {
    readonly side: number;
    readonly amounts: Augmentation;
    readonly random: Random;
  },
): AugmentedImage {
  const between = (middle: number, reach: number) =>
    middle + (2 * random() - 1) * reach;
  const scale = between(1, amounts.scale);
  const angle = between(0, amounts.degrees) * Math.PI / 180;
  const shiftX = between(0.5, amounts.translate) * side;
  const shiftY = between(0.5, amounts.translate) * side;
  const cos = Math.cos(angle) * scale, sin = Math.sin(angle) * scale;
  const centreX = image.width / 2, centreY = image.height / 2;
  const map: Affine = [
    cos,
    -sin,
    shiftX - cos * centreX + sin * centreY,
    sin,
    cos,
    shiftY - sin * centreX - cos * centreY,
  ];
  return {
    image: warpImage(image, map, side),
    labels: labels.flatMap((label) => warpLabel(label, map, side)),
  };
}

/** Bilinear; grey where the image does not reach. */
function warpImage(image: RgbImage, map: Affine, side: number): RgbImage {
  const [a, b, c, d, e, f] = map;
  const determinant = a * e - b * d;
  const ia = e / determinant, ib = -b / determinant;
  const id = -d / determinant, ie = a / determinant;
  const { width, height, data } = image;
  const out = new Uint8Array(side * side * 3);
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i += 3) {
      const u = ia * (x - c) + ib * (y - f);
      const v = id * (x - c) + ie * (y - f);
      const left = Math.floor(u), top = Math.floor(v);
      if (left < -1 || top < -1 || left >= width || top >= height) {
        out[i] = out[i + 1] = out[i + 2] = fillGrey;
        continue;
      }
      const s = u - left, t = v - top;
      const isInside = left >= 0 && top >= 0 && left + 1 < width &&
        top + 1 < height;
      const at = (top * width + left) * 3;
      for (let k = 0; k < 3; k++) {
        const p = at + k, q = p + width * 3;
        const p0 = isInside ? data[p] : pixelAt(image, left, top, k);
        const p1 = isInside ? data[p + 3] : pixelAt(image, left + 1, top, k);
        const q0 = isInside ? data[q] : pixelAt(image, left, top + 1, k);
        const q1 = isInside
          ? data[q + 3]
          : pixelAt(image, left + 1, top + 1, k);
        const above = p0 + (p1 - p0) * s;
        out[i + k] = above + (q0 + (q1 - q0) * s - above) * t + 0.5;
      }
    }
  }
  return { width: side, height: side, data: out };
}

function pixelAt(
  { width, height, data }: RgbImage,
  x: number,
  y: number,
  channel: number,
): number {
  const isInside = x >= 0 && y >= 0 && x < width && y < height;
  return isInside ? data[(y * width + x) * 3 + channel] : fillGrey;
}

const leastSidePx = 2;
const mostStretch = 100; // longer over shorter side
const leastShare = 0.1; // of the area that must stay
const leastShareOfRing = 0.01;

/** A label where it went to; none when hardly anything of it is left. */
function warpLabel(label: Label, map: Affine, side: number): Label[] {
  const [a, b, c, d, e, f] = map;
  const to = ({ x, y }: Point) => ({
    x: a * x + b * y + c,
    y: d * x + e * y + f,
  });
  const ring = label.ring?.map(to);
  const box = boxAround(ringOf(label).map(to));
  const whole = { x0: 0, y0: 0, x1: side, y1: side };
  const [kept] = clip({ ...label, box, ...(ring && { ring }) }, whole);
  if (!kept) return [];
  const width = kept.box.x1 - kept.box.x0;
  const height = kept.box.y1 - kept.box.y0;
  const scaled = boxArea(label.box) * Math.abs(a * e - b * d);
  const share = boxArea(kept.box) / (scaled + 1e-16);
  const stretch = Math.max(width / (height + 1e-16), height / (width + 1e-16));
  const isKept = width > leastSidePx && height > leastSidePx &&
    share > (ring ? leastShareOfRing : leastShare) && stretch < mostStretch;
  return isKept ? [kept] : [];
}

/** The smallest box around points. */
export function boxAround(points: readonly Point[]): Box {
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (const { x, y } of points) {
    x0 = Math.min(x0, x);
    y0 = Math.min(y0, y);
    x1 = Math.max(x1, x);
    y1 = Math.max(y1, y);
  }
  return { x0, y0, x1, y1 };
}

/** Cuts a label to a window; an outline's box is that of what is seen of it. */
function clip(label: Label, window: Box): Label[] {
  const ring = label.ring && clipRing(label.ring, window);
  if (ring?.length === 0) return [];
  const { x0, y0, x1, y1 } = ring ? boxAround(ring) : label.box;
  const box = {
    x0: Math.max(x0, window.x0),
    y0: Math.max(y0, window.y0),
    x1: Math.min(x1, window.x1),
    y1: Math.min(y1, window.y1),
  };
  if (!(box.x1 > box.x0 && box.y1 > box.y0)) return [];
  return [{ ...label, box, ...(ring && { ring }) }];
}

/** The part of a ring inside a window, by cutting along each of its lines. */
function clipRing(ring: readonly Point[], window: Box): readonly Point[] {
  const lines: readonly (readonly [(p: Point) => number, number, number])[] = [
    [({ x }) => x, window.x0, 1],
    [({ x }) => x, window.x1, -1],
    [({ y }) => y, window.y0, 1],
    [({ y }) => y, window.y1, -1],
  ];
  return lines.reduce((points: readonly Point[], [pick, line, sign]) => {
    const inside = (p: Point) => (pick(p) - line) * sign >= 0;
    return points.flatMap((p, i) => {
      const before = points[(i + points.length - 1) % points.length];
      const t = (line - pick(before)) / (pick(p) - pick(before));
      const crossing = {
        x: before.x + (p.x - before.x) * t,
        y: before.y + (p.y - before.y) * t,
      };
      if (inside(p)) return inside(before) ? [p] : [crossing, p];
      return inside(before) ? [crossing] : [];
    });
  }, ring);
}

function flipLeftRight({ image, labels }: AugmentedImage): AugmentedImage {
  const { width, height, data } = image;
  const flipped = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = (y * width + width - 1 - x) * 3;
      flipped[to] = data[from];
      flipped[to + 1] = data[from + 1];
      flipped[to + 2] = data[from + 2];
    }
  }
  const turned = labels.map(({ classNumber, box, ring }): Label => ({
    classNumber,
    box: { ...box, x0: width - box.x1, x1: width - box.x0 },
    ...(ring && { ring: ring.map(({ x, y }) => ({ x: width - x, y })) }),
  }));
  return { image: { width, height, data: flipped }, labels: turned };
}

function flipUpDown({ image, labels }: AugmentedImage): AugmentedImage {
  const { width, height, data } = image;
  const flipped = new Uint8Array(data.length);
  const row = width * 3;
  for (let y = 0; y < height; y++) {
    flipped.set(data.subarray(y * row, (y + 1) * row), (height - 1 - y) * row);
  }
  const turned = labels.map(({ classNumber, box, ring }): Label => ({
    classNumber,
    box: { ...box, y0: height - box.y1, y1: height - box.y0 },
    ...(ring && { ring: ring.map(({ x, y }) => ({ x, y: height - y })) }),
  }));
  return { image: { width, height, data: flipped }, labels: turned };
}
