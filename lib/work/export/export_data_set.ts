// Exporting a data set: sequences with masks become a folder that a training
// program reads, with a certificate of what is in it.
//
// Written complete or not at all. Images are JPEG of quality 95, encoded anew
// also when the source is a JPEG: then every part is compressed alike and no
// metadata of a camera or a hospital travels along. Frames without an object
// are background images, unless only labelled or verified frames are asked for.

import { resolve } from "node:path";
import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import { writeCsv } from "../../formats/csv.ts";
import { encodeJpeg } from "../../media/image.ts";
import {
  type Certificate,
  certificateFile,
  isCertificate,
  makeCertificate,
  type PartCounts,
  type RowAgreement,
} from "./certificate.ts";
import { certificateText } from "./certificate_text.ts";
import { cocoLayout } from "./coco_layout.ts";
import { cvatLayout } from "./cvat_layout.ts";
import type {
  ExportFormat,
  ExportSequence,
  ExportTag,
  Layout,
  PlannedFrame,
} from "./data_set.ts";
import { davisLayout } from "./davis_layout.ts";
import { eisegLayout } from "./eiseg_layout.ts";
import { type ImageHash, imageHash, isPlain } from "./image_hash.ts";
import { labelStudioLayout } from "./label_studio_layout.ts";
import { labelmeLayout } from "./labelme_layout.ts";
import { findLeaks, requireFewNear } from "./leaks.ts";
import { type OnlyFrames, planFrames } from "./plan.ts";
import { savLayout } from "./sav_layout.ts";
import { makeSnapshot, snapshotFile, snapshotJson } from "./snapshot.ts";
import { defaultSplit, type Split } from "./split.ts";
import {
  type StagedFile,
  type StagedFolder,
  stageFolder,
} from "./staged_folder.ts";
import { vocLayout } from "./voc_layout.ts";
import { yoloLayout } from "./yolo_layout.ts";
import { segLabels } from "./yolo_rows.ts";

