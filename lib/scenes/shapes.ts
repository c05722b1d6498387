// Shapes of things: blobs, ellipses, islands of noise, polygons, tubes, bodies
// with limbs, rings, groups, crescents, stars.
//
// A shape is a cover that roughly fills its square.

import type { Random } from "../base/random.ts";
import {
  anyAngle,
  happens,
  logUniform,
  normal,
  pickByShare,
  uniform,
  whole,
} from "./chance.ts";
import { clamp01, type Field, flatField } from "./field.ts";
import { largestIsland } from "./island.ts";
import { noiseField } from "./noise_bank.ts";
import { bar, fillOutline, type Outline, wavyEllipse } from "./outline.ts";

const SHAPE_SHARES = {
  blob: 0.3,
  ellipse: 0.15,
  island: 0.13,
  polygon: 0.09,
  tube: 0.11,
  body: 0.1,
  ring: 0.02,
  group: 0.03,
  crescent: 0.02,
  star: 0.02,
  branches: 0.03,
};

/** The name of a shape. */
export type ShapeKind = keyof typeof SHAPE_SHARES;

/** Draws a shape into a square cover. */
export function drawShape(
  random: Random,
  sidePx: number,
  kind: ShapeKind = pickByShare(random, SHAPE_SHARES),
): Field {
  const cover = flatField(sidePx, sidePx);
  const radius = sidePx / 2;
  DRAW[kind](random, cover, radius);
  if (areaOf(cover) < 20) {
    const middle = { x: radius, y: radius, rx: radius * 0.6, ry: radius * 0.6 };
    fillOutline(cover, wavyEllipse(middle));
  }
  if (happens(random, 0.05)) pierce(random, cover, radius);
  clearEdge(cover);
  return cover;
}

/** Makes one to three holes. */
function pierce(random: Random, cover: Field, r: number) {
  const holes = whole(random, 1, 3);
  for (let k = 0; k < holes; k++) {
    const rx = r * uniform(random, 0.08, 0.25);
    const [x, y] = [0, 0].map(() => r + uniform(random, -0.4, 0.4) * r);
    const ry = rx * uniform(random, 0.5, 1);
    fillOutline(cover, drawBlob(random, { x, y, rx, ry, waves: 0.1 }), 0);
  }
}

const DRAW: Readonly<
  Record<ShapeKind, (random: Random, cover: Field, radius: number) => void>
> = {
  blob(random, cover, r) {
    const flat = uniform(random, 0.45, 1);
    const waves = uniform(random, 0.05, 0.4);
    fillOutline(
      cover,
      drawBlob(random, { x: r, y: r, rx: r * 0.8, ry: r * 0.8 * flat, waves }),
    );
  },
  ellipse(random, cover, r) {
    const flat = uniform(random, 0.35, 1);
    const waves = uniform(random, 0, 0.04);
    fillOutline(
      cover,
      drawBlob(random, {
        x: r,
        y: r,
        rx: r * 0.93,
        ry: r * 0.93 * flat,
        waves,
      }),
    );
  },
  island: drawIsland,
  polygon(random, cover, r) {
    const corners = whole(random, 3, 8);
    const angles = Array.from({ length: corners }, () => anyAngle(random))
      .sort((a, b) => a - b);
    fillOutline(
      cover,
      angles.flatMap((angle) => {
        const reach = r * 0.95 * uniform(random, 0.5, 1);
        return [r + Math.cos(angle) * reach, r + Math.sin(angle) * reach];
      }),
    );
  },
  tube(random, cover, r) {
    drawTube(random, cover, {
      x: r + normal(random, 0, r * 0.2),
      y: r + normal(random, 0, r * 0.2),
      pieces: whole(random, 4, 11),
      piecePx: r * uniform(random, 0.12, 0.3),
      thickPx: r * uniform(random, 0.12, 0.45),
      turn: uniform(random, 0, 0.5),
    });
  },
  body: drawBody,
  branches(random, cover, r) {
    const count = whole(random, 2, 6);
    const first = anyAngle(random);
    for (let k = 0; k < count; k++) {
      drawTube(random, cover, {
        x: r,
        y: r,
        pieces: whole(random, 3, 7),
        piecePx: r * uniform(random, 0.1, 0.2),
        thickPx: Math.max(1.5, r * logUniform(random, 0.03, 0.2)),
        turn: uniform(random, 0, 0.3),
        heading: first + 2 * Math.PI * (k + uniform(random, 0, 0.6)) / count,
      });
    }
  },
  ring(random, cover, r) {
    const flat = uniform(random, 0.6, 1);
    const hole = uniform(random, 0.35, 0.75);
    const outer = { x: r, y: r, rx: r * 0.9, ry: r * 0.9 * flat };
    const inner = { x: r, y: r, rx: outer.rx * hole, ry: outer.ry * hole };
    fillOutline(cover, drawBlob(random, { ...outer, waves: 0.08, turn: 0 }));
    fillOutline(cover, drawBlob(random, { ...inner, waves: 0.1, turn: 0 }), 0);
  },
  group(random, cover, r) {
    const count = whole(random, 2, 5);
    for (let k = 0; k < count; k++) {
      const size = r * uniform(random, 0.12, 0.4);
      const [x, y] = [0, 0].map(() => r + uniform(random, -0.6, 0.6) * r);
      const ry = size * uniform(random, 0.5, 1);
      fillOutline(cover, drawBlob(random, { x, y, rx: size, ry, waves: 0.15 }));
    }
  },
  crescent(random, cover, r) {
    const angle = anyAngle(random);
    const away = r * uniform(random, 0.25, 0.7);
    const bite = r * uniform(random, 0.6, 0.9);
    const x = r + Math.cos(angle) * away;
    const y = r + Math.sin(angle) * away;
    const whole = { x: r, y: r, rx: r * 0.9, ry: r * 0.9 };
    fillOutline(cover, drawBlob(random, { ...whole, waves: 0.06 }));
    fillOutline(
      cover,
      drawBlob(random, { x, y, rx: bite, ry: bite, waves: 0.06 }),
      0,
    );
  },
  star(random, cover, r) {
    const rays = whole(random, 4, 9);
    const inner = uniform(random, 0.3, 0.7);
    const turn = anyAngle(random);
    fillOutline(
      cover,
      Array.from({ length: 2 * rays }, (_, k) => {
        const angle = turn + Math.PI * k / rays;
        const reach = r * 0.93 * (k % 2 ? inner : uniform(random, 0.8, 1));
        return [r + Math.cos(angle) * reach, r + Math.sin(angle) * reach];
      }).flat(),
    );
  },
};

