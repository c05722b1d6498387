// Polyps of every form of the Paris classification.
//
// Forms: Paris workshop, Gastrointest. Endosc. 58 (2003) S3: 0-Ip on a stalk,
// 0-Isp on a broad one, 0-Is sessile, 0-IIa slightly raised, 0-IIb flat, 0-IIc
// slightly sunk, 0-III excavated.

import type { Random } from "../base/random.ts";
import {
  anySign,
  happens,
  logUniform,
  normal,
  pickByShare,
  uniform,
} from "./chance.ts";
import { blur, type Canvas, clamp01, type Field, flatField } from "./field.ts";
import { shadeCanvas } from "./light.ts";
import type { Look } from "./look.ts";
import { addGlitter } from "./mucosal_wall.ts";
import { noiseField } from "./noise_bank.ts";
import { bar, fillOutline } from "./outline.ts";
import { type Colour, mixColour, shiftColour } from "./palette.ts";
import { clearEdge, drawBlob } from "./shapes.ts";
import { domeOf, type Sprite, toSprite } from "./surface.ts";
import { paintTexture } from "./texture.ts";
import { drawUlcer } from "./ulcer.ts";

/** How often each form is drawn. */
const FORM_SHARES = {
  "0-Ip": 0.2,
  "0-Isp": 0.13,
  "0-Is": 0.27,
  "0-IIa": 0.2,
  "0-IIb": 0.06,
  "0-IIc": 0.07,
  "0-III": 0.07,
};

/** A form of the Paris classification. */
export type ParisForm = keyof typeof FORM_SHARES;

/** Any form. */
export function drawParisForm(random: Random): ParisForm {
  return pickByShare(random, FORM_SHARES);
}

/** Draws a polyp into a square of a side; it grows upwards, its base is below. */
export function drawPolyp(
  random: Random,
  look: Look,
  form: ParisForm,
  sidePx: number,
): Sprite {
  if (form === "0-III") return drawUlcer(random, look, sidePx);
  const cover = outlineOf(random, form, sidePx);
  const canvas = paintLining(random, look, form, cover);
  shadePolyp(random, canvas, cover, look, form);
  // A flat one fades into the wall; a raised one hides it.
  const fade = form === "0-IIb" || form === "0-IIc" || form === "0-IIa"
    ? uniform(random, 0.6, Math.max(1.2, 0.04 * sidePx))
    : uniform(random, 0.4, 1.1) * Math.max(1, look.unit * 0.7);
  const opacity = blur(cover, fade);
  return toSprite(canvas, opacity, opacity);
}

function outlineOf(random: Random, form: ParisForm, side: number): Field {
  const cover = flatField(side, side);
  const r = side / 2;
  const isFlat = form === "0-IIa" || form === "0-IIb" || form === "0-IIc";
  // A stalk shows only from the side.
  const isFromSide = (form === "0-Ip" && happens(random, 0.7)) ||
    (form === "0-Isp" && happens(random, 0.6));
  if (isFromSide) {
    const head = r * uniform(random, 0.42, 0.6);
    const y = head + 0.1 * r;
    const neck = form === "0-Ip"
      ? uniform(random, 0.25, 0.6)
      : uniform(random, 0.8, 1.4);
    const foot: [number, number] = [
      r + normal(random, 0, 0.18 * r),
      form === "0-Ip" ? 1.85 * r : y + head * 1.2,
    ];
    const thick = head * neck;
    const wide = thick * uniform(random, 1, 1.4);
    fillOutline(cover, bar([r, y], foot, thick, wide));
    const ry = head * uniform(random, 0.75, 1);
    fillOutline(
      cover,
      drawBlob(random, { x: r, y, rx: head, ry, waves: 0.08 }),
    );
  } else {
    const waves = isFlat
      ? uniform(random, 0.08, 0.3)
      : uniform(random, 0, 0.14);
    const ry = r * 0.88 * uniform(random, isFlat ? 0.4 : 0.6, 1);
    fillOutline(
      cover,
      drawBlob(random, { x: r, y: r, rx: r * 0.88, ry, waves }),
    );
  }
  clearEdge(cover);
  return cover;
}

