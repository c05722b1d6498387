// The person who is simulated while training: first a click, a box or a mask,
// then clicks into the middle of the largest error.
//
// As in SAM 2's own training (MODELS 1.15), with prompts that are not perfect:
// clicks anywhere inside, boxes that are off, corrections beside the middle.
// All objects of a batch are prompted alike, so that they fit into one tensor.

import type { Bitmap } from "../../base/image.ts";
import type { Random } from "../../base/random.ts";
import type { Tensor } from "../../base/tensor.ts";
import { boxOf, subtract } from "../../masks/bitmap.ts";
import { distanceInside } from "../../masks/distance.ts";
import { clampLogits } from "./passes.ts";

/** The prompts of a batch of B objects. */
export type BatchPrompts = {
  /** `[B, P, 2]` in pixels of the input, the filling point last. */
  readonly points: Tensor;
  /** `[B, P]` */
  readonly labels: Tensor;
  /** Logits `[B, 1, side/4, side/4]`; zeros where there is none. */
  readonly mask: Tensor;
  /** `[B, 1, 1, 1]` */
  readonly hasMask: Tensor;
  /** Whether one click is all there is, so that the best of three masks counts. */
  readonly isAmbiguous: boolean;
};

/** One prompt point. */
type PromptPoint = {
  readonly x: number;
  readonly y: number;
  /** 1 and 0 for + and −, 2 and 3 for the corners of a box. */
  readonly label: number;
};

/** What is known of every object: its points, and the mask of the pass before. */
export type Asked = {
  readonly points: readonly (readonly PromptPoint[])[];
  /** `[side/4 · side/4]` logits each. */
  readonly masks?: readonly Float32Array[];
};

/** How often each kind of prompt begins. */
export type PromptHabits = {
  readonly box: number;
  readonly mask: number;
};

/** The first prompts for masks at half the side. */
export function firstPrompts(
  masks: readonly Bitmap[],
  random: Random,
  habits: PromptHabits = { box: 0.25, mask: 0.03 },
): Asked {
  const kind = random();
  if (kind < habits.mask) {
    return {
      points: masks.map(() => []),
      masks: masks.map((mask) => roughLogits(mask, random)),
    };
  }
  if (kind < habits.mask + habits.box) {
    return { points: masks.map((mask) => roughBox(mask, random)) };
  }
  return {
    points: masks.map((mask) => {
      const isDeep = random() < 0.5;
      const place = pickInside(mask, random, isDeep ? 0.3 + 0.7 * random() : 0);
      return [{ ...toInput(place), label: 1 }];
    }),
  };
}

/** Adds to every object the click that corrects its worst error, and the mask found so far. */
export function addCorrections(
  { points }: Asked,
  { truths, found, logits, random }: {
    readonly truths: readonly Bitmap[];
    readonly found: readonly Bitmap[];
    readonly logits: readonly Float32Array[];
    readonly random: Random;
  },
): Asked {
  return {
    points: points.map((own, i) => [
      ...own,
      correction(truths[i], found[i], random),
    ]),
    masks: logits.map(clampLogits),
  };
}

/** The prompts as tensors; every object has the same number of points. */
export function promptTensors(
  { points, masks }: Asked,
  side: number,
): BatchPrompts {
  const b = points.length;
  const own = points[0].length;
  const p = Math.max(own + 1, 2); // without a point there are two that fill up
  const places = new Float32Array(b * p * 2);
  const labels = new Float32Array(b * p).fill(-1);
  points.forEach((list, object) =>
    list.forEach(({ x, y, label }, i) => {
      places.set([x, y], (object * p + i) * 2);
      labels[object * p + i] = label;
    })
  );
  const quarter = side / 4;
  const mask = new Float32Array(b * quarter * quarter);
  masks?.forEach((logits, i) => mask.set(logits, i * quarter * quarter));
  return {
    points: { dims: [b, p, 2], data: places },
    labels: { dims: [b, p], data: labels },
    mask: { dims: [b, 1, quarter, quarter], data: mask },
    hasMask: {
      dims: [b, 1, 1, 1],
      data: new Float32Array(b).fill(masks ? 1 : 0),
    },
    isAmbiguous: own === 0 || (own === 1 && points[0][0].label < 2),
  };
}

