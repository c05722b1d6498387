// The label file of an image: its rows in pixels, and what is wrong with them.

import { lstat, readFile, stat } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import type { Box, Point, Size } from "../../base/tensor.ts";
import {
  readYoloLabels,
  yoloBoxToPixels,
  type YoloLine,
  yoloRingToPixels,
} from "../../formats/yolo.ts";
import type { Label } from "../../yolo/detection.ts";
import type { DataSetProblem } from "./data_set.ts";
import { lookInside, nameInside } from "./inside_folder.ts";

/** How far a value may be outside 0..1 and is clipped: rounding of other tools. */
const OVERSHOOT = 0.001;

/** Bytes of a label file, at most: half a million rows. */
const MAX_FILE_BYTES = 2 ** 24;

/** A label with the line it stands on. */
export type LabelLine = { readonly line: number; readonly label: Label };

/** What a label file says. */
export type LabelReading = {
  /** Relative to the data set. */
  readonly file: string;
  readonly labels: readonly LabelLine[];
  readonly problems: readonly DataSetProblem[];
  /** False when an object is there but nobody knows where. */
  readonly isTruth: boolean;
};

/**
 * The label file of an image: the last folder `images` becomes `labels`, and
 * the ending `.txt`; without such a folder the file lies beside the image.
 */
export function labelNameOf(imageName: string): string {
  const folders = imageName.split("/");
  const last = folders.lastIndexOf("images", folders.length - 2);
  if (last >= 0) folders[last] = "labels";
  return folders.join("/").replace(/\.[^./]+$/, "") + ".txt";
}

/** Reads the label file of an image; none is an image without objects. */
export async function readLabelFile(
  root: string,
  path: string,
  { size, classCount }: { size: Size; classCount: number },
): Promise<LabelReading> {
  const file = nameInside(root, path);
  const wrong = (kind: string, message: string): LabelReading => ({
    file,
    labels: [],
    problems: [{ kind, file, message, consequence: "image left out" }],
    isTruth: false,
  });
  const found = await lookInside(root, path);
  if (found.kind === "missing") {
    const isLink = await lstat(path).then(() => true, () => false);
    if (isLink) return wrong("unreadable labels", "the link leads nowhere");
    return { file, labels: [], problems: [], isTruth: true };
  }
  if (found.kind === "outside") {
    return wrong(
      "outside the data set",
      `leads to ${found.realPath}, outside the folder of the data set`,
    );
  }
  if (found.kind !== "file") return wrong("unreadable labels", "it is no file");
  try {
    const { size: bytesLong } = await stat(path);
    if (bytesLong > MAX_FILE_BYTES) {
      const message =
        `the file has ${bytesLong} bytes, expected at most ${MAX_FILE_BYTES}`;
      return wrong("unreadable labels", message);
    }
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const text = decoder.decode(await readFile(path));
    return toReading(file, text, { size, classCount });
  } catch (error) {
    return wrong("unreadable labels", messageOf(error));
  }
}

function toReading(
  file: string,
  text: string,
  { size, classCount }: { size: Size; classCount: number },
): LabelReading {
  const reading = { classCount, overshoot: OVERSHOOT };
  const { rows, problems } = readYoloLabels(text, reading);
  const named = problems.map(({ consequence, ...problem }): DataSetProblem => ({
    ...problem,
    file,
    consequence: consequence === "truth unknown"
      ? "image left out"
      : consequence === "mended"
      ? "row mended"
      : "row left out",
  }));
  const labels = rows.map((row) => toLabel(row, size));
  const over = labels.flatMap(({ line, isOver }): DataSetProblem[] =>
    isOver
      ? [{
        kind: "box over the edge",
        ...{ file, line },
        message: "the box reaches out of the image and was cut",
        consequence: "row mended",
      }]
      : []
  );
  return {
    file,
    labels: labels.map(({ line, label }) => ({ line, label })),
    problems: [...named, ...over],
    isTruth: problems.every(({ consequence }) =>
      consequence !== "truth unknown"
    ),
  };
}

function toLabel({ line, row }: YoloLine, size: Size) {
  const { classNumber } = row;
  if (row.kind === "segment") {
    const ring = yoloRingToPixels(row.ringNorm, size);
    const label: Label = { classNumber, box: boxAround(ring), ring };
    return { line, label, isOver: false };
  }
  const box = yoloBoxToPixels(row.boxNorm, size);
  const over = Math.max(
    -box.x0 / size.width,
    -box.y0 / size.height,
    box.x1 / size.width - 1,
    box.y1 / size.height - 1,
  );
  const label: Label = { classNumber, box: clipBox(box, size) };
  return { line, label, isOver: over > OVERSHOOT };
}

function boxAround(ring: readonly Point[]): Box {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const { x, y } of ring) {
    box.x0 = Math.min(box.x0, x);
    box.y0 = Math.min(box.y0, y);
    box.x1 = Math.max(box.x1, x);
    box.y1 = Math.max(box.y1, y);
  }
  return box;
}

/** The part of a box that is on the image. */
export function clipBox({ x0, y0, x1, y1 }: Box, { width, height }: Size): Box {
  return {
    x0: Math.max(0, x0),
    y0: Math.max(0, y0),
    x1: Math.min(width, x1),
    y1: Math.min(height, y1),
  };
}
