// COCO's twelve numbers from matched detections.
//
// Follows pycocotools' accumulate and summarize: precision is made monotone
// from the right and read at 101 recalls without interpolation; means go over
// classes that have labels in the range. Ties of confidence keep the order of
// the images. Where pycocotools says −1 (nothing to be found), here it is null.

import { iouThresholds } from "./match_detections.ts";
import type { CocoMatches } from "./match_coco.ts";

/** COCO's numbers, 0..1; null where there is nothing to be found. */
export type CocoStats = {
  readonly ap: number | null;
  readonly ap50: number | null;
  readonly ap75: number | null;
  readonly apSmall: number | null;
  readonly apMedium: number | null;
  readonly apLarge: number | null;
  /** Recall with at most one, ten, a hundred detections an image. */
  readonly ar1: number | null;
  readonly ar10: number | null;
  readonly ar100: number | null;
  readonly arSmall: number | null;
  readonly arMedium: number | null;
  readonly arLarge: number | null;
};

/** One class by COCO's rule. */
export type CocoClass = CocoStats & {
  readonly classNumber: number;
  /** Those to be found: neither crowds nor ignored. */
  readonly labels: number;
};

/** All classes by COCO's rule. */
export type CocoMeasures = CocoStats & {
  readonly classes: readonly CocoClass[];
};

/**
 * Measures a data set by COCO's rule.
 *
 * @param images what {@link matchCoco} gave for each, in the order of their ids
 */
export function measureByCoco(
  images: Iterable<readonly CocoMatches[]>,
): CocoMeasures {
  const byClass = new Map<number, CocoMatches[]>();
  for (const image of images) {
    for (const matches of image) {
      const own = byClass.get(matches.classNumber);
      if (own) own.push(matches);
      else byClass.set(matches.classNumber, [matches]);
    }
  }
  const classes = [...byClass].sort(([a], [b]) => a - b)
    .map(([classNumber, matches]) => measureClass(classNumber, matches));
  return { ...meanStats(classes), classes };
}

function measureClass(
  classNumber: number,
  matches: readonly CocoMatches[],
): CocoClass {
  const at = (area: number, most: number) => accumulate(matches, area, most);
  const all = at(0, 100); // ranges of size in the order of cocoAreas
  const [small, medium, large] = [at(1, 100), at(2, 100), at(3, 100)];
  return {
    classNumber,
    labels: all.wanted,
    ap: meanOrNull(all.ap),
    ap50: all.ap?.[0] ?? null,
    ap75: all.ap?.[5] ?? null,
    apSmall: meanOrNull(small.ap),
    apMedium: meanOrNull(medium.ap),
    apLarge: meanOrNull(large.ap),
    ar1: meanOrNull(at(0, 1).recall),
    ar10: meanOrNull(at(0, 10).recall),
    ar100: meanOrNull(all.recall),
    arSmall: meanOrNull(small.recall),
    arMedium: meanOrNull(medium.recall),
    arLarge: meanOrNull(large.recall),
  };
}

type Accumulated = {
  readonly wanted: number;
  /** At each threshold; undefined when nothing is wanted. */
  readonly ap?: readonly number[];
  readonly recall?: readonly number[];
};

function accumulate(
  matches: readonly CocoMatches[],
  area: number,
  most: number,
): Accumulated {
  const wanted = matches.reduce((sum, { wantedA }) => sum + wantedA[area], 0);
  if (wanted === 0) return { wanted };
  const { matched, passed } = inOrder(matches, area, most);
  const measured = iouThresholds.map((_, t) =>
    precisionAndRecall({ matched, passed, bit: 1 << t, wanted })
  );
  return {
    wanted,
    ap: measured.map(({ ap }) => ap),
    recall: measured.map(({ recall }) => recall),
  };
}

/** The detections of all images, most confident first. */
function inOrder(
  images: readonly CocoMatches[],
  area: number,
  most: number,
): { readonly matched: Uint16Array; readonly passed: Uint16Array } {
  const counts = images.map(({ confidences }) =>
    Math.min(most, confidences.length)
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  const confidences = new Float64Array(total);
  const matched = new Uint16Array(total);
  const passed = new Uint16Array(total);
  let at = 0;
  for (const [i, image] of images.entries()) {
    const from = area * image.confidences.length;
    const to = from + counts[i];
    confidences.set(image.confidences.subarray(0, counts[i]), at);
    matched.set(image.matchedAD.subarray(from, to), at);
    passed.set(image.passedAD.subarray(from, to), at);
    at += counts[i];
  }
  const order = Uint32Array.from({ length: total }, (_, i) => i)
    .sort((a, b) => confidences[b] - confidences[a] || a - b);
  return {
    matched: Uint16Array.from(order, (i) => matched[i]),
    passed: Uint16Array.from(order, (i) => passed[i]),
  };
}

const recallPoints = 101;

function precisionAndRecall(
  { matched, passed, bit, wanted }: {
    readonly matched: Uint16Array;
    readonly passed: Uint16Array;
    readonly bit: number;
    readonly wanted: number;
  },
): { readonly ap: number; readonly recall: number } {
  const recalls = new Float64Array(matched.length);
  const precisions = new Float64Array(matched.length);
  let right = 0, wrong = 0;
  for (let i = 0; i < matched.length; i++) {
    if ((passed[i] & bit) === 0) {
      if (matched[i] & bit) right++;
      else wrong++;
    }
    recalls[i] = right / wanted;
    precisions[i] = right / (right + wrong + Number.EPSILON);
  }
  for (let i = precisions.length - 1; i > 0; i--) {
    if (precisions[i] > precisions[i - 1]) precisions[i - 1] = precisions[i];
  }
  let sum = 0;
  for (let point = 0, i = 0; point < recallPoints; point++) {
    const recall = recallPoint(point);
    while (i < recalls.length && recalls[i] < recall) i++;
    if (i === recalls.length) break;
    sum += precisions[i];
  }
  return { ap: sum / recallPoints, recall: right / wanted };
}

/** As NumPy's linspace(0, 1, 101) has it, to the last bit. */
function recallPoint(i: number): number {
  return i === recallPoints - 1 ? 1 : i * (1 / (recallPoints - 1));
}

function meanOrNull(values: readonly number[] | undefined): number | null {
  if (values === undefined || values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function meanStats(classes: readonly CocoClass[]): CocoStats {
  const mean = (key: keyof CocoStats) =>
    meanOrNull(
      classes.map(({ [key]: value }) => value).filter((value) =>
        value !== null
      ),
    );
  return {
    ap: mean("ap"),
    ap50: mean("ap50"),
    ap75: mean("ap75"),
    apSmall: mean("apSmall"),
    apMedium: mean("apMedium"),
    apLarge: mean("apLarge"),
    ar1: mean("ar1"),
    ar10: mean("ar10"),
    ar100: mean("ar100"),
    arSmall: mean("arSmall"),
    arMedium: mean("arMedium"),
    arLarge: mean("arLarge"),
  };
}
