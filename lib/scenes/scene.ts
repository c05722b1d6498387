// Generated scenes: pictures and clips with exact masks, from a seed alone.
//
// What models are trained on before they see real data. The same seed and
// options give the same bytes. No real picture is used anywhere.

import { type Random, seededRandom } from "../base/random.ts";
import { pickByShare } from "./chance.ts";
import { drawEndoscopy } from "./endoscopy.ts";
import { drawEveryday } from "./everyday.ts";
import { drawGrey } from "./grey.ts";
import { hash } from "./noise.ts";
import type { Scene, SceneFamily, SceneImage } from "./scene_object.ts";
import { type Extent, filmStage, type Stage } from "./stage.ts";

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
  greyscale: 0.25,
};

/** At least this part of frame 0 shows one of the objects. */
const LEAST_VISIBLE = 0.002;

/** Frame 0 varies by at least this many grey levels. */
const LEAST_CONTRAST = 6;

/** Generates a scene from a seed. */
export function makeScene(
  seed: number,
  { side = 128, frames = 1, family }: {
    side?: number;
    frames?: number;
    family?: SceneFamily;
  } = {},
): Scene {
  for (let attempt = 0;; attempt++) {
    const random = seededRandom(hash(seed, attempt, 0x5ce2e));
    const drawn = family ?? pickByShare(random, FAMILY_SHARES);
    const stage = drawStage(random, drawn, { sidePx: side, frames });
    const first = filmStage(random, stage, side, 0);
    if (!showsSomething(first)) continue;
    const rest = Array.from(
      { length: frames - 1 },
      (_, k) => filmStage(random, stage, side, k + 1),
    );
    return {
      seed,
      family: drawn,
      side,
      objects: stage.things.flatMap(({ object }) => object ?? []),
      frames: [first, ...rest],
    };
  }
}

function drawStage(random: Random, family: SceneFamily, extent: Extent): Stage {
  switch (family) {
    case "endoscopy":
      return drawEndoscopy(random, extent);
    case "everyday":
      return drawEveryday(random, extent);
    case "greyscale":
    case "volume":
      return drawGrey(random, extent);
  }
}

/** One object is large enough, and the picture is neither black nor blank. */
function showsSomething({ image, identities }: SceneImage): boolean {
  const areas = new Uint32Array(256);
  for (const id of identities.data) areas[id]++;
  const least = LEAST_VISIBLE * identities.data.length;
  return areas.subarray(1).some((area) => area >= least) &&
    contrastOf(image.data) > LEAST_CONTRAST;
}

/** The deviation of the green bytes. */
function contrastOf(rgb: Uint8Array): number {
  let sum = 0;
  let squares = 0;
  for (let p = 1; p < rgb.length; p += 3) {
    sum += rgb[p];
    squares += rgb[p] * rgb[p];
  }
  const count = rgb.length / 3;
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}
