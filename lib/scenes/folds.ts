// The inside of a tube: folds around a dark opening, as light and shade.
//
// Distance along the tube is the logarithm of the distance from the vanishing
// point. Each fold is bright at its crest, dims behind it, and hides the start
// of the next piece; crescent folds fill only a part of the way around.

import type { Random } from "../base/random.ts";
import { anyAngle, happens, uniform } from "./chance.ts";
import { blur, clamp01, type Field } from "./field.ts";
import { noiseField } from "./noise_bank.ts";

/** Light in a tube. */
export type TubeLight = {
  /** Brightness per pixel, 0 in the opening to about 1.2. */
  readonly light: Field;
  /** Where wet crests mirror the lamp, 0 to 1. */
  readonly crests: Field;
};

/** Draws a tube that is seen along its axis or at a slant. */
export function drawTubeLight(
  random: Random,
  sidePx: number,
  unit: number,
): TubeLight {
  const view = drawView(random, sidePx, unit);
  const size = { width: sidePx, height: sidePx };
  const uneven = noiseField(random, sidePx, sidePx, { unit, smooth: true });
  const light = new Float32Array(sidePx * sidePx);
  const crests = new Float32Array(sidePx * sidePx);
  for (let y = 0, i = 0; y < sidePx; y++) {
    for (let x = 0; x < sidePx; x++, i++) {
      const dx = (x - view.x) / view.radius;
      const dy = (y - view.y) / view.radius * view.squeeze;
      const angle = Math.atan2(dy, dx);
      let far = Math.sqrt(dx * dx + dy * dy);
      far *= 1 + view.wave * Math.cos(view.corners * angle + view.turn) +
        view.uneven * uneven.data[i];
      const along = view.folds * Math.log(far + 0.03);
      const fold = Math.floor(along);
      const behind = along - fold;
      const strength = view.strength * foldHere(view, fold, angle);
      const falloff = clamp01(far * view.opening) ** view.dimming;
      light[i] = falloff * (1 + 0.15 * strength - strength * shadeOf(behind));
      crests[i] = strength * clamp01(1 - behind / 0.12) * falloff;
    }
  }
  return {
    light: blur({ ...size, data: light }, 0.6 * unit),
    crests: { ...size, data: crests },
  };
}

type View = {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly squeeze: number;
  readonly turn: number;
  /** Corners of the opening: three for a colon's triangle. */
  readonly corners: number;
  readonly wave: number;
  readonly uneven: number;
  /** Folds for each 2.7-fold distance. */
  readonly folds: number;
  readonly strength: number;
  readonly opening: number;
  readonly dimming: number;
  /** Crescents around: 0 for rings. */
  readonly crescents: number;
  readonly phases: readonly number[];
};

function drawView(random: Random, sidePx: number, unit: number): View {
  const isInside = happens(random, 0.7);
  const place = () =>
    sidePx / 2 + 128 * unit * uniform(random, -1, 1) * (isInside ? 0.35 : 0.75);
  return {
    x: place(),
    y: place(),
    radius: 64 * unit,
    squeeze: uniform(random, 0.7, 1.4),
    turn: anyAngle(random),
    corners: happens(random, 0.6) ? 3 : 2,
    wave: uniform(random, 0, 0.15),
    uneven: uniform(random, 0.02, 0.2),
    folds: uniform(random, 0.9, 3),
    strength: uniform(random, 0.1, 0.75),
    opening: uniform(random, 1.2, 5),
    dimming: uniform(random, 0.4, 1.6),
    crescents: happens(random, 0.6) ? 1 + Math.floor(random() * 3) : 0,
    phases: Array.from({ length: 16 }, () => anyAngle(random)),
  };
}

/** How much of a fold there is in a direction, 0 to 1. */
function foldHere(view: View, fold: number, angle: number): number {
  if (view.crescents === 0) return 1;
  const phase = view.phases[((fold % 16) + 16) % 16];
  return clamp01(0.4 + 0.9 * Math.cos(view.crescents * angle + phase));
}

/** Shade behind a crest: none on it, most before the next one. */
function shadeOf(behind: number): number {
  return behind * behind * (1.6 - 0.6 * behind);
}