/** An ellipse with seven random waves, each weaker than the last. */
export function drawBlob(
  random: Random,
  { x, y, rx, ry, waves, turn = uniform(random, 0, Math.PI) }: {
    x: number;
    y: number;
    rx: number;
    ry: number;
    waves: number;
    turn?: number;
  },
): Outline {
  const all = Array.from(
    { length: 7 },
    (_, k) =>
      [
        waves * normal(random, 0, 1) / (k + 2) ** 1.1,
        anyAngle(random),
      ] as const,
  );
  return wavyEllipse({ x, y, rx, ry, turn, waves: all });
}

/** A disc whose edge a noise moves: the largest connected part of it. */
function drawIsland(random: Random, cover: Field, r: number) {
  const { width, height, data } = cover;
  const noise = noiseField(random, width, height, {
    unit: width / 64,
    smooth: happens(random, 0.7),
  });
  const strength = uniform(random, 0.2, 0.6);
  const rx = r * uniform(random, 0.6, 1);
  const ry = r * 0.85;
  for (let i = 0; i < data.length; i++) {
    const x = (i % width + 0.5 - r) / rx;
    const y = (Math.floor(i / width) + 0.5 - r) / ry;
    const inside = noise.data[i] * strength + 0.9 - Math.sqrt(x * x + y * y);
    // The slope at the edge is about 1 / r per pixel.
    data[i] = clamp01(0.5 + inside * r * 0.8);
  }
  data.set(largestIsland(cover).data);
}

/** A chain of bars that turns as it goes; returns its end. */
export function drawTube(
  random: Random,
  cover: Field,
  { x, y, pieces, piecePx, thickPx, turn, heading = anyAngle(random) }: {
    x: number;
    y: number;
    pieces: number;
    piecePx: number;
    thickPx: number;
    turn: number;
    heading?: number;
  },
): { x: number; y: number; thickPx: number } {
  const steady = normal(random, 0, turn);
  const thin = thickPx * uniform(random, 0.4, 1.2);
  let angle = heading;
  for (let k = 0; k < pieces; k++) {
    angle += steady + normal(random, 0, turn * 0.5);
    const to = [x + piecePx * Math.cos(angle), y + piecePx * Math.sin(angle)];
    const thick = (t: number) => thickPx + (thin - thickPx) * t / pieces;
    fillOutline(cover, bar([x, y], [to[0], to[1]], thick(k), thick(k + 1)));
    [x, y] = to;
  }
  return { x, y, thickPx: thin };
}

/** A body with one to four limbs, some of which end in a head or foot. */
function drawBody(random: Random, cover: Field, r: number) {
  const y = r * 1.2;
  const flat = { x: r, y, rx: r * uniform(random, 0.4, 0.65), ry: r * 0.4 };
  const waves = uniform(random, 0.03, 0.2);
  const turn = uniform(random, -0.4, 0.4);
  fillOutline(cover, drawBlob(random, { ...flat, waves, turn }));
  const limbs = whole(random, 1, 4);
  for (let k = 0; k < limbs; k++) {
    const angle = anyAngle(random);
    const end = drawTube(random, cover, {
      x: r + r * 0.35 * Math.cos(angle),
      y: y + r * 0.25 * Math.sin(angle),
      pieces: whole(random, 3, 7),
      piecePx: r * uniform(random, 0.1, 0.22),
      thickPx: r * uniform(random, 0.07, 0.25),
      turn: 0.25,
      heading: angle + normal(random, 0, 0.6),
    });
    if (happens(random, 0.5)) {
      const head = Math.max(end.thickPx, r * 0.12);
      fillOutline(
        cover,
        drawBlob(random, {
          x: end.x,
          y: end.y,
          rx: head * 0.9,
          ry: head * 0.6,
          waves: 0.1,
        }),
      );
    }
  }
}

function areaOf({ data }: Field): number {
  return data.reduce((sum, part) => sum + part, 0);
}

/** Nothing may touch the edge of its square: outside it there is nothing. */
export function clearEdge({ width, height, data }: Field) {
  data.fill(0, 0, width);
  data.fill(0, (height - 1) * width);
  for (let y = 0; y < height; y++) {
    data[y * width] = data[(y + 1) * width - 1] = 0;
  }
}
