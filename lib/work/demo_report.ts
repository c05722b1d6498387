// The pictures, the video and the page that the demo leaves.

import { join, relative } from "node:path";
import type { OnProgress } from "../base/progress.ts";
import type { Box } from "../base/tensor.ts";
import type { Click } from "../masks/next_click.ts";
import type { Frames } from "../media/frames.ts";
import { encodeJpeg } from "../media/image.ts";
import type { Store } from "../store/database.ts";
import {
  isReplaceable,
  listMasks,
  readMaskBitmap,
  type StoredMask,
} from "../store/masks.ts";
import type { SequenceObject } from "../store/objects.ts";
import type { StoredPrompt } from "../store/prompts.ts";
import type { Sequence } from "../store/sequences.ts";
import { listTags } from "../store/tags.ts";
import type { ExportResult } from "./export/export_data_set.ts";
import { rgbOf } from "./export_store.ts";
import type { OpenModel } from "./open_model.ts";
import { demoPage } from "./report/demo_page.ts";
import type {
  CurvePoint,
  ReportFile,
  ReportObject,
  ReportPicture,
  ReportStage,
  ReviewRow,
} from "./report/demo_report.ts";
import { writeOverlayVideo } from "./report/overlay_video.ts";
import {
  drawOverlay,
  type MasksAt,
  overlayPicture,
  overlayStrip,
} from "./report/pictures.ts";
import { listWorstFrames } from "./report/worst_frames.ts";
import { partsOf } from "./review.ts";
import { writeFileWhole } from "./write_file.ts";

