// What may happen to a clip that is propagated: actions, drawn from a seed.

import type { Prompt } from "medannotate";
import type { Bitmap } from "../../lib/base/image.ts";
import type { Box } from "../../lib/base/tensor.ts";
import { bitmapToRle } from "../../lib/masks/rle.ts";
import { drawer } from "../propagate/hash_engine.ts";

export const frameSize = { width: 20, height: 12 };

export type How = {
  readonly direction: "both" | "forward" | "backward";
  readonly agreement: boolean;
  readonly nonOverlap: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly model: number;
};

/** How a call is stopped: after so many steps, or at so many calls of the engine. */
export type Stop = {
  readonly kind: "cancel" | "cancelMidway" | "fail" | "kill";
  readonly after: number;
  readonly reopens: boolean;
};

export type Action =
  | { kind: "prompt"; object: number; frame: number; prompt: Prompt }
  | { kind: "undo" }
  | { kind: "redo" }
  | { kind: "reopen" }
  | {
    kind: "save";
    object: number;
    frame: number;
    box: Box;
    origin: "drawn" | "imported" | "detected";
    verified: boolean;
  }
  | { kind: "verify"; object: number; frame: number; verified: boolean }
  | { kind: "delete"; object: number; from: number; to: number }
  | {
    kind: "correctAndUndo";
    object: number;
    frame: number;
    prompt: Prompt;
  }
  | {
    kind: "propagate";
    /** Undefined: as the last time. */
    how?: How;
    restart: boolean;
    stops: readonly Stop[];
    /** Goes on with the next action after the last stop. */
    leaves: boolean;
  };

export type Scenario = {
  readonly frameCount: number;
  readonly objectCount: number;
  readonly how: How;
  readonly actions: readonly Action[];
};

/** Draws a scenario; the same seed draws the same one. */
export function drawScenario(seed: number): Scenario {
  const random = drawer(seed);
  for (let i = 0; i < 3; i++) random(); // seeds that are neighbours part
  const below = (n: number) => Math.floor(random() * n);
  const oneOf = <T>(...list: readonly T[]): T => list[below(list.length)];
  const chance = (share: number) => random() < share;

  const frameCount = oneOf(1, 2, 6, 9, 9, 12, 12, 12, 20, 20, 40);
  const objectCount = 1 + below(3);
  const mayLeave = chance(0.6);
  const mayOverlap = chance(0.7);
  const drawHow = (): How => {
    const from = below(frameCount);
    const isWhole = chance(0.75);
    return {
      direction: chance(0.7) ? "both" : oneOf("forward", "backward"),
      agreement: chance(0.75),
      nonOverlap: !mayOverlap && chance(0.7),
      ...(isWhole ? {} : { from, to: from + below(frameCount - from) }),
      model: chance(0.85) ? 0 : 1,
    };
  };
  const drawBox = (): Box => {
    const [x0, y0] = [below(frameSize.width - 1), below(frameSize.height - 1)];
    return {
      x0,
      y0,
      x1: x0 + 1 + below(frameSize.width - x0 - 1),
      y1: y0 + 1 + below(frameSize.height - y0 - 1),
    };
  };
  const drawPrompt = (): Prompt => {
    const kind = oneOf("point", "point", "box", "mask");
    if (kind === "box") return { kind, ...drawBox() };
    if (kind === "mask") return { kind, rle: bitmapToRle(boxMask(drawBox())) };
    return {
      kind: "point",
      x: below(frameSize.width),
      y: below(frameSize.height),
      sign: chance(0.8) ? "+" : "-",
    };
  };
  const place = () => ({
    object: 1 + below(objectCount),
    frame: below(frameCount),
  });
  const drawStops = (): Stop[] =>
    Array.from({ length: chance(0.35) ? 0 : 1 + below(3) }, () => ({
      kind: oneOf("cancel", "cancelMidway", "fail", "kill"),
      after: below(chance(0.7) ? 6 : 2 * frameCount),
      reopens: chance(0.3),
    }));
  const drawAction = (): Action => {
    const n = random();
    if (n < 0.25) return { kind: "prompt", ...place(), prompt: drawPrompt() };
    if (n < 0.35) return chance(0.7) ? { kind: "undo" } : { kind: "redo" };
    if (n < 0.42) {
      const origin = oneOf("drawn", "drawn", "imported", "detected");
      const verified = chance(0.2);
      return { kind: "save", ...place(), box: drawBox(), origin, verified };
    }
    if (n < 0.52) {
      return { kind: "verify", ...place(), verified: chance(0.75) };
    }
    if (n < 0.58) {
      const { object, frame: from } = place();
      const to = chance(0.6) ? from : from + below(frameCount - from);
      return { kind: "delete", object, from, to };
    }
    if (n < 0.63) {
      return { kind: "correctAndUndo", ...place(), prompt: drawPrompt() };
    }
    if (n < 0.66) return { kind: "reopen" };
    const how = chance(0.12) ? drawHow() : undefined;
    return {
      kind: "propagate",
      how,
      restart: how ? chance(0.8) : chance(0.05),
      stops: drawStops(),
      leaves: mayLeave && chance(0.7),
    };
  };
  /** An edit while a run is stopped, then the rest of it. */
  const goOn = (): Action[] => {
    if (chance(0.4)) return [];
    const { object, frame } = place();
    const edit: Action = chance(0.5)
      ? { kind: "delete", object, from: frame, to: frame }
      : { kind: "prompt", object, frame, prompt: drawPrompt() };
    return [edit, {
      kind: "propagate",
      restart: false,
      stops: [],
      leaves: false,
    }];
  };
  return {
    frameCount,
    objectCount,
    how: drawHow(),
    actions: [
      { kind: "prompt", ...place(), prompt: drawPrompt() },
      ...Array.from({ length: 4 + below(20) }, drawAction)
        .flatMap((action) => isLeft(action) ? [action, ...goOn()] : [action]),
      { kind: "propagate", restart: false, stops: [], leaves: false },
    ],
  };
}

/** Whether an action leaves a run that was stopped. */
export function isLeft(action: Action): boolean {
  return action.kind === "propagate" && action.leaves &&
    action.stops.length > 0;
}

export function boxMask({ x0, y0, x1, y1 }: Box): Bitmap {
  const { width, height } = frameSize;
  const data = new Uint8Array(width * height);
  for (let y = y0; y < y1; y++) data.fill(1, y * width + x0, y * width + x1);
  return { width, height, data };
}
