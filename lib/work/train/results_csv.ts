// results.csv: the curves of a run under the column names of Ultralytics, so
// that tools which read theirs read ours.

import type { EpochResult } from "../../yolo/training/train.ts";
import { lossNames } from "../../yolo/training/losses.ts";
import type { GeometryMeasures } from "../../yolo/evaluation/geometry_measures.ts";

/** One epoch as a row, by column. */
export type ResultsRow = Readonly<Record<string, number>>;

/**
 * An epoch as a row.
 *
 * @param seconds since the run began, earlier sittings included
 */
export function resultsRow(
  {
    epoch,
    trainLosses,
    validationLosses,
    rates,
    measures: { boxes, masks },
  }: EpochResult,
  seconds: number,
): ResultsRow {
  const names = lossNames({ task: masks ? "segment" : "detect" });
  const losses = (part: string, values: readonly number[]) =>
    names.map((name, i) => [`${part}/${name}`, values[i]] as const);
  const scores = (letter: string, measures: GeometryMeasures) => {
    const { precision, recall, map50, map50to95 } = measures.ultralytics84;
    return [
      [`metrics/precision(${letter})`, precision],
      [`metrics/recall(${letter})`, recall],
      [`metrics/mAP50(${letter})`, map50],
      [`metrics/mAP50-95(${letter})`, map50to95],
    ] as const;
  };
  return Object.fromEntries([
    ["epoch", epoch],
    ["time", seconds],
    ...losses("train", trainLosses),
    ...scores("B", boxes),
    ...(masks ? scores("M", masks) : []),
    ...losses("val", validationLosses),
    ...rates.map((rate, i) => [`lr/pg${i}`, rate] as const),
  ]);
}

/** The rows as text; numbers to six digits, as Ultralytics writes them. */
export function resultsCsv(rows: readonly ResultsRow[]): string {
  if (rows.length === 0) return "";
  const columns = Object.keys(rows[0]);
  const lines = rows.map((row) =>
    columns.map((column) => shortNumber(row[column])).join(",")
  );
  return [columns.join(","), ...lines].join("\n") + "\n";
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}
