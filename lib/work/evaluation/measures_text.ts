// A detector's measures as a table for a terminal.

import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import type { GeometryMeasures } from "../../yolo/evaluation/geometry_measures.ts";

/** The lines of the tables, for boxes and, where they were measured, for masks. */
export function detectorMeasuresText(measures: DetectorMeasures): string[] {
  const { images, labels, detections, boxes, masks } = measures;
  return [
    `${images} images, ${labels} labels, ${detections} detections`,
    ...tableOf("boxes", boxes, measures),
    ...(masks ? tableOf("masks", masks, measures) : []),
  ];
}

function tableOf(
  what: string,
  { ultralytics84, ultralytics83, coco }: GeometryMeasures,
  { classCounts, images, labels }: DetectorMeasures,
): string[] {
  const cocoOf = new Map(coco.classes.map((row) => [row.classNumber, row.ap]));
  const rows = [
    ["all", images, labels, ...numbersOf(ultralytics84), coco.ap],
    ...ultralytics84.classes.map((row) => [
      classCounts[row.classNumber].name,
      classCounts[row.classNumber].images,
      row.labels,
      row.precision,
      row.recall,
      row.ap50,
      row.ap75,
      row.ap50to95,
      cocoOf.get(row.classNumber) ?? null,
    ]),
  ].map(([name, ofImages, ofLabels, ...shares]) => [
    String(name),
    String(ofImages),
    String(ofLabels),
    ...shares.map((share) =>
      typeof share === "number" ? share.toFixed(4) : "–"
    ),
  ]);
  const head = [
    what,
    "images",
    "labels",
    "P",
    "R",
    "mAP50",
    "mAP75",
    "mAP50-95",
    "COCO AP",
  ];
  const { map50: m50, map50to95: m95 } = ultralytics83;
  return [
    "",
    ...aligned([head, ...rows]),
    `rule of Ultralytics 8.4, P and R at confidence ${
      ultralytics84.bestConfidence.toFixed(3)
    }; up to 8.3: mAP50 ${m50.toFixed(4)}, mAP50-95 ${m95.toFixed(4)}`,
    `COCO: ${
      [
        ["AP", coco.ap],
        ["AP50", coco.ap50],
        ["AP75", coco.ap75],
        ["small", coco.apSmall],
        ["medium", coco.apMedium],
        ["large", coco.apLarge],
        ["AR100", coco.ar100],
      ].map(([name, value]) =>
        `${name} ${typeof value === "number" ? value.toFixed(4) : "–"}`
      ).join(", ")
    }`,
  ];
}

function numbersOf(
  { precision, recall, map50, map75, map50to95 }:
    GeometryMeasures["ultralytics84"],
) {
  return [precision, recall, map50, map75, map50to95];
}

/** Columns as wide as they need to be: the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
    ).join("  ")
  );
}
