// Ulcers: a pale floor, a wall, a red and swollen rim.

import type { Random } from "../base/random.ts";
import { happens, logUniform, uniform } from "./chance.ts";
import { blur, type Canvas, clamp01, type Field, flatField } from "./field.ts";
import { depthInside } from "./island.ts";
import { shadeCanvas } from "./light.ts";
import type { Look } from "./look.ts";
import { noiseField } from "./noise_bank.ts";
import { fillOutline } from "./outline.ts";
import { type Colour, mixColour, shiftColour } from "./palette.ts";
import { clearEdge, drawBlob } from "./shapes.ts";
import { type Sprite, toSprite } from "./surface.ts";
import { paintTexture } from "./texture.ts";

/** Draws an ulcer into a square of a side. */
export function drawUlcer(random: Random, look: Look, sidePx: number): Sprite {
  const cover = drawCrater(random, sidePx);
  const { floor, reachPx } = floorOf(random, cover, look.unit);
  const canvas = paintCrater(random, look, floor.within);
  shadeCanvas(canvas, blur(floor.height, Math.max(0.7, 0.03 * sidePx)), {
    light: look.light,
    reliefPx: reachPx * uniform(random, 0.2, 1.2),
    ambient: uniform(random, 0.3, 0.65),
    gain: uniform(random, 1, 1.2),
    gloss: happens(random, 0.4) ? uniform(random, 0.3, 0.8) : 0,
    sharpness: uniform(random, 30, 150),
  });
  const opacity = blur(cover, uniform(random, 0.6, Math.max(1, 0.03 * sidePx)));
  return toSprite(canvas, opacity, opacity);
}

function drawCrater(random: Random, sidePx: number): Field {
  const cover = flatField(sidePx, sidePx);
  const r = sidePx / 2;
  const waves = uniform(random, 0.05, 0.35);
  const ry = r * 0.85 * uniform(random, 0.45, 1);
  fillOutline(cover, drawBlob(random, { x: r, y: r, rx: r * 0.85, ry, waves }));
  clearEdge(cover);
  return cover;
}

/** Where the floor is, 0 on the rim and 1 within, and the height of both. */
function floorOf(random: Random, cover: Field, unit: number) {
  const { width, height } = cover;
  const depth = depthInside(cover).data;
  const reachPx = depth.reduce((most, d) => Math.max(most, d), 1);
  const rim = uniform(random, 0.12, 0.4);
  const uneven = noiseField(random, width, height, { unit }).data;
  const within = flatField(width, height);
  const relief = flatField(width, height);
  for (let i = 0; i < depth.length; i++) {
    const u = depth[i] / reachPx + 0.06 * uneven[i];
    within.data[i] = clamp01((u - rim) * 8);
    relief.data[i] = 0.6 * Math.sin(Math.PI * clamp01(u / rim)) -
      within.data[i];
  }
  return { floor: { within, height: relief }, reachPx };
}

function paintCrater(random: Random, look: Look, within: Field): Canvas {
  const { base, style, unit } = look;
  const { width, height } = within;
  const size = { width, height, unit };
  const red = shiftColour(base, [0.2, -0.7, -0.6], uniform(random, 0, 0.25));
  const canvas = paintTexture(random, red, { ...style, pattern: "none" }, size);
  const floor = paintTexture(random, drawFloorColour(random, base), {
    ...style,
    pattern: happens(random, 0.4) ? "spots" : "none",
    amplitude: logUniform(random, 0.03, 0.15),
  }, size);
  for (let i = 0, p = 0; i < within.data.length; i++) {
    for (let c = 0; c < 3; c++, p++) {
      canvas.data[p] += (floor.data[p] - canvas.data[p]) * within.data[i];
    }
  }
  return canvas;
}

/** Slough is white to yellow, fresh floors are dark red. */
function drawFloorColour(random: Random, base: Colour): Colour {
  const slough: Colour = [0.92, 0.86, uniform(random, 0.55, 0.85)];
  const raw: Colour = [0.4, 0.1, 0.08];
  const colour = happens(random, 0.75) ? slough : raw;
  return mixColour(base, colour, uniform(random, 0.4, 1));
}
