// Generated scenes: pictures and clips with exact masks, from a seed alone.
//
// What models are trained on before they see real data. The same seed and
// options give the same bytes. No real picture is used anywhere.

import { type Random, seededRandom } from "../base/random.ts";
import { pickByShare } from "./chance.ts";
import { drawEndoscopy, type EndoscopyShares } from "./endoscopy.ts";
import { drawEveryday } from "./everyday.ts";
import type { Film } from "./film.ts";
import { drawGrey } from "./grey.ts";
import { hash } from "./noise.ts";
import type { Scene, SceneFamily } from "./scene_object.ts";
import { type Extent, filmStage } from "./stage.ts";
import { showsObject } from "./visible.ts";
import { drawVolumeFilm } from "./volume_film.ts";

export type { EndoscopyShares } from "./endoscopy.ts";
export type {
  DetectorClass,
  Scene,
  SceneFamily,
  SceneImage,
  SceneObject,
  SceneObjectKind,
} from "./scene_object.ts";

const FAMILY_SHARES = {
  endoscopy: 0.42,
  everyday: 0.33,
  greyscale: 0.15,
  volume: 0.1,
};

/**
 * Generates a scene from a seed: one picture, or the frames of a clip, with
 * exact masks. Without a family, one is drawn.
 *
 * @example A clip of two frames, in which one object covers 0.2 % or more at first
 * ```ts
 * import { makeScene } from "medannotate";
 * import { deepEqual, ok } from "node:assert/strict";
 *
 * const { objects, frames } = makeScene(7, { side: 64, frames: 2, family: "endoscopy" });
 * deepEqual(frames.map(({ image }) => image.data.length), [64 * 64 * 3, 64 * 64 * 3]);
 * const areas = objects.map(({ id }) =>
 *   frames[0].identities.data.filter((number) => number === id).length
 * );
 * ok(Math.max(...areas) >= 0.002 * 64 * 64);
 * ```
 */
export function makeScene(
  seed: number,
  { side = 128, frames = 1, family, shares }: {
    side?: number;
    frames?: number;
    family?: SceneFamily;
    /** Changes what endoscopy shows and how often. */
    shares?: EndoscopyShares;
  } = {},
): Scene {
  checkOptions(seed, side, frames);
  for (let attempt = 0;; attempt++) {
    const random = seededRandom(hash(seed, attempt, 0x5ce2e));
    const drawn = family ?? pickByShare(random, FAMILY_SHARES);
    const film = drawFilm(random, drawn, { sidePx: side, frames }, shares);
    const first = film.frame(0);
    if (!showsObject(first)) continue;
    const rest = Array.from(
      { length: frames - 1 },
      (_, k) => film.frame(k + 1),
    );
    const { objects } = film;
    return { seed, family: drawn, side, objects, frames: [first, ...rest] };
  }
}

function checkOptions(seed: number, side: number, frames: number) {
  const isWhole = [seed, side, frames].every(Number.isInteger);
  if (isWhole && side >= 16 && frames >= 1) return;
  throw new RangeError(
    `No scene with seed ${seed}, side ${side}, frames ${frames}: expected ` +
      `whole numbers, a side of 16 or more and one frame or more`,
  );
}

function drawFilm(
  random: Random,
  family: SceneFamily,
  extent: Extent,
  shares: EndoscopyShares | undefined,
): Film {
  if (family === "volume") return drawVolumeFilm(random, extent);
  const stage = family === "endoscopy"
    ? drawEndoscopy(random, extent, shares)
    : family === "everyday"
    ? drawEveryday(random, extent)
    : drawGrey(random, extent);
  return filmStage(random, stage, extent.sidePx);
}
