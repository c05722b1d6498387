import { deepEqual, equal, ok } from "node:assert/strict";
import {
  detectorClasses,
  makeDetectorScene,
  sceneLabels,
} from "../../../lib/work/pretrain/detector_scene.ts";
import type { Scene } from "../../../lib/scenes/scene.ts";

/** A picture of 100x20 with a number at each pixel of some rectangles. */
function sceneOf(
  objects: Scene["objects"],
  rectangles: readonly (readonly [
    id: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ])[],
): Scene {
  const width = 100, height = 20;
  const data = new Uint8Array(width * height);
  for (const [id, x, y, w, h] of rectangles) {
    for (let row = y; row < y + h; row++) {
      data.fill(id, row * width + x, row * width + x + w);
    }
  }
  const image = {
    width,
    height,
    data: new Uint8Array(3 * width * height),
  };
  const identities = { width, height, data };
  return {
    ...{ seed: 0, family: "endoscopy", side: 100, objects },
    frames: [{ image, identities }],
  };
}

Deno.test("sceneLabels() gives the box of what is seen of each object, behind its last pixel", () => {
  const scene = sceneOf(
    [
      { id: 1, kind: "polyp", detectorClass: "protrusion" },
      { id: 2, kind: "instrument", detectorClass: "instrument" },
      { id: 3, kind: "ulcer", detectorClass: "depression" },
    ],
    [
      [1, 0, 0, 4, 20],
      [3, 97, 18, 3, 2],
      // the second lies across the first and is seen in two pieces
      [2, 10, 5, 2, 3],
      [2, 30, 11, 5, 1],
    ],
  );
  deepEqual(sceneLabels(scene), [
    { classNumber: 0, box: { x0: 0, y0: 0, x1: 4, y1: 20 } },
    { classNumber: 1, box: { x0: 10, y0: 5, x1: 35, y1: 12 } },
    { classNumber: 2, box: { x0: 97, y0: 18, x1: 100, y1: 20 } },
  ]);
});

Deno.test("sceneLabels() leaves out what is hidden, smaller than a thousandth, or of no class", () => {
  const fluid = { kind: "fluid", detectorClass: "fluid artefact" } as const;
  const scene = sceneOf(
    [
      { id: 1, ...fluid }, // hidden
      { id: 2, ...fluid }, // one pixel of 2,000: half a thousandth
      { id: 3, ...fluid }, // two pixels: a thousandth
      { id: 4, kind: "thing" },
    ],
    [[2, 5, 5, 1, 1], [3, 50, 7, 2, 1], [4, 60, 0, 10, 10]],
  );
  deepEqual(sceneLabels(scene), [
    { classNumber: 3, box: { x0: 50, y0: 7, x1: 52, y1: 8 } },
  ]);
});

Deno.test("makeDetectorScene() gives the same bytes and boxes for the same seed", () => {
  const once = makeDetectorScene(5, { side: 64 });
  makeDetectorScene(6, { side: 64 });
  deepEqual(makeDetectorScene(5, { side: 64 }), once);
});

Deno.test("makeDetectorScene() shows all four classes often, and sometimes none", () => {
  const count = 160;
  const scenes = Array.from(
    { length: count },
    (_, seed) => makeDetectorScene(seed, { side: 48 }).labels,
  );
  for (const [classNumber, name] of detectorClasses.entries()) {
    const showing = scenes.filter((labels) =>
      labels.some((label) => label.classNumber === classNumber)
    );
    ok(showing.length >= 0.1 * count, `${name}: ${showing.length} of ${count}`);
  }
  const empty = scenes.filter(({ length }) => length === 0).length;
  ok(empty > 0 && empty < 0.25 * count, `${empty} of ${count} show nothing`);
  for (const { classNumber, box } of scenes.flat()) {
    ok(classNumber >= 0 && classNumber < 4);
    ok(box.x0 < box.x1 && box.y0 < box.y1 && box.x1 <= 48 && box.y1 <= 48);
  }
});

Deno.test("detectorClasses has the order of the class numbers", () => {
  deepEqual(detectorClasses, [
    "protrusion",
    "instrument",
    "depression",
    "fluid artefact",
  ]);
  equal(new Set(detectorClasses).size, 4);
});
