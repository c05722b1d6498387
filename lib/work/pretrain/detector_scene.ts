// A generated scene as a picture with boxes: what a detector is pretrained on.
//
// Endoscopy, in which depressions and fluids are drawn more often than in the
// scenes for segmentation, and free tissue not at all: there anything may lie
// about that has no class and looks as if it had one. A box is that of the
// visible pixels of an object.

import type { IndexImage } from "../../base/image.ts";
import type { Box } from "../../base/tensor.ts";
import {
  type DetectorClass,
  type EndoscopyShares,
  makeScene,
  type Scene,
} from "../../scenes/scene.ts";
import type { Label } from "../../yolo/detection.ts";
import type { LoadedSample } from "../../yolo/training/sample.ts";

/** The classes of the pretrained detector, by class number. */
export const detectorClasses: readonly DetectorClass[] = [
  "protrusion",
  "instrument",
  "depression",
  "fluid artefact",
];

const shares: EndoscopyShares = {
  views: { tube: 0.42, wall: 0.3, abdomen: 0.28, free: 0 },
  findings: {
    polyp: 0.44,
    ulcer: 0.16,
    instrument: 0.12,
    pool: 0.08,
    blood: 0.06,
    bubble: 0.05,
    foam: 0.05,
    debris: 0.04,
  },
};

/** Generates a picture with its labels from a seed. */
export function makeDetectorScene(
  seed: number,
  { side }: { readonly side: number },
): LoadedSample {
  const scene = makeScene(seed, { side, family: "endoscopy", shares });
  const { image: { width, height, data } } = scene.frames[0];
  return {
    name: `scene ${seed}`,
    image: { width, height, data },
    size: { width, height },
    labels: sceneLabels(scene),
  };
}

const leastPart = 0.001; // of the picture

/**
 * The boxes of a scene's first picture: one for each object with a class of the
 * detector that is seen on a thousandth of the picture or more.
 */
export function sceneLabels({ objects, frames }: Scene): Label[] {
  const { identities } = frames[0];
  const seen = visibleBoxes(identities);
  const least = leastPart * identities.data.length;
  return objects.flatMap(({ id, detectorClass }) => {
    const { areaPx, box } = seen(id);
    if (!detectorClass || areaPx < least) return [];
    return [{ classNumber: detectorClasses.indexOf(detectorClass), box }];
  });
}

/** Area and box of every number; a box ends behind its last pixel. */
function visibleBoxes({ width, height, data }: IndexImage) {
  const areas = new Uint32Array(256);
  const x0 = new Uint32Array(256).fill(width);
  const y0 = new Uint32Array(256).fill(height);
  const x1 = new Uint32Array(256);
  const y1 = new Uint32Array(256);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const id = data[i];
      areas[id]++;
      if (x < x0[id]) x0[id] = x;
      if (y < y0[id]) y0[id] = y;
      if (x >= x1[id]) x1[id] = x + 1;
      if (y >= y1[id]) y1[id] = y + 1;
    }
  }
  return (id: number): { readonly areaPx: number; readonly box: Box } => ({
    areaPx: areas[id],
    box: { x0: x0[id], y0: y0[id], x1: x1[id], y1: y1[id] },
  });
}
