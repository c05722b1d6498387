// Instruments: a shaft that comes from outside the picture, and a tip: jaws,
// scissors, a point, a hook, a blunt end, a tube's mouth, a snare, a clip.
//
// Drawn lying: the tip to the left, the shaft to the right.

import type { Random } from "../base/random.ts";
import { happens, pickByShare, uniform, whole } from "./chance.ts";
import { blur, type Canvas, type Field, flatField } from "./field.ts";
import { noiseField } from "./noise_bank.ts";
import { bar, fillOutline } from "./outline.ts";
import { type Colour, drawColour } from "./palette.ts";
import type { Look } from "./look.ts";
import { type Sprite, toSprite } from "./surface.ts";

const TIP_SHARES = {
  jaws: 0.3,
  scissors: 0.1,
  point: 0.14,
  hook: 0.14,
  blunt: 0.14,
  mouth: 0.1,
  snare: 0.08,
};

type Tip = keyof typeof TIP_SHARES;

/** Draws an instrument for a picture of a side; its anchor is behind the tip. */
export function drawTool(
  random: Random,
  look: Look,
  sidePx: number,
  tip: Tip = pickByShare(random, TIP_SHARES),
): Sprite {
  const length = Math.round(sidePx * uniform(random, 0.8, 1.5));
  const thick = sidePx *
    (tip === "snare"
      ? uniform(random, 0.02, 0.06)
      : Math.exp(uniform(random, Math.log(0.025), Math.log(0.35))));
  const tipPx = thick * uniform(random, 0.8, tip === "snare" ? 8 : 3);
  const rows = Math.round(Math.max(thick * 2.4, tip === "snare" ? tipPx : 0)) +
    8;
  const cover = flatField(length, rows);
  const middle = rows / 2;
  const bend = happens(random, 0.25) ? uniform(random, -0.1, 0.1) : 0;
  const body: Body = { thick, tipPx, middle, length };
  fillOutline(cover, [
    tipPx,
    middle - thick / 2,
    length + 2,
    middle - thick / 2,
    length + 2,
    middle + thick / 2,
    tipPx,
    middle + thick / 2,
  ]);
  DRAW[tip](random, cover, body);
  const canvas = paintMetal(random, cover, body, look);
  const sprite = toSprite(canvas, blur(cover, 0.5), cover, [tipPx, middle]);
  return bend === 0 ? sprite : bendSprite(sprite, bend);
}

type Body = {
  readonly thick: number;
  readonly tipPx: number;
  readonly middle: number;
  readonly length: number;
};

const DRAW: Readonly<
  Record<Tip, (random: Random, cover: Field, body: Body) => void>
> = {
  jaws(random, cover, { thick, tipPx, middle }) {
    const jaw = thick * uniform(random, 0.15, 0.35);
    const open = thick * uniform(random, 0, 0.6);
    const root = tipPx + 2;
    for (const side of [-1, 1]) {
      fillOutline(cover, [
        1,
        middle + side * (open + jaw),
        1,
        middle + side * open,
        root,
        middle,
        root,
        middle + side * thick / 2,
      ]);
    }
  },
  scissors(random, cover, { thick, tipPx, middle }) {
    const open = thick * uniform(random, 0.1, 0.9);
    const wide = thick * uniform(random, 0.2, 0.4);
    for (const side of [-1, 1]) {
      fillOutline(
        cover,
        bar(
          [tipPx + 2, middle],
          [2, middle + side * open],
          wide,
          wide * 0.3,
        ),
      );
    }
  },
  point(_random, cover, { thick, tipPx, middle }) {
    const root = tipPx + 2;
    fillOutline(cover, [
      1,
      middle,
      root,
      middle - thick / 2,
      root,
      middle + thick / 2,
    ]);
  },
  hook(random, cover, { thick, tipPx, middle }) {
    const wire = Math.max(1, thick * uniform(random, 0.15, 0.4));
    const down = middle + thick * uniform(random, 0.5, 1);
    fillOutline(cover, bar([tipPx + 2, middle], [3, middle], wire, wire));
    fillOutline(cover, bar([3, middle], [3, down], wire, wire));
  },
  blunt(_random, cover, { thick, tipPx, middle }) {
    const root = tipPx + 2;
    fillOutline(cover, [
      1,
      middle - thick * 0.3,
      1,
      middle + thick * 0.3,
      root,
      middle + thick / 2,
      root,
      middle - thick / 2,
    ]);
  },
  mouth(_random, cover, { thick, tipPx, middle }) {
    fillOutline(
      cover,
      bar(
        [thick / 2 + 1, middle],
        [tipPx + 2 + thick / 2, middle],
        thick,
        thick,
      ),
    );
  },
  snare(random, cover, { thick, tipPx, middle }) {
    const wire = Math.max(1.2, thick * uniform(random, 0.2, 0.5));
    const ry = tipPx * uniform(random, 0.2, 0.42);
    let before: [number, number] | undefined;
    for (let k = 0; k <= 24; k++) {
      const angle = 2 * Math.PI * k / 24;
      const at: [number, number] = [
        tipPx / 2 + 1 + Math.cos(angle) * (tipPx / 2 - wire),
        middle + Math.sin(angle) * ry,
      ];
      if (before) fillOutline(cover, bar(before, at, wire, wire));
      before = at;
    }
  },
};

