// How well the drift score finds frames whose mask is wrong.
//
// Objects are clicked three times on one frame, as the simulated annotator
// would, or on the first and the last one, and propagated; each other frame
// gives its drift and its IoU with the truth. Wrong means an IoU below 0.75,
// or a mask where there is no object.

import { z } from "zod";
import type { Bitmap, RgbImage } from "../../lib/base/image.ts";
import type { Size } from "../../lib/base/tensor.ts";
import type { Call } from "../../lib/cli/command.ts";
import { createBitmap, isEmpty } from "../../lib/masks/bitmap.ts";
import { iou } from "../../lib/masks/metrics.ts";
import { nextClick } from "../../lib/masks/next_click.ts";
import { polygonsToBitmap } from "../../lib/masks/polygons.ts";
import { readMask } from "../../lib/media/image.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import {
  type Condition,
  propagateMasks,
  toFrameMask,
  type TrackedMask,
} from "../../lib/propagate/propagate.ts";
import type { DriftParts } from "../../lib/propagate/drift.ts";
import { INSTRUMENT, sampleClip } from "../../lib/scenes/sample_clip.ts";
import type { Engine } from "../../lib/sam2/engine.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { addPrompt, type Interaction } from "../../lib/sam2/interact.ts";
import { rankDrift } from "../../lib/work/drift_ranking.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { planWhole } from "../propagate/plan_whole.ts";
import { sharedUrl } from "../shared.ts";

/** A clip with the true mask of one object on every frame; empty where it is not there. */
type TruthClip = {
  readonly name: string;
  readonly size: Size;
  readonly truth: readonly Bitmap[];
  read(frame: number): Promise<RgbImage>;
};

/** One frame that was tracked. */
export type DriftRow = {
  readonly clip: string;
  readonly frame: number;
  readonly iou: number;
  readonly drift: number;
  readonly parts: DriftParts;
};

const enough = 0.75;
const clicksPerFrame = 3;

/** Tells precision among the worst tenth and the area under ROC, for each clip and in all. */
export async function benchDrift(call: Call) {
  const model = await openModel({ device: "cpu" });
  const rows: DriftRow[] = [];
  const clips: Record<string, unknown> = {};
  try {
    for (const clip of await listClips()) {
      const present = clip.truth.flatMap((mask, i) => isEmpty(mask) ? [] : [i]);
      const first = present[0];
      const last = present[present.length - 1];
      for (const frames of [[first], [first, last]]) {
        const name = `${clip.name}, ${
          frames.length === 1 ? "one frame" : "two frames"
        } clicked`;
        const found = await trackClip(model.engine, { ...clip, name }, frames);
        rows.push(...found);
        clips[name] = report(call, name, found);
      }
    }
    const total = report(call, "all", rows);
    const path = Deno.env.get("DRIFT_ROWS");
    if (path) await Deno.writeTextFile(path, JSON.stringify(rows));
    return { clips, total };
  } finally {
    await model.close();
  }
}

function report(call: Call, name: string, rows: readonly DriftRow[]) {
  const numbers = {
    frames: rows.length,
    meanIou: rows.reduce((sum, { iou }) => sum + iou, 0) / rows.length,
    ...rankDrift(rows, { enough }),
  };
  const { precisionAtTenth, auc, wrong } = numbers;
  call.say(
    `${name}: ${rows.length} frames, ${wrong} below ${enough}, mean IoU ${
      numbers.meanIou.toFixed(3)
    }; precision in the worst tenth ${precisionAtTenth.toFixed(2)} (by chance ${
      (wrong / rows.length).toFixed(2)
    }), area under ROC ${auc === undefined ? "–" : auc.toFixed(2)}`,
  );
  return numbers;
}

