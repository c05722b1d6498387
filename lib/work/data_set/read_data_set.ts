// Reading a YOLO data set for training and evaluation, whatever is wrong with it.
//
// Every fault is named once with its file; what can still be trusted is used.
// An image whose labels cannot be read is left out, never taken for background.
// Pixels are not decoded here. Layouts: data.yaml with images/… and labels/…
// (open_yolo.ts), and COCO with a file for each part (open_coco.ts).

import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import { type SplitName, splitNames } from "../export/data_set.ts";
import type {
  DataSet,
  DataSetImage,
  DataSetProblem,
  Report,
} from "./data_set.ts";
import type { DataSetSource } from "./data_set_source.ts";
import { readOrigin } from "./export_origin.ts";
import type { ImageFile } from "./find_images.ts";
import { leaveOutLeaks } from "./leave_out_leaks.ts";
import { readImageFile } from "./read_image_file.ts";
import { findAnnotations, openCoco } from "./open_coco.ts";
import { openYolo } from "./open_yolo.ts";
import type { LabelReading } from "./read_label_file.ts";

export type {
  Consequence,
  DataSet,
  DataSetImage,
  DataSetProblem,
} from "./data_set.ts";

/** How a data set is read. */
export type ReadDataSetOptions = {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** An image that can be used so far, with what its label file says. */
export type ReadImage = ImageFile & {
  readonly size: DataSetImage["size"];
  readonly sha256: string;
  readonly reading: LabelReading;
};

/**
 * Reads a data set from its folder or its data.yaml.
 *
 * @throws SyntaxError when data.yaml cannot be read
 * @throws RangeError when no image for training remains
 *
 * @example An image without a label file is background
 * ```ts
 * import { encodePng, readDataSet } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/images`);
 * const dot = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
 * await Deno.writeFile(`${folder}/images/a.png`, await encodePng(dot));
 * await Deno.writeTextFile(
 *   `${folder}/data.yaml`,
 *   "train: images\nval: images\nnames: [polyp]\n",
 * );
 * const { parts, names } = await readDataSet(folder);
 * deepEqual(names, ["polyp"]);
 * deepEqual(parts.train.map(({ name, labels }) => [name, labels]), [["images/a.png", []]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readDataSet(
  path: string,
  { onProgress, signal }: ReadDataSetOptions = {},
): Promise<DataSet> {
  const problems: DataSetProblem[] = [];
  const report = (problem: DataSetProblem) => {
    problems.push(problem);
  };
  const source = await openSource(path, report);
  const { folder, names } = source;
  const total = splitNames.reduce(
    (sum, part) => sum + source.parts[part].length,
    0,
  );
  const progress = startProgress("read data set", total, { onProgress });
  const read: Record<SplitName, ReadImage[]> = { train: [], val: [], test: [] };
  let done = 0;
  for (const part of splitNames) {
    read[part] = await readImages(source, part, {
      report,
      onImage: () => {
        throwIfCancelled(signal, `reading ${path}`);
        progress(++done);
      },
    });
  }
  const clean = leaveOutLeaks(leaveOutMixedRows(read, report), report);
  const { originOf, certificate } = await readOrigin(folder, report);
  const toImage = ({ path, name, size, reading }: ReadImage): DataSetImage => ({
    ...{ path, name, size },
    labels: reading.labels.map(({ label }) => label),
    ...originOf(name),
  });
  const dataSet: DataSet = {
    folder,
    names,
    parts: {
      train: clean.train.map(toImage),
      val: clean.val.map(toImage),
      test: clean.test.map(toImage),
    },
    problems: sortProblems(problems),
    ...(certificate ? { certificate } : {}),
  };
  requireTraining(path, dataSet, total);
  return dataSet;
}

/** Images read at one time: enough to keep the disk busy. */
const AT_ONCE = 8;

async function readImages(
  source: DataSetSource,
  part: SplitName,
  { report, onImage }: { report: Report; onImage: () => void },
): Promise<ReadImage[]> {
  const files = source.parts[part];
  const read: (ReadImage | undefined)[] = new Array(files.length);
  let next = 0;
  const work = async () => {
    while (next < files.length) {
      const i = next++;
      read[i] = await readOne(source, files[i], report);
      onImage();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return read.filter((image) => image !== undefined);
}

async function readOne(
  source: DataSetSource,
  file: ImageFile,
  report: Report,
): Promise<ReadImage | undefined> {
  const image = await readImageFile(file.realPath);
  if (image.kind !== "image") {
    report({ ...image, file: file.name, consequence: "image left out" });
    return undefined;
  }
  const { size, sha256 } = image;
  const reading = await source.readLabels(file, size);
  for (const problem of reading.problems) report(problem);
  if (!reading.isTruth) return undefined;
  return { ...file, size, sha256, reading };
}

/** A data.yaml, or the annotations of COCO. */
async function openSource(
  path: string,
  report: Report,
): Promise<DataSetSource> {
  const annotations = await findAnnotations(path);
  return annotations
    ? await openCoco(path, annotations, report)
    : await openYolo(path, report);
}

/**
 * Where most rows are rings, a row of five numbers may be a box or a ring of two
 * points: nobody knows, and the image is left out.
 */
function leaveOutMixedRows(
  parts: Readonly<Record<SplitName, readonly ReadImage[]>>,
  report: Report,
): Record<SplitName, ReadImage[]> {
  const all = [...parts.train, ...parts.val, ...parts.test]
    .flatMap(({ reading }) => reading.labels);
  const rings = all.filter(({ label }) => label.ring).length;
  const isMixed = rings > all.length - rings;
  const keep = (images: readonly ReadImage[]) =>
    images.filter(({ reading }) => {
      const boxes = reading.labels.filter(({ label }) => !label.ring);
      if (!isMixed || boxes.length === 0) return true;
      for (const { line } of boxes) {
        report({
          kind: "five numbers among rings",
          ...{ file: reading.file, line },
          message:
            "5 numbers are a box or a ring of two points; most rows of this data set are rings",
          consequence: "image left out",
        });
      }
      return false;
    });
  return {
    train: keep(parts.train),
    val: keep(parts.val),
    test: keep(parts.test),
  };
}

/** One order, however the files came in; what two parts share is said once. */
function sortProblems(problems: readonly DataSetProblem[]): DataSetProblem[] {
  const byText = new Map(
    problems.map((problem) => [JSON.stringify(problem), problem]),
  );
  return [...byText.values()].sort((a, b) =>
    compare(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) ||
    compare(a.kind, b.kind) || compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function requireTraining(
  path: string,
  { parts, problems }: DataSet,
  total: number,
) {
  if (parts.train.length > 0) return;
  const [first] = problems;
  throw new RangeError(
    `Cannot use data set ${path}: of ${total} images none remains for training; ${problems.length} problems` +
      (first ? `, first ${first.file}: ${first.message}` : ""),
  );
}
