// What is lost when masks go through a format and come back: overlap, holes and
// parts, object by object.

import { iou } from "../../masks/metrics.ts";
import { bitmapToPolygons } from "../../masks/polygons.ts";
import { type Rle, rleToBitmap } from "../../masks/rle.ts";
import type { Bitmap } from "../../base/image.ts";

/** A mask of an object on a frame. */
export type TripMask = {
  readonly object: number;
  readonly frame: number;
  readonly rle: Rle;
};

/** What became of the masks of one object. */
export type ObjectLoss = {
  readonly object: number;
  /** Masks that went in. */
  readonly masks: number;
  /** Masks that did not come back, with an overlap of 0. */
  readonly missing: number;
  readonly meanIou: number;
  readonly lowestIou: number;
  /** Holes and parts over all masks, before and after. */
  readonly holes: number;
  readonly holesLost: number;
  readonly parts: number;
  readonly partsLost: number;
};

/**
 * Compares masks with what came back of them.
 *
 * @example A hole that was filled
 * ```ts
 * import { bitmapToRle, roundTripLoss } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const size = { width: 3, height: 3 };
 * const full = { ...size, data: new Uint8Array(9).fill(1) };
 * const ring = { ...size, data: full.data.with(4, 0) };
 * const at = { object: 1, frame: 0 };
 * const [loss] = roundTripLoss(
 *   [{ ...at, rle: bitmapToRle(ring) }],
 *   [{ ...at, rle: bitmapToRle(full) }],
 * );
 * equal(loss.meanIou, 8 / 9);
 * equal(loss.holesLost, 1);
 * ```
 */
export function roundTripLoss(
  before: readonly TripMask[],
  after: readonly TripMask[],
): ObjectLoss[] {
  const found = new Map(
    after.map((mask) => [`${mask.object} ${mask.frame}`, mask]),
  );
  const byObject = Map.groupBy(before, ({ object }) => object);
  return [...byObject].sort(([a], [b]) => a - b).map(([object, own]) => {
    const losses = own.map((mask) =>
      compare(mask, found.get(`${mask.object} ${mask.frame}`))
    );
    const sum = (pick: (loss: MaskLoss) => number) =>
      losses.reduce((total, loss) => total + pick(loss), 0);
    return {
      object,
      masks: own.length,
      missing: sum(({ isMissing }) => isMissing ? 1 : 0),
      meanIou: sum(({ iou }) => iou) / own.length,
      lowestIou: Math.min(...losses.map(({ iou }) => iou)),
      holes: sum(({ before }) => before.holes),
      holesLost: sum(({ before, after }) =>
        Math.max(0, before.holes - after.holes)
      ),
      parts: sum(({ before }) => before.parts),
      partsLost: sum(({ before, after }) =>
        Math.max(0, before.parts - after.parts)
      ),
    };
  });
}

/** A line for each object: `object 1: 3 masks, IoU 0.9931 (lowest 0.9907), 0 of 3 holes and 0 of 4 parts lost`. */
export function roundTripText(losses: readonly ObjectLoss[]): string {
  return losses.map((loss) => {
    const { object, masks, missing, meanIou, lowestIou } = loss;
    const gone = missing === 0 ? "" : `, ${missing} missing`;
    return `object ${object}: ${masks} masks${gone}, IoU ${
      meanIou.toFixed(4)
    } (lowest ${lowestIou.toFixed(4)}), ${loss.holesLost} of ${loss.holes} ` +
      `holes and ${loss.partsLost} of ${loss.parts} parts lost\n`;
  }).join("");
}

type Pieces = { readonly parts: number; readonly holes: number };

type MaskLoss = {
  readonly iou: number;
  readonly isMissing: boolean;
  readonly before: Pieces;
  readonly after: Pieces;
};

function compare(before: TripMask, after: TripMask | undefined): MaskLoss {
  const old = rleToBitmap(before.rle);
  const now = after && rleToBitmap(after.rle);
  return {
    iou: now ? iou(old, now) : 0,
    isMissing: !now,
    before: piecesOf(old),
    after: now ? piecesOf(now) : { parts: 0, holes: 0 },
  };
}

function piecesOf(mask: Bitmap): Pieces {
  const polygons = bitmapToPolygons(mask);
  const holes = polygons.reduce((sum, { holes }) => sum + holes.length, 0);
  return { parts: polygons.length, holes };
}
