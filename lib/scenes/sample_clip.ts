// The sample clip: an endoscope looks at a polyp, a forceps comes and goes.
//
// Everything follows from the seed, and every frame can be made alone. The
// masks are exact: a pixel belongs to the object that is seen at its centre.

import type { Bitmap, RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import {
  type Instrument,
  instrumentAt,
  instrumentDistance,
  paintInstrument,
} from "./instrument.ts";
import { type Camera, cameraAt, wallFinder } from "./camera.ts";
import { castShadow, shade } from "./lighting.ts";
import { buildWall, WALL_CHANNELS } from "./mucosa.ts";
import { hash, mix, smoothstep } from "./noise.ts";
import { buildPolyp } from "./polyp.ts";
import { develop, lensRadius } from "./sensor.ts";

/** The object numbers of the sample clip. */
export const POLYP = 1;
export const INSTRUMENT = 2;

/** One frame with the visible pixels of each object that is in it. */
export type SceneFrame = {
  readonly image: RgbImage;
  readonly masks: ReadonlyMap<number, Bitmap>;
};

/** A generated clip. */
export type SampleClip = {
  readonly size: Size;
  readonly fps: number;
  readonly count: number;
  readonly objects: readonly {
    readonly id: number;
    readonly tag: string;
    readonly name: string;
  }[];
  /** Makes one frame; the same index gives the same pixels. */
  frame(index: number): SceneFrame;
};

/**
 * Generates an endoscopic clip with a polyp and an instrument.
 *
 * @example The polyp is there from the start, the forceps is not
 * ```ts
 * import { sampleClip } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const clip = sampleClip({ size: { width: 96, height: 72 } });
 * deepEqual([...clip.frame(0).masks.keys()], [1]);
 * deepEqual([...clip.frame(45).masks.keys()], [1, 2]);
 * ```
 */
export function sampleClip(
  { seed = 7, frames = 90, size = { width: 480, height: 360 } }: {
    seed?: number;
    frames?: number;
    size?: Size;
  } = {},
): SampleClip {
  const fps = 25;
  const wall = buildWall(seed, size.width);
  const polyp = buildPolyp(seed + 100);
  return {
    size,
    fps,
    count: frames,
    objects: [
      { id: POLYP, tag: "polyp", name: "Sessile polyp" },
      { id: INSTRUMENT, tag: "instrument", name: "Biopsy forceps" },
    ],
    frame(index) {
      if (!Number.isInteger(index) || index < 0 || index >= frames) {
        throw new RangeError(
          `No frame ${index} in the clip: frames are 0 to ${frames - 1}`,
        );
      }
      // The story takes 90 frames' worth of time, however many frames tell it.
      const progress = index / frames;
      const timeS = 3.6 * progress;
      return render(size, {
        wall,
        polyp,
        timeS,
        camera: cameraAt(timeS),
        instrument: instrumentAt(progress),
        noiseSeed: hash(seed, index, 77),
      });
    },
  };
}

type Scene = {
  readonly wall: ReturnType<typeof buildWall>;
  readonly polyp: ReturnType<typeof buildPolyp>;
  readonly timeS: number;
  readonly camera: Camera;
  readonly instrument: Instrument | undefined;
  readonly noiseSeed: number;
};

/** Looks through every pixel at forceps, polyp and wall, in this order. */
function render(size: Size, scene: Scene): SceneFrame {
  const { width, height } = size;
  const light = new Float32Array(width * height * 3);
  const polypMask = new Uint8Array(width * height);
  const instrumentMask = new Uint8Array(width * height);
  const place = new Float32Array(WALL_CHANNELS);
  const part = new Float32Array(3);
  const metal = new Float32Array(3);
  const point = { x: 0, y: 0 };
  const findWall = wallFinder(scene.camera);

  for (let i = 0, row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const x = (column + 0.5) / width - 0.5;
      const y = (row + 0.5 - height / 2) / width;
      findWall(x, y, point);
      scene.wall(point.x, point.y, place);
      const distance = scene.polyp.distance(point.x, point.y, scene.timeS);
      if (distance < 1.45) {
        scene.polyp.paint(point.x, point.y, distance, place);
      }
      shade(x, y, place, light, 3 * i);

      const isSeen = lensRadius(x, y, height / width) <= 1;
      let isMetal = false;
      if (scene.instrument) {
        castShadow(scene.instrument, x, y, part, light, 3 * i);
        const outline = instrumentDistance(scene.instrument, x, y, part);
        isMetal = outline <= 0;
        const cover = smoothstep(0.6, -0.6, outline * width);
        if (cover > 0) {
          paintInstrument(part, metal);
          for (let c = 0; c < 3; c++) {
            light[3 * i + c] = mix(light[3 * i + c], metal[c], cover);
          }
        }
      }
      if (isSeen && isMetal) instrumentMask[i] = 1;
      if (isSeen && !isMetal && distance <= 1) polypMask[i] = 1;
    }
  }
  const image = develop(light, size, scene.noiseSeed);
  const masks = new Map<number, Bitmap>();
  if (polypMask.includes(1)) {
    masks.set(POLYP, { width, height, data: polypMask });
  }
  if (instrumentMask.includes(1)) {
    masks.set(INSTRUMENT, { width, height, data: instrumentMask });
  }
  return { image, masks };
}
