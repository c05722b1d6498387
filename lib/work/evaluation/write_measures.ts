// Measures as files: the whole record as JSON, and tables that a spreadsheet opens.

import { join } from "node:path";
import { writeCsv } from "../../formats/csv.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import type { GeometryMeasures } from "../../yolo/evaluation/geometry_measures.ts";
import type { DetectionCurves } from "../../yolo/evaluation/ultralytics_measures.ts";
import { writeFileWhole } from "../write_file.ts";
import type { ClipsMeasures } from "./evaluate_clips.ts";

/** Writes `metrics.json`, `classes.csv`, `confusion.csv` and curves; gives the names. */
export async function writeDetectorMeasures(
  folder: string,
  measures: DetectorMeasures,
): Promise<string[]> {
  const geometries = geometriesOf(measures);
  return await writeAll(folder, {
    "metrics.json": JSON.stringify(measures) + "\n",
    "classes.csv": writeCsv(classRows(measures)),
    "confusion.csv": writeCsv(confusionRows(measures)),
    ...Object.fromEntries(
      geometries.map(([name, geometry]) => [
        `curves-${name}.csv`,
        writeCsv(curveRows(geometry, measures.classNames)),
      ]),
    ),
  });
}

/** Writes `metrics.json`, `objects.csv` and `frames.csv`; gives the names. */
export async function writeClipsMeasures(
  folder: string,
  measures: ClipsMeasures,
): Promise<string[]> {
  const objects = measures.sequences.flatMap(({ sequence, objects }) =>
    objects.map((object) => ({ sequence, ...object }))
  );
  const objectRows = objects.map(({ sequence, object, davis, allFrames }) => [
    sequence,
    String(object),
    ...[
      davis.jAndF,
      davis.j?.mean,
      davis.j?.recall,
      davis.j?.decay,
      davis.f?.mean,
      davis.f?.recall,
      davis.f?.decay,
      allFrames.jAndF,
      allFrames.j,
      allFrames.f,
    ].map(cell),
  ]);
  const objectHead =
    "sequence,object,davis_j_and_f,davis_j_mean,davis_j_recall,davis_j_decay,davis_f_mean,davis_f_recall,davis_f_decay,all_frames_j_and_f,all_frames_j,all_frames_f"
      .split(",");
  const frameRows = objects.flatMap(({ sequence, object, frames }) =>
    frames.map(({ frame, j, f }) => [
      sequence,
      String(object),
      frame,
      cell(j),
      cell(f),
    ])
  );
  return await writeAll(folder, {
    "metrics.json": JSON.stringify(measures) + "\n",
    "objects.csv": writeCsv([objectHead, ...objectRows]),
    "frames.csv": writeCsv([
      ["sequence", "object", "frame", "j", "f"],
      ...frameRows,
    ]),
  });
}

async function writeAll(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) {
    await writeFileWhole(join(folder, name), text);
  }
  return Object.keys(files);
}

function geometriesOf(
  { boxes, masks }: DetectorMeasures,
): [name: string, geometry: GeometryMeasures][] {
  return masks ? [["boxes", boxes], ["masks", masks]] : [["boxes", boxes]];
}

function classRows(measures: DetectorMeasures): string[][] {
  const { classCounts } = measures;
  const rows = geometriesOf(measures).flatMap(([name, geometry]) =>
    [
      ["ultralytics 8.4", geometry.ultralytics84] as const,
      ["ultralytics 8.3", geometry.ultralytics83] as const,
    ].flatMap(([rule, { classes }]) =>
      classes.map((row) => [
        name,
        rule,
        classCounts[row.classNumber].name,
        String(classCounts[row.classNumber].images),
        String(row.labels),
        ...[row.precision, row.recall, row.f1].map(cell),
        ...[row.ap50, row.ap75, row.ap50to95].map(cell),
      ])
    ).concat(
      geometry.coco.classes.map((row) => [
        name,
        "coco",
        classCounts[row.classNumber].name,
        String(classCounts[row.classNumber].images),
        String(row.labels),
        "", // COCO knows no precision and recall at one confidence
        "",
        "",
        ...[row.ap50, row.ap75, row.ap].map(cell),
      ]),
    )
  );
  const head =
    "geometry,rule,class,images,labels,precision,recall,f1,ap50,ap75,ap50_95";
  return [head.split(","), ...rows];
}

function curveRows(
  { curves, ultralytics84 }: GeometryMeasures,
  classNames: readonly string[],
): string[][] {
  const named: [string, DetectionCurves][] = [
    ["all", curves.mean],
    ...ultralytics84.classes.map(({ classNumber }, i): [
      string,
      DetectionCurves,
    ] => [classNames[classNumber], curves.classes[i]]),
  ];
  const rows = named.flatMap(([name, curve]) =>
    curve.precision.map((precision, i) => [
      name,
      cell(i / (curve.precision.length - 1)),
      ...[precision, curve.recall[i], curve.f1[i], curve.precisionByRecall[i]]
        .map(cell),
    ])
  );
  // x is the confidence of the first three, the recall of the last
  const head =
    "class,x,precision_at_confidence,recall_at_confidence,f1_at_confidence,precision_at_recall";
  return [head.split(","), ...rows];
}

/** Rows are what was detected, columns what was labelled. */
function confusionRows(
  { confusion, classNames }: DetectorMeasures,
): string[][] {
  return [
    ["detected as", ...classNames, "background"],
    ...confusion.counts.map((row, i) => [
      classNames[i] ?? "missed",
      ...row.map(String),
    ]),
  ];
}

function cell(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : value.toFixed(6);
}
