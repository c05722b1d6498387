import { deepEqual, equal, ok } from "node:assert/strict";
import { augment, defaultAugmentation, type RgbImage } from "medannotate";
import { seededRandom } from "../../../lib/base/random.ts";
import { boxAround } from "../../../lib/yolo/training/augment.ts";
import { changeColours } from "../../../lib/yolo/training/colours.ts";
import type { LoadedSample } from "../../../lib/yolo/training/sample.ts";

/** A dark image with one bright square, labelled as a box or an outline. */
function square(
  name: string,
  { x, y, side }: { x: number; y: number; side: number },
  hasRing: boolean,
): LoadedSample {
  const width = 64, height = 48;
  const data = new Uint8Array(width * height * 3).fill(20);
  for (let row = y; row < y + side; row++) {
    data.fill(250, (row * width + x) * 3, (row * width + x + side) * 3);
  }
  const box = { x0: x, y0: y, x1: x + side, y1: y + side };
  const ring = [
    { x, y },
    { x: x + side, y },
    { x: x + side, y: y + side },
    { x, y: y + side },
  ];
  const label = { classNumber: 0, box, ...(hasRing && { ring }) };
  const size = { width, height };
  return { name, image: { width, height, data }, labels: [label], size };
}

/** The smallest box around pixels brighter than the grey of the filling. */
function brightBox({ width, data }: RgbImage) {
  const points = [];
  for (let i = 0; i < data.length / 3; i++) {
    if (data[3 * i] <= 160) continue;
    const x = i % width, y = Math.floor(i / width);
    points.push({ x, y }, { x: x + 1, y: y + 1 });
  }
  return boxAround(points);
}

const still = {
  ...defaultAugmentation,
  mosaic: 0,
  hue: 0,
  saturation: 0,
  brightness: 0,
};

for (const hasRing of [false, true]) {
  const what = hasRing ? "outlines" : "boxes";
  Deno.test(`augment() moves ${what} with the pixels: scaled, shifted, turned, mirrored`, async () => {
    let seen = 0;
    for (let seed = 0; seed < 60; seed++) {
      const sample = square("one", { x: 22, y: 15, side: 16 }, hasRing);
      const amounts = {
        ...still,
        degrees: hasRing ? 20 : 0, // the box of a turned box is larger than what it holds
        flipUpDown: 0.5,
      };
      const { image, labels } = await augment(sample, {
        side: 64,
        amounts,
        random: seededRandom(seed),
        partner: () => Promise.resolve(sample),
      });
      if (labels.length === 0) continue;
      seen++;
      const [{ box, ring }] = labels;
      const bright = brightBox(image);
      for (const side of ["x0", "y0", "x1", "y1"] as const) {
        ok(
          Math.abs(bright[side] - box[side]) < 1.6,
          `seed ${seed}: ${JSON.stringify([bright, box])}`,
        );
      }
      equal(ring !== undefined, hasRing);
    }
    ok(seen > 50, `${seen} of 60 kept their square`);
  });
}

Deno.test("augment() makes a mosaic whose labels all lie on bright pixels", async () => {
  const samples = [
    square("a", { x: 4, y: 4, side: 20 }, false),
    square("b", { x: 30, y: 20, side: 20 }, false),
  ];
  let labelCount = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = seededRandom(seed);
    const { image, labels } = await augment(samples[0], {
      side: 64,
      amounts: { ...still, mosaic: 1, scale: 0.2 },
      random,
      partner: () => Promise.resolve(samples[seed % 2]),
    });
    for (const { box } of labels) {
      labelCount++;
      const x = Math.floor((box.x0 + box.x1) / 2);
      const y = Math.floor((box.y0 + box.y1) / 2);
      ok(image.data[(y * image.width + x) * 3] > 200, `seed ${seed}`);
    }
  }
  ok(labelCount > 40, `${labelCount} labels`);
});

Deno.test("augment() gives the same image for the same chance", async () => {
  const sample = square("one", { x: 20, y: 10, side: 20 }, true);
  const once = () =>
    augment(sample, {
      side: 64,
      amounts: defaultAugmentation,
      random: seededRandom(3),
      partner: () => Promise.resolve(sample),
    });
  deepEqual(await once(), await once());
});

Deno.test("augment() drops a label of which almost nothing is left", async () => {
  const sample = square("corner", { x: 0, y: 0, side: 4 }, false);
  const { labels } = await augment(sample, {
    side: 64,
    // enlarged by half and shifted nowhere: the corner leaves the image
    amounts: { ...still, scale: 0, translate: 0 },
    random: seededRandom(1),
    partner: () => Promise.resolve(sample),
  });
  equal(labels.length, 1); // the whole image fits
  const { labels: gone } = await augment(sample, {
    side: 32,
    amounts: { ...still, scale: 0, translate: 0 },
    random: seededRandom(1),
    partner: () => Promise.resolve(sample),
  });
  equal(gone.length, 0); // only the middle 32 pixels are seen
});

Deno.test("changeColours() turns red to yellow by a sixth of the circle, grey stays", () => {
  const image = {
    width: 2,
    height: 1,
    data: Uint8Array.of(200, 0, 0, 90, 90, 90),
  };
  changeColours(image, {
    amounts: { hue: 1 / 6, saturation: 0, brightness: 0 },
    random: () => 1, // the whole amount, upwards
  });
  deepEqual([...image.data], [200, 200, 0, 90, 90, 90]);
});
