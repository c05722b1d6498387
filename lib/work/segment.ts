// One mask on one image.
//
// An open image keeps what the model knows of its views, so that the next click
// costs no more than what is new. Zoom is explained in zoom.ts.

import type { Bitmap, RgbImage } from "../base/image.ts";
import type { Box } from "../base/tensor.ts";
import { areaPx, boxOf } from "../masks/bitmap.ts";
import { scoresOf, toFrameMask } from "../propagate/propagate.ts";
import type { FrameFeatures } from "../sam2/engine.ts";
import { encodeFrame } from "../sam2/image.ts";
import {
  addPrompt,
  checkInside,
  type FramePrompt,
  type Interaction,
} from "../sam2/interact.ts";
import { stability } from "../sam2/selection.ts";
import type { OpenModel } from "./open_model.ts";
import {
  isLargeAtFirst,
  pasted,
  type View,
  viewScore,
  zoomViews,
} from "./zoom.ts";

/** `auto` also looks at crops around the prompts and takes the best. */
export type Zoom = "auto" | "off";

/** A mask at the image's own size, with what the model thinks of it. */
export type Segmentation = {
  readonly mask: Bitmap;
  readonly areaPx: number;
  /** The model's own estimate, 0..1. */
  readonly predictedIou: number;
  /** Probability that the object is there, 0..1. */
  readonly presenceScore: number;
  readonly box: Box | undefined;
  /** The part of the image that was looked at; all of it without zoom. */
  readonly view: Box;
  readonly msEncode: number;
  readonly msDecode: number;
};

/** An image that is clicked again and again; close it when done. */
export type OpenImage = {
  /**
   * Segments one object by prompts, given one after the other.
   *
   * @throws RangeError for a prompt outside the image, or for none
   */
  segment(
    prompts: readonly FramePrompt[],
    options?: { readonly zoom?: Zoom },
  ): Promise<Segmentation>;
  close(): Promise<void>;
};

/**
 * Segments one object by prompts, given one after the other.
 *
 * @param options.zoom `auto` also looks at crops around the prompts and takes the best
 * @throws RangeError for a prompt outside the image, or for none
 */
export async function segmentImage(
  model: Pick<OpenModel, "engine">,
  image: RgbImage,
  prompts: readonly FramePrompt[],
  options: { readonly zoom?: Zoom } = {},
): Promise<Segmentation> {
  const open = openImage(model, image);
  try {
    return await open.segment(prompts, options);
  } finally {
    await open.close();
  }
}

/** Opens an image for one object; nothing is encoded yet. */
export function openImage(
  { engine }: Pick<OpenModel, "engine">,
  image: RgbImage,
): OpenImage {
  let held = new Map<string, HeldView>();
  const { width, height } = image;
  return {
    async segment(prompts, { zoom = "off" } = {}) {
      if (prompts.length === 0) throw new RangeError("There is no prompt");
      for (const prompt of prompts) checkInside(prompt, { width, height });
      const views = zoomViews(image, prompts);
      const looks: Look[] = [];
      const seen = new Map<string, HeldView>();
      for (const view of views) {
        const isEnough = looks.length > 0 &&
          (zoom === "off" || isLargeAtFirst(looks[0].mask, prompts));
        if (isEnough) break;
        const key = Object.values(view.box).join(" ");
        const found = await look(engine, view, held.get(key));
        seen.set(key, found.held);
        held.set(key, found.held);
        looks.push(found);
      }
      await release(engine, [...held.values()], new Set(seen.values()));
      held = seen;
      return chosen(looks, image);
    },
    close: () => release(engine, [...held.values()]),
  };
}

/** What is known of a view: its features and what was asked last. */
type HeldView = {
  readonly features: FrameFeatures;
  readonly prompts: readonly FramePrompt[];
  readonly interaction: Interaction | undefined;
};

type Look = Awaited<ReturnType<typeof look>>;

/** Segments one view; goes on from the last answer where the prompts begin with those of it. */
async function look(
  engine: OpenModel["engine"],
  view: View,
  before: HeldView | undefined,
) {
  const { image, prompts } = view;
  const startMs = performance.now();
  const features = before?.features ?? await encodeFrame(engine, image);
  const encodedMs = performance.now();
  const goesOn = before !== undefined && begins(before.prompts, prompts);
  let interaction = goesOn ? before.interaction : undefined;
  const place = {
    frame: 0,
    frameSize: { width: image.width, height: image.height },
  };
  try {
    for (const prompt of prompts.slice(goesOn ? before.prompts.length : 0)) {
      interaction = await addPrompt(
        engine,
        features,
        interaction,
        prompt,
        place,
      );
    }
    if (!interaction) throw new RangeError("There is no prompt in the view");
  } catch (error) {
    if (!before) await engine.releaseFeatures(features);
    throw error;
  }
  return {
    view,
    held: { features, prompts, interaction },
    result: interaction.result,
    mask: toFrameMask(interaction.result.lowRes, place.frameSize),
    msEncode: encodedMs - startMs,
    msDecode: performance.now() - encodedMs,
  };
}

function begins(
  first: readonly FramePrompt[],
  all: readonly FramePrompt[],
): boolean {
  return first.length <= all.length &&
    first.every((prompt, i) => isSame(prompt, all[i]));
}

function isSame(a: FramePrompt, b: FramePrompt): boolean {
  if (a.kind === "mask") return b.kind === "mask" && a.mask === b.mask;
  return b.kind !== "mask" && JSON.stringify(a) === JSON.stringify(b);
}

async function release(
  engine: OpenModel["engine"],
  views: readonly HeldView[],
  kept: ReadonlySet<HeldView> = new Set(),
) {
  const inUse = new Set([...kept].map(({ features }) => features));
  for (const { features } of views) {
    if (!inUse.has(features)) await engine.releaseFeatures(features);
  }
}

/** The best of the looks, as a mask of the whole image. */
function chosen(looks: readonly Look[], image: RgbImage): Segmentation {
  const scored = looks.map((each) => ({
    ...each,
    score: viewScore(each.mask, each.view.box, {
      image,
      predictedIou: each.result.iou,
      stability: stability(each.result.lowRes, { delta: 1 }),
    }),
  }));
  const best = scored.reduce((a, b) => b.score > a.score ? b : a);
  const mask = pasted(best.mask, best.view.box, image);
  const total = (part: "msEncode" | "msDecode") =>
    looks.reduce((sum, each) => sum + each[part], 0);
  return {
    mask,
    areaPx: areaPx(mask),
    ...scoresOf(best.result),
    box: boxOf(mask),
    view: best.view.box,
    msEncode: total("msEncode"),
    msDecode: total("msDecode"),
  };
}
