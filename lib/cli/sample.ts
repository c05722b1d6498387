// deno task sample: makes the sample clip in data/sample, its truth and its prompts,
// or a picture of scenes that models are trained on.
//
// The same command gives the same frames and masks. The video's bytes may
// change with another version of FFmpeg.

import { fileURLToPath } from "node:url";
import type { Bitmap } from "../base/image.ts";
import { bitmapToRle, encodeCounts } from "../masks/rle.ts";
import { encodeJpeg } from "../media/image.ts";
import { createVideoWriter } from "../media/video_writer.ts";
import { sceneSheet } from "../scenes/contact_sheet.ts";
import {
  INSTRUMENT,
  POLYP,
  type SampleClip,
  sampleClip,
} from "../scenes/sample_clip.ts";
import { type Command, runCommand } from "./command.ts";

/**
 * What a person would click: the polyp on the first frame, a correction where
 * the instrument had dragged the mask along, the forceps where it is in full view.
 */
const PROMPTS = [
  click(POLYP, 0, { x: 290, y: 200, tag: "polyp" }),
  click(POLYP, 0, { x: 250, y: 158, tag: "polyp", sign: "-" }),
  click(POLYP, 60, { x: 264, y: 201, tag: "polyp" }),
  click(POLYP, 60, { x: 200, y: 192, tag: "polyp", sign: "-" }),
  click(INSTRUMENT, 45, { x: 330, y: 228, tag: "instrument" }),
  click(INSTRUMENT, 45, { x: 400, y: 291, tag: "instrument" }),
];

const shipped = fileURLToPath(new URL("../../data/sample", import.meta.url));

export const sample: Command = {
  name: "sample",
  usage: "[--out DIR | --scenes FILE.jpg]",
  summary: "Writes clip.mp4, truth.json and prompts.json of the sample clip, " +
    "or a picture of 100 generated scenes.",
  options: {
    out: {
      type: "string",
      help: "the folder, which must exist (default data/sample)",
    },
    scenes: {
      type: "string",
      help: "the picture of 100 scenes to write, instead of the clip",
    },
  },
  positionals: { least: 0, most: 0 },
  async run(call) {
    const scenes = call.text("scenes");
    if (scenes !== undefined) {
      await writeScenes(scenes);
      call.say(`100 scenes in ${scenes}`);
      return { out: scenes, scenes: 100 };
    }
    const out = call.text("out") ?? shipped;
    const frames = await writeSample(out);
    call.say(`${frames} frames in ${out}`);
    return { out, frames };
  },
};

/** Writes a JPEG of the scenes of seeds 0 to 99, every second one with outlines. */
async function writeScenes(path: string) {
  const sheet = sceneSheet(Array.from({ length: 100 }, (_, seed) => seed));
  await Deno.writeFile(path, await encodeJpeg(sheet, { quality: 70 }));
}

/** Writes the clip, its truth and its prompts into a folder; returns how many frames. */
export async function writeSample(folder: string): Promise<number> {
  const clip = sampleClip();
  const { size, fps, count } = clip;
  const video = `${folder}/clip.mp4`;
  const writer = await createVideoWriter(video, {
    size,
    fps,
    crf: 17,
    gop: 30,
  });
  const frames: unknown[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const { image, masks } = clip.frame(index);
      await writer.write(image);
      checkPrompts(index, masks);
      frames.push({ index, rle: rleOf(masks) });
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writeJson(`${folder}/truth.json`, truthOf(clip, frames));
  await writeJson(`${folder}/prompts.json`, { prompts: PROMPTS });
  return count;
}

function click(
  object: number,
  frame: number,
  { x, y, tag, sign = "+" }: {
    x: number;
    y: number;
    tag: string;
    sign?: "+" | "-";
  },
) {
  return { object, frame, kind: "point", x, y, sign, tag } as const;
}

/** A click on the wrong side of its object's edge would teach the wrong thing. */
function checkPrompts(index: number, masks: ReadonlyMap<number, Bitmap>) {
  for (const { object, frame, x, y, sign } of PROMPTS) {
    if (frame !== index) continue;
    const mask = masks.get(object);
    const isInside =
      mask?.data[Math.floor(y) * mask.width + Math.floor(x)] === 1;
    if (isInside !== (sign === "+")) {
      throw new Error(`The click ${x},${y} on frame ${frame} misses ${object}`);
    }
  }
}

function rleOf(masks: ReadonlyMap<number, Bitmap>): Record<string, string> {
  return Object.fromEntries(
    [...masks].map((
      [id, mask],
    ) => [id, encodeCounts(bitmapToRle(mask).counts)]),
  );
}

function truthOf(clip: SampleClip, frames: readonly unknown[]) {
  return {
    size: [clip.size.height, clip.size.width],
    objects: clip.objects.map(({ id, tag }) => ({ id, tag })),
    frames,
  };
}

async function writeJson(path: string, value: unknown) {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2) + "\n");
}

if (import.meta.main) await runCommand(sample);
