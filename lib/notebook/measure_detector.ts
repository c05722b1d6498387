// How good a detector is, in a cell: a row for each class, precision over
// recall, and what a reader has to know.

import type { DetectorEvaluation } from "../work/evaluation/detector_evaluation.ts";
import {
  evaluateDetector,
  type EvaluateDetectorOptions,
} from "../work/evaluation/evaluate_detector.ts";
import { chartSvg, lineStyle } from "./chart.ts";
import { type Displayable, displayed } from "./display.ts";
import { drawPicture } from "./picture.ts";
import { withProgress } from "./progress.ts";
import { tableLook } from "./table.ts";

/** An evaluation as a cell shows it. */
export type DetectorView = Displayable & DetectorEvaluation;

/**
 * Evaluates a detector on a part of a data set and shows what came out; masks
 * count where the model makes some.
 *
 * @throws RangeError as evaluateDetector does
 */
export async function measureDetector(
  options: Omit<EvaluateDetectorOptions, "onProgress">,
): Promise<DetectorView> {
  const evaluation = await withProgress((onProgress) =>
    evaluateDetector({ ...options, onProgress })
  );
  const { boxes, masks, classCounts, marks } = evaluation;
  const shown = masks ?? boxes;
  const rows = shown.ultralytics84.classes.map((row) => {
    const { name, images } = classCounts[row.classNumber];
    const { labels, precision, recall, ap } = row;
    const mean = ap.reduce((sum, value) => sum + value, 0) / ap.length;
    return {
      class: name,
      images,
      labels,
      precision,
      recall,
      mAP50: ap[0],
      "mAP50-95": mean,
    };
  });
  const chart = {
    lines: shown.curves.classes.map(({ precisionByRecall }, i) => ({
      name: rows[i].class,
      ...lineStyle(i),
      points: precisionByRecall.map((y, i) => ({
        x: i / (precisionByRecall.length - 1),
        y,
      })),
    })),
    xLabel: "recall, at an overlap of 0.5",
    yLabel: "precision",
    toX: 1,
  };
  const picture = await drawPicture(chartSvg(chart));
  return displayed(
    evaluation,
    { picture, text: "precision over recall" },
    tableLook(rows),
    ...(marks.length > 0 ? [{ text: marks.join("\n") }] : []),
  );
}