/** Everything the page is made from. */
export type DemoParts = {
  readonly store: Store;
  readonly sequence: Sequence;
  readonly frames: Frames;
  readonly objects: readonly SequenceObject[];
  readonly masks: readonly StoredMask[];
  readonly prompts: readonly StoredPrompt[];
  readonly model: OpenModel;
  readonly clickedBy: "person" | "machine";
  readonly dataSet: ExportResult;
  readonly stages: readonly ReportStage[];
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** Writes overlay pictures, the overlay video and `index.html`; returns the page's path. */
export async function writeDemoReport(
  out: string,
  parts: DemoParts,
): Promise<string> {
  const { frames, sequence, model } = parts;
  const startMs = performance.now();
  const masksAt = masksFrom(parts);
  const clicks = await clickPictures(parts, masksAt);
  const strip = await overlayStrip(frames, masksAt);
  await writeOverlays(out, parts, masksAt, strip);
  const video = "overlay.mp4";
  await writeOverlayVideo(join(out, video), frames, masksAt, parts);

  const objects = await reportObjects(parts);
  const review = await reviewRows(parts, objects, masksAt);
  const seconds = (performance.now() - startMs) / 1000;
  const stages = [...parts.stages, {
    name: "pictures",
    seconds,
    detail: `${strip.length} overlays and a video of ${frames.count} frames`,
  }];
  const { marks } = parts.dataSet.certificate;
  const shown = parts.masks.filter(({ areaPx }) => areaPx > 0).length;
  const page = join(out, "index.html");
  const html = demoPage({
    title: `${sequence.name}: masks by MedAnnotate`,
    result: `${counted(parts.prompts.length, "prompt")} led to ${
      counted(shown, "mask")
    } of ${counted(parts.objects.length, "object")} on ${
      counted(frames.count, "frame")
    }.`,
    source: {
      name: sequence.name,
      frames: frames.count,
      size: frames.size,
      fps: frames.fps,
    },
    clickedBy: parts.clickedBy,
    clicks,
    strip,
    video,
    objects,
    review,
    stages,
    files: await listFiles(out, parts),
    model: { id: model.id, licence: model.licence, sha256: model.sha256 },
    device:
      `${model.runtime.device}, ${model.runtime.threads} threads, input ${model.engine.side} px`,
    machine:
      `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}`,
    date: new Date(),
    notes: marks.length === 0 ? [] : [`The data set: ${marks.join("; ")}.`],
  });
  await writeFileWhole(page, html);
  return page;
}

/** Reads the masks of a frame with the colours of their objects. */
export function masksFrom(
  { objects, store, sequence }: Pick<
    DemoParts,
    "objects" | "store" | "sequence"
  >,
): MasksAt {
  const colours = new Map(objects.map(({ id, colour }) => [id, rgbOf(colour)]));
  return async (frame) => {
    const masks = await listMasks(store, sequence.id, {
      from: frame,
      to: frame,
    });
    return masks.filter(({ areaPx }) => areaPx > 0).map((mask) => ({
      bitmap: readMaskBitmap(mask),
      colour: colours.get(mask.objectId)!, // masks of a sequence belong to its objects
    }));
  };
}

async function clickPictures(
  { prompts, frames, objects }: DemoParts,
  masksAt: MasksAt,
): Promise<ReportPicture[]> {
  const pictures: ReportPicture[] = [];
  for (const [frame, given] of Map.groupBy(prompts, ({ frame }) => frame)) {
    const clicks: Click[] = [];
    const boxes: { box: Box; colour: ReturnType<typeof rgbOf> }[] = [];
    for (const { prompt, objectId } of given) {
      const colour = objects.find(({ id }) => id === objectId)?.colour ??
        "#ffffff";
      if (prompt.kind === "point") clicks.push(prompt);
      if (prompt.kind === "box") {
        boxes.push({ box: prompt, colour: rgbOf(colour) });
      }
    }
    const masks = await masksAt(frame);
    const image = await frames.read(frame);
    const caption = `frame ${frame}: ${counted(given.length, "prompt")}`;
    pictures.push(
      await overlayPicture(image, { masks, clicks, boxes }, { frame, caption }),
    );
  }
  return pictures;
}

/** Full-size overlays of the strip's frames, for whoever wants to look closer. */
async function writeOverlays(
  out: string,
  { frames }: DemoParts,
  masksAt: MasksAt,
  strip: readonly ReportPicture[],
) {
  for (const { frame } of strip) {
    const masks = await masksAt(frame);
    const drawn = drawOverlay(await frames.read(frame), { masks });
    const name = `${String(frame).padStart(5, "0")}.jpg`;
    await writeFileWhole(join(out, "overlays", name), await encodeJpeg(drawn));
  }
}

/** What was measured of every object, as pages show it. */
export async function reportObjects(
  { objects, masks, store }: Pick<DemoParts, "objects" | "masks" | "store">,
): Promise<ReportObject[]> {
  const tags = new Map((await listTags(store)).map((tag) => [tag.id, tag]));
  return objects.map(({ id, number, name, tagId, colour }) => ({
    number,
    name: (tagId !== null && tags.get(tagId)?.name) || name,
    colour: rgbOf(colour),
    curve: masks.filter(({ objectId }) => objectId === id)
      .map((mask): CurvePoint => {
        const isCondition = !isReplaceable(mask);
        return {
          frame: mask.frame,
          drift: isCondition ? undefined : mask.drift ?? undefined,
          presenceScore: mask.presenceScore ?? undefined,
          predictedIou: mask.predictedIou ?? undefined,
          areaPx: mask.areaPx,
          parts: isCondition ? undefined : partsOf(mask.driftParts),
          isCondition,
        };
      }),
  }));
}

/** The frames to look at first, with their pictures. */
export async function reviewRows(
  { frames }: Pick<DemoParts, "frames">,
  objects: readonly ReportObject[],
  masksAt: MasksAt,
): Promise<ReviewRow[]> {
  const rows: ReviewRow[] = [];
  for (const { object, point, because } of listWorstFrames(objects)) {
    const { frame } = point;
    const masks = await masksAt(frame);
    const image = await frames.read(frame);
    const picture = await overlayPicture(image, { masks }, {
      frame,
      widthPx: 200,
    });
    rows.push({ object, point, because, picture });
  }
  return rows;
}

async function listFiles(
  out: string,
  { dataSet, store }: DemoParts,
): Promise<ReportFile[]> {
  const size = async (path: string) => (await Deno.stat(path)).size;
  const database = join(store.folder, "medannotate.db");
  const files: ReportFile[] = [
    {
      path: relative(out, database),
      bytes: await size(database),
      about: "the store: frames, prompts, masks, runs",
    },
    {
      path: "overlay.mp4",
      bytes: await size(join(out, "overlay.mp4")),
      about: "the clip with its masks",
    },
    {
      path: "overlays",
      bytes: await folderBytes(join(out, "overlays")),
      about: "single frames with their masks",
    },
  ];
  const named = new Map([
    ["data.yaml", "what Ultralytics reads"],
    ["certificate.md", "what the data set proves about its split"],
  ]);
  for (const [name, about] of named) {
    const path = join(dataSet.out, name);
    files.push({ path: relative(out, path), bytes: await size(path), about });
  }
  files.push({
    path: relative(out, dataSet.out),
    bytes: await folderBytes(dataSet.out),
    about: `the YOLO data set, ${dataSet.files.length} files`,
  });
  return files;
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    bytes += isDirectory
      ? await folderBytes(path)
      : (await Deno.stat(path)).size;
  }
  return bytes;
}

/** `1 mask`, `2 masks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
