// Prompts one after the other on one frame, as a person gives them.
//
// Every prompt sees the mask before it: the logits of the last answer go back
// as a mask prompt, which is what the official predictor does when points are
// added one by one. The same prompts in the same order give the same mask, so
// that undo, redo and replay on another model need nothing but the prompts.

import type { Bitmap } from "../base/image.ts";
import type { Box, Size } from "../base/tensor.ts";
import type { Click } from "../masks/next_click.ts";
import type { Engine, FrameFeatures } from "./engine.ts";
import { clamped } from "./image.ts";
import { toModelPoints } from "./prompts.ts";
import { type FrameResult, giveMask, promptFrame } from "./track.ts";

/** One prompt on a frame, in pixels of the frame. */
export type FramePrompt =
  | ({ readonly kind: "point" } & Click)
  | ({ readonly kind: "box" } & Box)
  | { readonly kind: "mask"; readonly mask: Bitmap };

/** What was given so far on a frame, and the answer to it. */
export type Interaction = {
  readonly clicks: readonly Click[];
  readonly box: Box | undefined;
  readonly result: FrameResult;
};

/** Where the prompts are given. */
export type InteractionPlace = {
  readonly frame: number;
  readonly frameSize: Size;
};

/**
 * Adds one prompt: a click joins the others, a box replaces the box, a mask
 * replaces everything.
 *
 * @throws RangeError for a point or box outside the frame
 */
export async function addPrompt(
  engine: Engine,
  features: FrameFeatures,
  before: Interaction | undefined,
  prompt: FramePrompt,
  { frame, frameSize }: InteractionPlace,
): Promise<Interaction> {
  checkInside(prompt, frameSize);
  if (prompt.kind === "mask") {
    const result = await giveMask(engine, features, prompt.mask, frame);
    return { clicks: [], box: undefined, result };
  }
  const clicks = prompt.kind === "point"
    ? [...before?.clicks ?? [], prompt]
    : before?.clicks ?? [];
  const box = prompt.kind === "box" ? prompt : before?.box;
  const points = toModelPoints({ clicks, box }, {
    frame: frameSize,
    side: engine.side,
  });
  const result = await promptFrame(engine, features, points, {
    frame,
    frameCount: 1,
    reverse: false,
    previous: before && clamped(before.result.lowRes),
  });
  return { clicks, box, result };
}

/** Gives prompts in order; throws RangeError when there is none. */
export async function replayPrompts(
  engine: Engine,
  features: FrameFeatures,
  prompts: readonly FramePrompt[],
  place: InteractionPlace,
): Promise<Interaction> {
  let current: Interaction | undefined;
  for (const prompt of prompts) {
    current = await addPrompt(engine, features, current, prompt, place);
  }
  if (!current) throw new RangeError(`Frame ${place.frame} has no prompt`);
  return current;
}

/** Throws RangeError unless a prompt lies within the frame. */
export function checkInside(
  prompt: FramePrompt,
  { width, height }: Size,
): void {
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x <= width && y <= height;
  if (prompt.kind === "point" && !inside(prompt.x, prompt.y)) {
    throw new RangeError(
      `Point (${prompt.x}, ${prompt.y}) is outside the frame of ${width}x${height} pixels`,
    );
  }
  if (prompt.kind === "box") {
    const { x0, y0, x1, y1 } = prompt;
    if (!inside(x0, y0) || !inside(x1, y1) || x0 >= x1 || y0 >= y1) {
      throw new RangeError(
        `Box (${x0}, ${y0}) to (${x1}, ${y1}) is empty or outside the frame of ${width}x${height} pixels`,
      );
    }
  }
  if (prompt.kind === "mask") {
    const { mask } = prompt;
    if (mask.width !== width || mask.height !== height) {
      throw new RangeError(
        `A mask of ${mask.width}x${mask.height} pixels does not fit a frame of ${width}x${height}`,
      );
    }
  }
}
