// Things put into a picture: turned, scaled, bent, with a shadow, in order.

import { blur, type Canvas, clamp01, type Field } from "./field.ts";
import { type Path, type Pose, STILL } from "./motion.ts";
import { type Sprite, SPRITE_CHANNELS } from "./surface.ts";

/** A thing in a scene. */
export type Thing = {
  readonly sprite: Sprite;
  /** Its number in the masks. */
  readonly id: number;
  /** Where its anchor is on frame 0, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  /** Stretched along itself by this, and squeezed across. */
  readonly aspect: number;
  readonly path: Path;
  /** Written over the picture: the camera does not move it. */
  readonly isOnScreen?: boolean;
  readonly shadow?: Shadow;
  readonly bending?: Bending;
};

/** The shadow that a thing casts on what lies behind it. */
export type Shadow = {
  readonly strength: number;
  readonly dx: number;
  readonly dy: number;
  readonly softnessPx: number;
};

/** A smooth change of form that goes back and forth. */
export type Bending = {
  /** Displacements on a small grid over the sprite. */
  readonly x: Field;
  readonly y: Field;
  /** Largest displacement as a part of the sprite's side. */
  readonly strength: number;
  readonly phase: number;
  /** Radians per frame. */
  readonly speed: number;
  /** How far the aspect swings, as when a flat thing turns away. */
  readonly flattening: number;
};

/** A picture that is being put together. */
export type Layers = {
  readonly canvas: Canvas;
  /** The number of the thing that is seen at each pixel's centre. */
  readonly identities: Uint8Array;
  /** Room for one thing, as large as the picture. */
  readonly layer: Float32Array;
};

/** Puts a thing over what is already there. */
export function placeThing(
  layers: Layers,
  thing: Thing,
  camera: Pose,
  time: number,
) {
  const { canvas, identities, layer } = layers;
  const { width, data } = canvas;
  const seenBy = thing.isOnScreen ? STILL : camera;
  const box = sampleThing(layers, thing, seenBy, time);
  if (!box) return;
  if (thing.shadow) castShadow(canvas, layer, box, thing.shadow);
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left; x < box.right; x++) {
      const i = y * width + x;
      const q = i * SPRITE_CHANNELS;
      const a = layer[q + 3];
      if (a > 0) {
        for (let c = 0; c < 3; c++) {
          data[3 * i + c] += (layer[q + c] - data[3 * i + c]) * a;
        }
      }
      if (layer[q + 4] > 0.5) identities[i] = thing.id;
      layer.fill(0, q, q + SPRITE_CHANNELS);
    }
  }
}

type Box = { left: number; top: number; right: number; bottom: number };

/** Picture point = matrix times (sprite point - anchor) + place. */
function placement(thing: Thing, camera: Pose, time: number, side: number) {
  const pose = thing.path(time);
  const { bending } = thing;
  const swing = bending
    ? Math.sin(bending.phase + bending.speed * time) - Math.sin(bending.phase)
    : 0;
  const squeeze = bending ? Math.exp(bending.flattening * swing) : 1;
  const angle = thing.angle + pose.angle;
  const zoom = camera.zoom * pose.zoom;
  const [cos, sin] = [Math.cos(angle) * zoom, Math.sin(angle) * zoom];
  const [cc, cs] = [Math.cos(camera.angle), Math.sin(camera.angle)];
  const along = thing.aspect * squeeze;
  const across = 1 / thing.aspect;
  // The camera turns and zooms around the middle of the picture.
  const x = (thing.x + pose.dx - side / 2) * camera.zoom;
  const y = (thing.y + pose.dy - side / 2) * camera.zoom;
  return {
    a: (cc * cos - cs * sin) * along,
    b: (-cc * sin - cs * cos) * across,
    c: (cs * cos + cc * sin) * along,
    d: (-cs * sin + cc * cos) * across,
    x: side / 2 + camera.dx + cc * x - cs * y,
    y: side / 2 + camera.dy + cs * x + cc * y,
  };
}