/** The middle of a pixel at half the side, in pixels of the input. */
function toInput({ x, y }: { readonly x: number; readonly y: number }) {
  return { x: 2 * x + 0.5, y: 2 * y + 0.5 };
}

/** A pixel at least so deep as a share of the deepest; the corner of an empty mask. */
function pickInside(mask: Bitmap, random: Random, leastDepth: number) {
  const depths = leastDepth > 0 ? distanceInside(mask) : mask.data;
  let most = 0;
  for (const depth of depths) most = Math.max(most, depth);
  if (most === 0) return { x: 0, y: 0 };
  const least = Math.max(leastDepth * most, 1e-6);
  let count = 0;
  for (const depth of depths) if (depth >= least) count++;
  let rest = Math.floor(random() * count);
  for (let i = 0; i < depths.length; i++) {
    if (depths[i] < least) continue;
    if (rest-- === 0) {
      return { x: i % mask.width, y: Math.floor(i / mask.width) };
    }
  }
  return { x: 0, y: 0 };
}

/** The corners of a box that is off by up to 12 % of its sides. */
function roughBox(mask: Bitmap, random: Random): PromptPoint[] {
  const box = boxOf(mask) ?? { x0: 0, y0: 0, x1: 1, y1: 1 };
  const off = (size: number) =>
    Math.min(Math.max(0.06 * normal(random), -0.12), 0.12) * (size + 1);
  const width = box.x1 - box.x0, height = box.y1 - box.y0;
  const corner = (x: number, y: number, label: number) => ({
    x: 2 * (x + off(width)),
    y: 2 * (y + off(height)),
    label,
  });
  return [corner(box.x0, box.y0, 2), corner(box.x1, box.y1, 3)];
}

function normal(random: Random): number {
  const length = Math.sqrt(-2 * Math.log(1 - random()));
  return length * Math.cos(2 * Math.PI * random());
}

/** A truth that is shifted and soft, as another model or an older frame would give it. */
function roughLogits(mask: Bitmap, random: Random): Float32Array {
  const half = mask.width;
  const side = half / 2;
  const shift = () => Math.round(normal(random) * half * 0.02);
  const dx = shift(), dy = shift();
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < half && y < half ? mask.data[y * half + x] : 0;
  return Float32Array.from({ length: side * side }, (_, i) => {
    const x = 2 * (i % side) + dx, y = 2 * Math.floor(i / side) + dy;
    const share = at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1);
    return 5 * share - 10;
  });
}

function correction(
  truth: Bitmap,
  found: Bitmap,
  random: Random,
): PromptPoint {
  const missing = distanceInside(subtract(truth, found));
  const tooMuch = distanceInside(subtract(found, truth));
  const isMissing = largest(missing) >= largest(tooMuch);
  const depths = isMissing ? missing : tooMuch;
  const most = largest(depths);
  if (most === 0) { // nothing is wrong: once more what is right
    const isEmpty = !truth.data.includes(1);
    const place = isEmpty ? { x: 0, y: 0 } : pickInside(truth, random, 0.5);
    return { ...toInput(place), label: isEmpty ? 0 : 1 };
  }
  const isRough = random() < 0.3;
  const least = isRough ? most * 0.5 : most;
  const choices: number[] = [];
  depths.forEach((depth, i) => {
    if (depth >= least) choices.push(i);
  });
  const i = choices[isRough ? Math.floor(random() * choices.length) : 0];
  const place = { x: i % truth.width, y: Math.floor(i / truth.width) };
  return { ...toInput(place), label: isMissing ? 1 : 0 };
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