/** Clicks an object on some frames and tracks it through the others. */
export async function trackClip(
  engine: Engine,
  { name, size, truth, read }: TruthClip,
  clicked: readonly number[],
): Promise<DriftRow[]> {
  const readFeatures = async (frame: number) =>
    await encodeFrame(engine, await read(frame));
  const conditions: Condition[] = [];
  for (const frame of clicked) {
    const features = await readFeatures(frame);
    const prompts = [];
    let shown = createBitmap(size);
    let given: Interaction | undefined;
    for (let i = 0; i < clicksPerFrame; i++) {
      const click = nextClick(truth[frame], shown);
      if (!click) break;
      const prompt = { kind: "point", ...click } as const;
      prompts.push(prompt);
      const place = { frame, frameSize: size };
      given = await addPrompt(engine, features, given, prompt, place);
      shown = toFrameMask(given.result.lowRes, size);
    }
    await engine.releaseFeatures(features);
    conditions.push({ frame, prompts });
  }
  const forward = new Map<number, TrackedMask>();
  const source = {
    engine,
    frameCount: truth.length,
    frameSize: size,
    conditions: new Map([[1, conditions]]),
    readFeatures,
    readForward: ({ frame }: { frame: number }) =>
      Promise.resolve(forward.get(frame)),
  };
  const rows = new Map<number, DriftRow>();
  const steps = planWhole(1, clicked, truth.length);
  for await (const { step, masks: [found] } of propagateMasks(source, steps)) {
    if (found.isProvisional) forward.set(step.frame, found);
    rows.set(step.frame, {
      clip: name,
      frame: step.frame,
      iou: iou(found.mask, truth[step.frame]),
      drift: found.drift,
      parts: found.parts,
    });
  }
  return [...rows.values()].sort((a, b) => a.frame - b.frame);
}

async function listClips(): Promise<readonly TruthClip[]> {
  return [
    await folderClip("kvasir-capsule-run1"),
    await folderClip("davis16-blackswan"),
    ...await cholecClips(),
    leavingClip(),
  ];
}

async function folderClip(set: string): Promise<TruthClip> {
  const folder = new URL(`data/${set}/`, sharedUrl).pathname;
  const frames = await openFrames(`${folder}images`);
  const names = [...Deno.readDirSync(`${folder}masks`)].map(({ name }) => name);
  const truth = await Promise.all(
    names.sort().map((name) => readMask(`${folder}masks/${name}`)),
  );
  return { name: set, size: frames.size, truth, read: frames.read };
}

const LabelMe = z.object({
  shapes: z.array(z.object({
    label: z.string(),
    group_id: z.int(),
    points: z.array(z.tuple([z.number(), z.number()])),
  })),
});

/** Every instrument of the laparoscopy frames that lie far apart. */
async function cholecClips(): Promise<TruthClip[]> {
  const folder = new URL(
    "data/cholecinst-10f/_sample_files/VID03_t80_sparse/",
    sharedUrl,
  ).pathname;
  const frames = await openFrames(`${folder}img_dir`);
  const names = [...Deno.readDirSync(`${folder}ann_dir`)]
    .map(({ name }) => name).sort();
  const labels = await Promise.all(
    names.map(async (name) =>
      LabelMe.parse(
        JSON.parse(await Deno.readTextFile(`${folder}ann_dir/${name}`)),
      )
    ),
  );
  const instances = new Set(
    labels.flatMap(({ shapes }) =>
      shapes.map(({ label, group_id }) => `${label} ${group_id}`)
    ),
  );
  return [...instances].map((instance) => ({
    name: `cholecinst-10f ${instance}`,
    size: frames.size,
    truth: labels.map(({ shapes }) => {
      const polygons = shapes
        .filter(({ label, group_id }) => `${label} ${group_id}` === instance)
        .map(({ points }) => ({
          outer: points.map(([x, y]) => ({ x, y })),
          holes: [],
        }));
      return polygonsToBitmap(polygons, frames.size);
    }),
    read: frames.read,
  }));
}

/** The forceps of the sample clip, which comes late and leaves again. */
export function leavingClip(
  { seed = 7, object = INSTRUMENT } = {},
): TruthClip {
  const clip = sampleClip({ seed });
  const frames = Array.from({ length: clip.count }, (_, i) => clip.frame(i));
  return {
    name: "sample clip, forceps that leaves",
    size: clip.size,
    truth: frames.map(({ masks }) =>
      masks.get(object) ?? createBitmap(clip.size)
    ),
    read: (frame) => Promise.resolve(frames[frame].image),
  };
}