/** Draws a thing alone into the layer; returns where, or undefined when outside. */
function sampleThing(
  { canvas: { width, height }, layer }: Layers,
  thing: Thing,
  camera: Pose,
  time: number,
): Box | undefined {
  const { sprite, bending } = thing;
  const { a, b, c, d, x, y } = placement(thing, camera, time, width);
  const det = a * d - b * c;
  const [ia, ib, ic, id] = [d / det, -b / det, -c / det, a / det];
  const corners = [
    [-sprite.anchorX, -sprite.anchorY],
    [sprite.width - sprite.anchorX, -sprite.anchorY],
    [-sprite.anchorX, sprite.height - sprite.anchorY],
    [sprite.width - sprite.anchorX, sprite.height - sprite.anchorY],
  ];
  const xs = corners.map(([u, v]) => a * u + b * v + x);
  const ys = corners.map(([u, v]) => c * u + d * v + y);
  const box = {
    left: Math.max(0, Math.floor(Math.min(...xs))),
    top: Math.max(0, Math.floor(Math.min(...ys))),
    right: Math.min(width, Math.ceil(Math.max(...xs))),
    bottom: Math.min(height, Math.ceil(Math.max(...ys))),
  };
  if (box.left >= box.right || box.top >= box.bottom) return undefined;
  const bend = bending && bendingAt(bending, sprite, time);
  for (let row = box.top; row < box.bottom; row++) {
    const dy = row + 0.5 - y;
    for (let column = box.left; column < box.right; column++) {
      const dx = column + 0.5 - x;
      let u = ia * dx + ib * dy + sprite.anchorX;
      let v = ic * dx + id * dy + sprite.anchorY;
      if (bend) {
        const uu = u;
        u += bend(bending.x, uu, v);
        v += bend(bending.y, uu, v);
      }
      const to = (row * width + column) * SPRITE_CHANNELS;
      sampleSprite(sprite, u - 0.5, v - 0.5, layer, to);
    }
  }
  return box;
}

/** The displacement of sprite points at a time. */
function bendingAt(
  { strength, phase, speed }: Bending,
  { width, height }: Sprite,
  time: number,
) {
  const most = (Math.sin(phase + speed * time)) * strength *
    Math.max(width, height) / 2;
  return ({ width: n, data }: Field, u: number, v: number) => {
    const fx = Math.min(n - 1.001, Math.max(0, u / width * (n - 1)));
    const fy = Math.min(n - 1.001, Math.max(0, v / height * (n - 1)));
    const x = fx | 0;
    const y = fy | 0;
    const i = y * n + x;
    const above = data[i] + (data[i + 1] - data[i]) * (fx - x);
    const below = data[i + n] + (data[i + n + 1] - data[i + n]) * (fx - x);
    return most * (above + (below - above) * (fy - y));
  };
}

/** Reads a sprite between its pixels; outside of it there is nothing. */
function sampleSprite(
  { width, height, data }: Sprite,
  u: number,
  v: number,
  to: Float32Array,
  at: number,
) {
  if (u < -0.5 || v < -0.5 || u >= width - 0.5 || v >= height - 0.5) return;
  const fu = u < 0 ? 0 : u > width - 1 ? width - 1 : u;
  const fv = v < 0 ? 0 : v > height - 1 ? height - 1 : v;
  const x = fu | 0;
  const y = fv | 0;
  const right = x + 1 < width ? SPRITE_CHANNELS : 0;
  const down = y + 1 < height ? width * SPRITE_CHANNELS : 0;
  const tu = fu - x;
  const tv = fv - y;
  let i = (y * width + x) * SPRITE_CHANNELS;
  for (let c = 0; c < SPRITE_CHANNELS; c++, i++) {
    const above = data[i] + (data[i + right] - data[i]) * tu;
    const k = i + down;
    const below = data[k] + (data[k + right] - data[k]) * tu;
    to[at + c] = above + (below - above) * tv;
  }
}

/** Darkens the picture by the blurred and moved opacity of a thing. */
function castShadow(
  { width, height, data }: Canvas,
  layer: Float32Array,
  box: Box,
  { strength, dx, dy, softnessPx }: Shadow,
) {
  const reach = Math.ceil(2 * softnessPx);
  const left = Math.max(0, box.left - reach);
  const top = Math.max(0, box.top - reach);
  const w = Math.min(width, box.right + reach) - left;
  const h = Math.min(height, box.bottom + reach) - top;
  const opacity = new Float32Array(w * h);
  for (let y = 0, i = 0; y < h; y++) {
    for (let x = 0; x < w; x++, i++) {
      const q = (y + top) * width + x + left;
      opacity[i] = layer[q * SPRITE_CHANNELS + 3];
    }
  }
  const soft = blur({ width: w, height: h, data: opacity }, softnessPx).data;
  const [sx, sy] = [left + Math.round(dx), top + Math.round(dy)];
  for (let y = Math.max(0, -sy); y < h && y + sy < height; y++) {
    for (let x = Math.max(0, -sx); x < w && x + sx < width; x++) {
      const keep = 1 - strength * clamp01(soft[y * w + x]);
      const p = 3 * ((y + sy) * width + x + sx);
      data[p] *= keep;
      data[p + 1] *= keep;
      data[p + 2] *= keep;
    }
  }
}