/** What to export, and how. */
export type ExportOptions = {
  readonly format: ExportFormat;
  /** The folder to make; an earlier export in it is replaced. */
  readonly out: string;
  readonly sequences: readonly ExportSequence[];
  readonly tags: readonly ExportTag[];
  readonly split?: Split;
  readonly onlyFrames?: OnlyFrames;
  /** Writes polygons also when they agree with their mask less than wanted, and parts that leak; marked. */
  readonly force?: boolean;
  /** Points of a polygon, at most; none is needed for Ultralytics. */
  readonly maxPoints?: number;
  /** Origin, for the certificate: model, its sha256, program, … */
  readonly about?: Readonly<Record<string, string>>;
  readonly date?: Date;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What was exported. */
export type ExportResult = {
  /** Absolute path of the folder. */
  readonly out: string;
  readonly files: readonly StagedFile[];
  readonly counts: readonly PartCounts[];
  readonly certificate: Certificate;
  /** For yolo-seg and labelme: every written object against its mask. */
  readonly rows: readonly RowAgreement[];
};

/** The agreement of polygon and mask below which an export is refused. */
export const minPolygonIou = 0.98;

/** What is tried for: other programs fill the pixels at an edge by other rules. */
const wantedPolygonIou = 0.99;

/**
 * Writes a data set; throws, and leaves nothing behind, when parts would leak into
 * each other or a polygon does not agree with its mask.
 *
 * @example One frame with one polyp
 * ```ts
 * import { bitmapToRle, exportDataSet } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const size = { width: 4, height: 2 };
 * const mask = { ...size, data: Uint8Array.of(0, 1, 1, 0, 0, 1, 1, 0) };
 * const out = await Deno.makeTempDir();
 * await exportDataSet({
 *   format: "yolo",
 *   out,
 *   tags: [{ code: "f1", name: "polyp", category: "finding", classNumber: 0 }],
 *   sequences: [{
 *     id: 1,
 *     name: "clip",
 *     size,
 *     frames: [{ index: 0, name: "00000", sha256: "" }],
 *     objects: [{ number: 1, tag: "f1", colour: [0, 220, 150] }],
 *     masks: [{ object: 1, frame: 0, rle: bitmapToRle(mask), verified: true, origin: "drawn" }],
 *     readImage: () => Promise.resolve({ ...size, data: new Uint8Array(24) }),
 *   }],
 * });
 * equal(
 *   await Deno.readTextFile(`${out}/labels/train/clip-1_00000.txt`),
 *   "0 0.500000 0.500000 0.500000 1.000000\n",
 * );
 * await Deno.remove(out, { recursive: true });
 * ```
 */
export async function exportDataSet(
  options: ExportOptions,
): Promise<ExportResult> {
  const { format, tags, date = new Date(), about = {}, split = defaultSplit } =
    options;
  const out = resolve(options.out);
  const frames = planFrames(options.sequences, tags, { ...options, split });
  const { force = false } = options;
  const leaks = await findLeaks(frames, { split, force });
  const folder = await stageFolder(out, {
    mark: certificateFile,
    isOurs: isCertificate,
  });
  try {
    const rows: RowAgreement[] = [];
    const layout = chooseLayout(frames, options, rows);
    const seen = await writeFrames(folder, frames, { ...options, layout });
    const certificate = makeCertificate(frames, {
      ...{ format, split, tags, date, about, leaks, rows },
      ...seen,
    });
    if (!force && split.kind !== "time") {
      requireFewNear(certificate.nearDuplicates.between);
    }
    for (const { path, content } of layout.endFiles()) {
      await folder.write(path, content);
    }
    await folder.write("frames.csv", frameList(frames, layout));
    await folder.write("labels.csv", labelList(frames, layout));
    const snapshot = makeSnapshot(frames, { certificate, layout });
    await folder.write(snapshotFile, snapshotJson(snapshot));
    if (rows.length > 0) await folder.write("polygons.csv", rowList(rows));
    await folder.write("certificate.md", certificateText(certificate));
    await folder.write(
      certificateFile,
      JSON.stringify(certificate, null, 2) + "\n",
    );
    await folder.finish();
    return {
      out,
      files: folder.files,
      counts: certificate.parts,
      certificate,
      rows,
    };
  } catch (error) {
    await folder.abort();
    throw error;
  }
}

function chooseLayout(
  frames: readonly PlannedFrame[],
  { format, out, tags, force = false, maxPoints }: ExportOptions,
  rows: RowAgreement[],
): Layout {
  const fit = { wantedIou: wantedPolygonIou, maxPoints };
  const onRows = (frame: PlannedFrame, own: readonly RowAgreement[]) => {
    if (!force) requireAgreement(frame, own);
    rows.push(...own);
  };
  const layouts: Readonly<Record<ExportFormat, () => Layout>> = {
    "yolo": () => yoloLayout(frames, { out: resolve(out), tags }),
    "yolo-seg": () =>
      yoloLayout(frames, {
        out: resolve(out),
        tags,
        labels: (frame) => {
          const labels = segLabels(frame, fit);
          onRows(frame, labels.rows);
          return labels.text;
        },
      }),
    "coco": () => cocoLayout(frames, { tags }),
    "voc": () => vocLayout(frames, { tags }),
    "davis": () => davisLayout(frames),
    "sa-v": () => savLayout(frames),
    "cvat": () => cvatLayout(frames, { tags }),
    "label-studio": () => labelStudioLayout(frames, { tags }),
    "labelme": () => labelmeLayout({ tags, ...fit, onRows }),
    "eiseg": () => eisegLayout(frames, { tags }),
  };
  return layouts[format]();
}

function requireAgreement(
  { sequence, frame }: PlannedFrame,
  rows: readonly RowAgreement[],
) {
  const worst = rows.find(({ iou }) => iou < minPolygonIou);
  if (!worst) return;
  throw new Error(
    `Cannot export frame ${frame.index} (${frame.name}) of sequence ${sequence.id}: ` +
      `the polygon of object ${worst.object} agrees with its mask with an IoU of ${
        worst.iou.toFixed(4)
      }, expected at least ${minPolygonIou}. Allow more points, choose coco, or force it`,
  );
}

/** Writes images and labels, one frame in memory at a time. */
async function writeFrames(
  folder: StagedFolder,
  frames: readonly PlannedFrame[],
  { layout, onProgress, signal }: ExportOptions & { layout: Layout },
) {
  const report = startProgress("export", frames.length, { onProgress });
  const hashes = new Map<PlannedFrame, ImageHash>();
  let plainFrames = 0;
  for (const [i, frame] of frames.entries()) {
    throwIfCancelled(signal, `export at frame ${i} of ${frames.length}`);
    const { sequence } = frame;
    const image = await sequence.readImage(frame.frame.index);
    if (
      image.width !== sequence.size.width ||
      image.height !== sequence.size.height
    ) {
      throw new Error(
        `Cannot export ${frame.stem}: it has ${image.width}x${image.height} pixels, its sequence ${sequence.size.width}x${sequence.size.height}`,
      );
    }
    // Plain frames look alike everywhere; they would hide the nearest real pair.
    if (isPlain(image)) plainFrames++;
    else hashes.set(frame, imageHash(image));
    const jpeg = await encodeJpeg(image, { quality: 95 });
    await folder.write(layout.imagePath(frame), jpeg);
    for (const { path, content } of layout.labelFiles(frame)) {
      await folder.write(path, content);
    }
    report(i + 1);
  }
  return { hashes, plainFrames };
}

/** Which file is which frame: the identity of every exported image. */
function frameList(frames: readonly PlannedFrame[], layout: Layout): string {
  const header = [
    "file",
    "part",
    "sequence",
    "frame",
    "name",
    "sha256",
    "objects",
    "patient",
    "procedure",
    "fps",
  ];
  return writeCsv([
    header,
    ...frames.map((planned) => [
      layout.imagePath(planned),
      planned.split,
      String(planned.sequence.id),
      String(planned.frame.index),
      planned.frame.name,
      planned.frame.sha256,
      String(planned.masks.length),
      planned.sequence.patient ?? "",
      planned.sequence.procedure ?? "",
      planned.sequence.fps === undefined ? "" : String(planned.sequence.fps),
    ]),
  ]);
}

/** Which object every label of an image is, in the order of the labels. */
function labelList(frames: readonly PlannedFrame[], layout: Layout): string {
  const header = "file,object,class,code,name,category,verified,origin";
  return writeCsv([
    header.split(","),
    ...frames.flatMap((planned) =>
      planned.masks.map(({ object, tag, verified, origin }) => [
        layout.imagePath(planned),
        String(object),
        String(tag.classNumber),
        tag.code,
        tag.name,
        tag.category,
        verified ? "yes" : "no",
        origin,
      ])
    ),
  ]);
}

function rowList(rows: readonly RowAgreement[]): string {
  return writeCsv([
    ["sequence", "frame", "object", "tag", "iou", "points"],
    ...rows.map((row) => [
      String(row.sequence),
      String(row.frame),
      String(row.object),
      row.tag,
      row.iou.toFixed(6),
      String(row.points),
    ]),
  ]);
}
