// How a thing looks: its colour against the background's, its relief, its rim
// and its edge, made into a sprite that the scene places.
//
// Four in ten things differ from the background only a little, two in ten only
// by their relief and edge: the easy third is not what a segmenter must learn.

import type { Random } from "../base/random.ts";
import {
  anySign,
  happens,
  logUniform,
  pickByShare,
  uniform,
} from "./chance.ts";
import { blur, type Canvas, clamp01, type Field } from "./field.ts";
import { depthInside } from "./island.ts";
import { shadeCanvas } from "./light.ts";
import type { Look } from "./look.ts";
import { noiseField } from "./noise_bank.ts";
import { type Colour, drawAxis, drawColour, shiftColour } from "./palette.ts";
import {
  drawPalette,
  drawStyle,
  paintTexture,
  type TextureStyle,
} from "./texture.ts";

/** A thing ready to be placed: red, green, blue, opacity, cover per pixel. */
export type Sprite = {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
  /** The point of the sprite that is put at the thing's place. */
  readonly anchorX: number;
  readonly anchorY: number;
};

/** Numbers per pixel of a sprite. */
export const SPRITE_CHANNELS = 5;

/** How much a thing differs from the background. */
export type Contrast = "far" | "near" | "same";

const CONTRAST_SHARES = { far: 0.36, near: 0.42, same: 0.22 };

/** Colour and texture of a thing. */
type Material = { readonly base: Colour; readonly style: TextureStyle };

/** A thing with its surface, and whether it stands out, is sunk or is flat. */
export type Surface = {
  readonly sprite: Sprite;
  readonly contrast: Contrast;
  readonly relief: "raised" | "sunk" | "flat";
};

/** Gives a shape a surface. */
export function drawSurface(
  random: Random,
  cover: Field,
  look: Look,
  contrast: Contrast = pickByShare(random, CONTRAST_SHARES),
): Surface {
  const { width, height } = cover;
  const { unit } = look;
  const { base, style } = drawMaterial(random, look, contrast);
  const canvas = paintTexture(random, base, style, { width, height, unit });
  if (happens(random, 0.28)) paintPart(random, canvas, unit);
  let relief: Surface["relief"] = "flat";
  if (contrast === "same" || happens(random, 0.6)) {
    relief = happens(random, 0.9) ? "raised" : "sunk";
    shadeDome(random, canvas, cover, look, relief);
  }
  if (happens(random, contrast === "same" ? 0.6 : 0.25)) {
    paintRim(random, canvas, cover);
  }
  const opacity = softenEdge(random, cover, unit);
  return { sprite: toSprite(canvas, opacity, cover), contrast, relief };
}

/** Puts colours, opacity and cover together; the anchor is the middle. */
export function toSprite(
  canvas: Canvas,
  opacity: Field,
  cover: Field,
  anchor: readonly [x: number, y: number] = [
    cover.width / 2,
    cover.height / 2,
  ],
): Sprite {
  const { width, height } = cover;
  const data = new Float32Array(width * height * SPRITE_CHANNELS);
  for (let i = 0, p = 0, q = 0; i < opacity.data.length; i++, p += 3) {
    data[q++] = Math.min(1.3, Math.max(0, canvas.data[p]));
    data[q++] = Math.min(1.3, Math.max(0, canvas.data[p + 1]));
    data[q++] = Math.min(1.3, Math.max(0, canvas.data[p + 2]));
    data[q++] = opacity.data[i];
    data[q++] = cover.data[i];
  }
  return { width, height, data, anchorX: anchor[0], anchorY: anchor[1] };
}