/** Round metal or plastic: bright along a line, rings across, another colour near the tip. */
function paintMetal(
  random: Random,
  { width, height }: Field,
  { thick, tipPx, middle }: Body,
  { unit }: Look,
): Canvas {
  const shaft = drawColour(random, happens(random, 0.65) ? "grey" : "free");
  const head = drawColour(random, happens(random, 0.7) ? "grey" : "free");
  const across = profile(random, height, thick, middle);
  const along = rings(random, width, tipPx);
  const border = tipPx * uniform(random, 1, 2.5);
  const noise = noiseField(random, width, height, { unit });
  const rough = uniform(random, 0.005, 0.05);
  const data = new Float32Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const colour: Colour = x < border ? head : shaft;
      const bright = across[y] * along[x];
      const n = rough * noise.data[i];
      for (let c = 0; c < 3; c++) data[3 * i + c] = colour[c] * bright + n;
    }
  }
  return { width, height, data };
}

/** Brightness over the thickness: a bell around the line that mirrors the light. */
function profile(random: Random, rows: number, thick: number, middle: number) {
  const bright = uniform(random, -0.5, 0.5);
  const wide = uniform(random, 0.2, 0.7);
  const dark = uniform(random, 0.2, 0.5);
  const peak = uniform(random, 0.5, 1.3);
  return Float32Array.from({ length: rows }, (_, y) => {
    const at = (y + 0.5 - middle) / (thick / 2);
    return dark + peak * Math.exp(-(((at - bright) / wide) ** 2));
  });
}

/** Rings and joints along the shaft. */
function rings(random: Random, length: number, tipPx: number) {
  const along = new Float32Array(length).fill(1);
  const count = whole(random, 0, 3);
  for (let k = 0; k < count; k++) {
    const from = uniform(random, tipPx, length);
    const to = from + uniform(random, 1, length * 0.08);
    const factor = uniform(random, 0.3, 1.5);
    for (let x = Math.floor(from); x < to && x < length; x++) {
      along[x] *= factor;
    }
  }
  return along;
}

/** Bends a lying sprite into an arc by moving its columns up or down. */
function bendSprite(sprite: Sprite, bend: number): Sprite {
  const { width, height, data, anchorX } = sprite;
  const channels = data.length / (width * height);
  const most = Math.ceil(Math.abs(bend) * width);
  const rows = height + most;
  const bent = new Float32Array(width * rows * channels);
  for (let x = 0; x < width; x++) {
    const t = x / width;
    const shift = bend * width * t * t + (bend < 0 ? most : 0);
    const whole = Math.floor(shift);
    const part = shift - whole;
    for (let y = 0; y < height; y++) {
      const from = (y * width + x) * channels;
      const to = ((y + whole) * width + x) * channels;
      for (let c = 0; c < channels; c++) {
        bent[to + c] += (1 - part) * data[from + c];
        if (y + whole + 1 < rows) {
          bent[to + width * channels + c] += part * data[from + c];
        }
      }
    }
  }
  const shift = bend * width * (anchorX / width) ** 2 + (bend < 0 ? most : 0);
  return {
    ...sprite,
    height: rows,
    data: bent,
    anchorY: sprite.anchorY + shift,
  };
}
