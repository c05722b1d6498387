// From the output of the network to the boxes that stay.
//
// Confidence, then non-maximum suppression: by class or over all classes, each
// box with its best class or with every class that is sure enough (MODELS 2.4).

import type { Box } from "../base/tensor.ts";
import { boxIou } from "../masks/nms.ts";

/** How boxes are chosen. */
export type ChoiceOptions = {
  /** Least score, 0..1; default 0.25. */
  readonly confidence?: number;
  /** Of two boxes that overlap more, only the better stays; default 0.7. */
  readonly iouThreshold?: number;
  /** Most boxes of an image; default 300. */
  readonly maxDetections?: number;
  /** Boxes of different classes suppress each other. */
  readonly isAgnostic?: boolean;
  /** A box counts once for each class that is sure enough; for evaluation. */
  readonly isMultiLabel?: boolean;
  /** Only these classes. */
  readonly classes?: readonly number[];
};

/** A box that stayed. */
export type Candidate = {
  /** Number of the anchor, the column of the output. */
  readonly anchor: number;
  readonly classNumber: number;
  readonly confidence: number;
  /** In pixels of the input. */
  readonly box: Box;
};

const mostCompared = 30_000;

/**
 * Chooses among the boxes of one image, the surest first.
 *
 * @param output `[4 + classes (+ masks), A]`: centre and size in pixels, then scores
 */
export function chooseCandidates(
  output: Float32Array,
  { classCount, anchorCount }: {
    readonly classCount: number;
    readonly anchorCount: number;
  },
  {
    confidence = 0.25,
    iouThreshold = 0.7,
    maxDetections = 300,
    isAgnostic = false,
    isMultiLabel = false,
    classes,
  }: ChoiceOptions = {},
): Candidate[] {
  const sure = isMultiLabel && classCount > 1
    ? everyClass(output, classCount, anchorCount, confidence)
    : bestClass(output, classCount, anchorCount, confidence);
  const allowed = classes && new Set(classes);
  const sorted = sure
    .filter(({ classNumber }) => !allowed || allowed.has(classNumber))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, mostCompared);
  const kept: Candidate[] = [];
  for (const { anchor, classNumber, confidence } of sorted) {
    if (kept.length === maxDetections) break;
    const box = boxOf(output, anchor, anchorCount);
    const isDouble = kept.some((better) =>
      (isAgnostic || better.classNumber === classNumber) &&
      boxIou(better.box, box) > iouThreshold
    );
    if (!isDouble) kept.push({ anchor, classNumber, confidence, box });
  }
  return kept;
}

type Scored = Omit<Candidate, "box">;

function everyClass(
  output: Float32Array,
  classCount: number,
  anchorCount: number,
  least: number,
): Scored[] {
  const found: Scored[] = [];
  for (let anchor = 0; anchor < anchorCount; anchor++) {
    for (let c = 0; c < classCount; c++) {
      const confidence = output[(4 + c) * anchorCount + anchor];
      if (confidence > least) {
        found.push({ anchor, classNumber: c, confidence });
      }
    }
  }
  return found;
}

function bestClass(
  output: Float32Array,
  classCount: number,
  anchorCount: number,
  least: number,
): Scored[] {
  const best = output.slice(4 * anchorCount, 5 * anchorCount);
  const numbers = new Int32Array(anchorCount);
  for (let c = 1; c < classCount; c++) {
    const row = (4 + c) * anchorCount;
    for (let anchor = 0; anchor < anchorCount; anchor++) {
      if (output[row + anchor] > best[anchor]) {
        best[anchor] = output[row + anchor];
        numbers[anchor] = c;
      }
    }
  }
  const found: Scored[] = [];
  for (let anchor = 0; anchor < anchorCount; anchor++) {
    const confidence = best[anchor];
    if (confidence > least) {
      found.push({ anchor, classNumber: numbers[anchor], confidence });
    }
  }
  return found;
}

function boxOf(
  output: Float32Array,
  anchor: number,
  anchorCount: number,
): Box {
  const x = output[anchor];
  const y = output[anchorCount + anchor];
  const halfWidth = output[2 * anchorCount + anchor] / 2;
  const halfHeight = output[3 * anchorCount + anchor] / 2;
  return {
    x0: x - halfWidth,
    y0: y - halfHeight,
    x1: x + halfWidth,
    y1: y + halfHeight,
  };
}
