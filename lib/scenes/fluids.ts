// Fluids and what floats in them: pools, blood, bubbles, foam, all of them
// artefacts that hide tissue.
//
// They are partly transparent, so their cover is not their opacity.

import type { Random } from "../base/random.ts";
import { happens, logUniform, pick, uniform, whole } from "./chance.ts";
import { blur, clamp01, type Field, flatField } from "./field.ts";
import { shadeCanvas } from "./light.ts";
import type { Look } from "./look.ts";
import { noiseField } from "./noise_bank.ts";
import { fillOutline } from "./outline.ts";
import { type Colour, mixColour } from "./palette.ts";
import { clearEdge, drawBlob, drawShape } from "./shapes.ts";
import { domeOf, type Sprite, toSprite } from "./surface.ts";
import { drawStyle, paintTexture } from "./texture.ts";

const FLUIDS: readonly Colour[] = [
  [0.75, 0.65, 0.15], // bile
  [0.45, 0.4, 0.12],
  [0.5, 0.3, 0.12], // stool water
  [0.8, 0.78, 0.7], // mucus
  [0.35, 0.5, 0.2],
];

/** A pool with a smooth, mirroring surface. */
export function drawPool(random: Random, look: Look, sidePx: number): Sprite {
  const colour = mixColour(
    look.base,
    pick(random, FLUIDS),
    uniform(random, 0.5, 1),
  );
  return drawFilm(random, look, sidePx, {
    colour,
    opacity: uniform(random, 0.4, 0.9),
    amplitude: logUniform(random, 0.005, 0.06),
  });
}

/** Blood: a pool, a clot or a trickle. */
export function drawBlood(random: Random, look: Look, sidePx: number): Sprite {
  const red = uniform(random, 0.25, 0.65);
  return drawFilm(random, look, sidePx, {
    colour: [
      red,
      red * uniform(random, 0.02, 0.2),
      red * uniform(random, 0, 0.18),
    ],
    opacity: uniform(random, 0.65, 1),
    amplitude: logUniform(random, 0.01, 0.1),
    isTrickle: happens(random, 0.3),
  });
}

function drawFilm(
  random: Random,
  look: Look,
  sidePx: number,
  { colour, opacity, amplitude, isTrickle = false }: {
    colour: Colour;
    opacity: number;
    amplitude: number;
    isTrickle?: boolean;
  },
): Sprite {
  const kind = isTrickle ? "tube" : happens(random, 0.6) ? "island" : "blob";
  const cover = drawShape(random, sidePx, kind);
  const style = {
    ...drawStyle(random, "endoscopic"),
    amplitude,
    pattern: "none" as const,
  };
  const size = { width: sidePx, height: sidePx, unit: look.unit };
  const canvas = paintTexture(random, colour, style, size);
  const { height, reachPx } = domeOf(cover, { shoulder: 0.15, softness: 0.05 });
  shadeCanvas(canvas, height, {
    light: look.light,
    reliefPx: reachPx * uniform(random, 0.05, 0.4),
    ambient: uniform(random, 0.5, 0.8),
    gain: 1.1,
    gloss: happens(random, 0.6) ? uniform(random, 0.3, 1) : 0,
    sharpness: uniform(random, 30, 120),
  });
  const soft = blur(cover, uniform(random, 0.5, 1.5));
  const seen = { ...soft, data: soft.data.map((part) => part * opacity) };
  return toSprite(canvas, seen, cover);
}

/** One large bubble: a ring, a mirrored lamp, a faint body. */
export function drawBubble(random: Random, sidePx: number): Sprite {
  const cover = flatField(sidePx, sidePx);
  const opacity = flatField(sidePx, sidePx);
  const canvas = flatField(sidePx, sidePx);
  const r = sidePx / 2;
  addBubble(random, { cover, opacity }, [r, r], r * 0.9);
  return toSprite(whiten(canvas), opacity, cover);
}

/** Foam: many bubbles beside each other, one object. */
export function drawFoam(random: Random, sidePx: number): Sprite {
  const region = drawShape(random, sidePx, "blob");
  const cover = flatField(sidePx, sidePx);
  const opacity = flatField(sidePx, sidePx);
  const most = sidePx * uniform(random, 0.06, 0.16);
  const count = whole(random, 12, 40);
  for (let k = 0; k < count; k++) {
    const [x, y] = [random() * sidePx, random() * sidePx];
    const here = region.data[Math.floor(y) * sidePx + Math.floor(x)];
    const radius = most * uniform(random, 0.4, 1);
    if (here > 0.5) addBubble(random, { cover, opacity }, [x, y], radius);
  }
  clearEdge(cover);
  return toSprite(whiten(cover), opacity, cover);
}

function addBubble(
  random: Random,
  { cover, opacity }: { cover: Field; opacity: Field },
  [x0, y0]: readonly [number, number],
  radius: number,
) {
  const side = cover.width;
  const body = uniform(random, 0.03, 0.25);
  const rim = uniform(random, 0.4, 0.9);
  const [lx, ly] = [uniform(random, -0.5, 0.5), uniform(random, -0.5, 0.5)];
  const from = (v: number) => Math.max(0, Math.floor(v - radius - 1));
  const to = (v: number) => Math.min(side, Math.ceil(v + radius + 1));
  for (let y = from(y0); y < to(y0); y++) {
    for (let x = from(x0); x < to(x0); x++) {
      const u = (x + 0.5 - x0) / radius;
      const v = (y + 0.5 - y0) / radius;
      const out = Math.sqrt(u * u + v * v);
      const inside = clamp01(0.5 + (1 - out) * radius);
      if (inside === 0) continue;
      const i = y * side + x;
      const ring = rim * clamp01(1 - Math.abs(0.96 - out) * radius / 1.1);
      const lamp = clamp01(0.5 + (0.18 - Math.hypot(u - lx, v - ly)) * radius);
      cover.data[i] = Math.max(cover.data[i], inside);
      opacity.data[i] = inside * Math.max(body * out * out, ring, lamp);
    }
  }
}

function whiten({ width, height }: Field) {
  const data = new Float32Array(width * height * 3).fill(1);
  return { width, height, data };
}

/** Debris: opaque lumps of stool, food or pills. */
export function drawDebris(random: Random, look: Look, sidePx: number): Sprite {
  const cover = flatField(sidePx, sidePx);
  const r = sidePx / 2;
  const waves = uniform(random, 0.1, 0.35);
  const ry = r * 0.8 * uniform(random, 0.5, 1);
  fillOutline(cover, drawBlob(random, { x: r, y: r, rx: r * 0.8, ry, waves }));
  clearEdge(cover);
  const style = {
    ...drawStyle(random, "endoscopic"),
    amplitude: logUniform(random, 0.03, 0.15),
  };
  const size = { width: sidePx, height: sidePx, unit: look.unit };
  const canvas = paintTexture(random, pick(random, FLUIDS), style, size);
  const { height, reachPx } = domeOf(cover, { shoulder: 0.6, softness: 0.06 });
  const rough = noiseField(random, sidePx, sidePx, { unit: look.unit });
  rough.data.forEach((n, i) => height.data[i] += 0.06 * n);
  shadeCanvas(canvas, height, {
    light: look.light,
    reliefPx: reachPx * uniform(random, 0.5, 1.5),
    ambient: uniform(random, 0.2, 0.6),
    gain: 1.1,
    gloss: 0,
    sharpness: 60,
  });
  const opacity = blur(cover, 0.6);
  return toSprite(canvas, opacity, opacity);
}