/** The wall's colour, a little redder or paler, with the wall's texture or a finer one. */
function paintLining(
  random: Random,
  look: Look,
  form: ParisForm,
  cover: Field,
): Canvas {
  const { unit } = look;
  const size = { width: cover.width, height: cover.height, unit };
  const isSubtle = form === "0-IIb" || happens(random, 0.35);
  const amount = isSubtle
    ? uniform(random, 0.02, 0.08)
    : logUniform(random, 0.03, 0.28);
  const axis: Colour = happens(random, 0.55)
    ? [0.25, -0.8, -0.6]
    : happens(random, 0.5)
    ? [0.6, 0.7, 0.7]
    : [-0.3, -0.9, -0.3];
  const base = shiftColour(
    look.base,
    axis,
    amount * (happens(random, 0.8) ? 1 : -1),
  );
  const canvas = paintTexture(random, base, {
    ...look.style,
    pattern: happens(random, 0.25) ? "spots" : "none",
    amplitude: look.style.amplitude * uniform(random, 0.6, 1.8),
  }, size);
  if (happens(random, 0.2)) paintTip(random, canvas, base);
  return canvas;
}

/** The upper part in another colour: congested, eroded or covered with slough. */
function paintTip(random: Random, canvas: Canvas, base: Colour) {
  const { width, height, data } = canvas;
  const noise = noiseField(random, width, height, {
    unit: width / 64,
    smooth: true,
  });
  const tip = mixColour(
    base,
    happens(random, 0.6) ? [0.45, 0.08, 0.1] : [0.9, 0.85, 0.7],
    uniform(random, 0.3, 0.9),
  );
  const line = height * uniform(random, 0.2, 0.5);
  for (let i = 0, p = 0; p < data.length; i++) {
    const y = Math.floor(i / width);
    const t = clamp01((line - y) / (0.1 * height) + 0.6 * noise.data[i]);
    for (let c = 0; c < 3; c++, p++) data[p] += (tip[c] - data[p]) * t;
  }
}

function shadePolyp(
  random: Random,
  canvas: Canvas,
  cover: Field,
  look: Look,
  form: ParisForm,
) {
  const isFlat = form === "0-IIa" || form === "0-IIb" || form === "0-IIc";
  const { height, reachPx } = domeOf(cover, {
    shoulder: isFlat ? uniform(random, 0.12, 0.4) : uniform(random, 0.5, 1),
    softness: uniform(random, 0.04, 0.12),
  });
  addLobes(random, height, isFlat ? 0.5 : 0.25);
  const steep = form === "0-IIb"
    ? uniform(random, 0, 0.08)
    : form === "0-IIa"
    ? uniform(random, 0.08, 0.5)
    : form === "0-IIc"
    ? -uniform(random, 0.08, 0.4)
    : uniform(random, 0.6, 2);
  shadeCanvas(canvas, height, {
    light: look.light,
    reliefPx: reachPx * steep,
    ambient: uniform(random, 0.2, 0.6),
    gain: uniform(random, 1, 1.25),
    gloss: happens(random, look.wetness) ? uniform(random, 0.4, 1) : 0,
    sharpness: uniform(random, 30, 200),
  });
  if (happens(random, 0.35)) addGlitter(random, canvas, look.unit);
}

/** Bumps on the surface: none, a few lobes, or many grains. */
function addLobes(random: Random, height: Field, probability: number) {
  if (!happens(random, probability)) return;
  const { width, height: rows, data } = height;
  const noise = noiseField(random, width, rows, {
    unit: width / 64 * uniform(random, 0.5, 2),
    smooth: happens(random, 0.5),
  });
  const strength = uniform(random, 0.04, 0.25);
  const isGrooved = anySign(random) > 0;
  for (let i = 0; i < data.length; i++) {
    const n = noise.data[i];
    data[i] += strength * (isGrooved ? Math.min(1, Math.abs(n)) : 0.5 * n);
  }
}