function drawMaterial(
  random: Random,
  look: Look,
  contrast: Contrast,
): Material {
  const { palette } = look;
  if (contrast === "far") {
    const colours = happens(random, 0.5) ? drawPalette(random) : palette;
    const texture = happens(random, 0.5) ? palette : drawPalette(random);
    return {
      base: drawColour(random, colours),
      style: drawStyle(random, texture),
    };
  }
  const amount = contrast === "near"
    ? logUniform(random, 0.03, 0.3)
    : uniform(random, 0, 0.05);
  const [r, g, b] = drawAxis(random, palette);
  // Inflamed tissue is redder.
  const axis: Colour = palette === "endoscopic" && happens(random, 0.4)
    ? [0.25, -0.8, -0.6]
    : [r / 1.7, g / 1.7, b / 1.7];
  const style = contrast === "same" || happens(random, 0.5)
    ? look.style
    : drawStyle(random, palette);
  return {
    base: shiftColour(look.base, axis, amount * anySign(random)),
    style: style.pattern === "patch" ? { ...style, pattern: "none" } : style,
  };
}

/** Colours a part of a thing differently. */
function paintPart(
  random: Random,
  { width, height, data }: Canvas,
  unit: number,
) {
  const noise = noiseField(random, width, height, { unit, smooth: true });
  const least = uniform(random, -0.5, 1);
  const hardness = uniform(random, 2, 30);
  const colour = drawColour(random, drawPalette(random));
  for (let i = 0, p = 0; i < noise.data.length; i++, p += 3) {
    const t = clamp01((noise.data[i] - least) * hardness);
    for (let c = 0; c < 3; c++) data[p + c] += (colour[c] - data[p + c]) * t;
  }
}

/** The height of a dome over a cover: 0 at the edge, 1 inside; and its reach in pixels. */
export function domeOf(
  cover: Field,
  { shoulder, softness }: { shoulder: number; softness: number },
): { height: Field; reachPx: number } {
  const depth = depthInside(cover);
  let reachPx = 1e-3;
  for (const d of depth.data) reachPx = Math.max(reachPx, d);
  const gain = 1 / (reachPx * shoulder);
  const { data } = depth;
  for (let i = 0; i < data.length; i++) {
    const u = 1 - clamp01(data[i] * gain);
    data[i] = Math.sqrt(1 - u * u);
  }
  return {
    height: blur(depth, Math.max(0.6, reachPx * softness)),
    reachPx,
  };
}

function shadeDome(
  random: Random,
  canvas: Canvas,
  cover: Field,
  look: Look,
  relief: "raised" | "sunk",
) {
  const { height, reachPx } = domeOf(cover, {
    shoulder: uniform(random, 0.25, 1),
    softness: uniform(random, 0.03, 0.15),
  });
  if (happens(random, 0.3)) {
    const rough = uniform(random, 0.01, 0.06);
    const noise = noiseField(random, cover.width, cover.height, {
      unit: look.unit,
    });
    noise.data.forEach((n, i) => height.data[i] += rough * n);
  }
  shadeCanvas(canvas, height, {
    light: look.light,
    reliefPx: reachPx * uniform(random, 0.5, 2.2) *
      (relief === "sunk" ? -1 : 1),
    ambient: uniform(random, 0.1, 0.6),
    gain: uniform(random, 1, 1.25),
    gloss: happens(random, look.wetness) ? uniform(random, 0.3, 1) : 0,
    sharpness: uniform(random, 30, 200),
  });
}

/** Darkens or brightens a band along the edge. */
function paintRim(random: Random, { data }: Canvas, cover: Field) {
  const wide = Math.max(0.7, cover.height * uniform(random, 0.01, 0.05));
  const soft = blur(cover, wide);
  const strength = uniform(random, -0.15, 0.4);
  for (let i = 0, p = 0; i < soft.data.length; i++, p += 3) {
    const keep = 1 - strength * clamp01(1 - Math.abs(soft.data[i] - 0.6) * 3);
    data[p] *= keep;
    data[p + 1] *= keep;
    data[p + 2] *= keep;
  }
}

function softenEdge(random: Random, cover: Field, unit: number): Field {
  const sigma = happens(random, 0.7)
    ? uniform(random, 0.3, 0.7)
    : uniform(random, 0.7, Math.max(1, 0.035 * cover.height));
  return blur(cover, sigma * Math.max(1, unit * 0.7));
}
