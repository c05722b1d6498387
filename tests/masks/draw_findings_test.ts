import { deepEqual, equal, ok } from "node:assert/strict";
import { bitmapToRle, drawFindings, type RgbImage } from "medannotate";
import { letterRows } from "../../lib/masks/pixel_font.ts";

function grey(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(100) };
}

function pixel({ width, data }: RgbImage, x: number, y: number): number[] {
  return [...data.slice((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

Deno.test("drawFindings() tints a mask and leaves the image as it was", () => {
  const image = grey(4, 3);
  const inside = Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0);
  const mask = bitmapToRle({ width: 4, height: 3, data: inside });
  const box = { x0: 0, y0: 0, x1: 1, y1: 1 };
  const drawn = drawFindings(image, [
    { box, mask, colour: [200, 100, 0], words: "" },
  ]);
  for (let i = 1; i < 12; i++) {
    // 100 + 0.4 · 100, 100, 100 − 0.4 · 100
    const wanted = inside[i] ? [140, 100, 60] : [100, 100, 100];
    deepEqual(pixel(drawn, i % 4, Math.floor(i / 4)), wanted);
  }
  deepEqual(pixel(drawn, 0, 0), [200, 100, 0]); // the box
  ok(image.data.every((value) => value === 100));
});

Deno.test("drawFindings() draws the first finding on top, and none outside the image", () => {
  const box = { x0: -5, y0: -5, x1: 40, y1: 40 };
  const drawn = drawFindings(grey(9, 9), [
    { box: { x0: 0, y0: 0, x1: 9, y1: 9 }, colour: [1, 2, 3], words: "" },
    { box: { x0: 0, y0: 0, x1: 5, y1: 9 }, colour: [9, 9, 9], words: "" },
    { box, colour: [5, 5, 5], words: "" },
  ]);
  deepEqual(pixel(drawn, 0, 0), [1, 2, 3]);
  deepEqual(pixel(drawn, 4, 4), [9, 9, 9]);
  deepEqual(pixel(drawn, 6, 4), [100, 100, 100]);
});

Deno.test("drawFindings() writes words above the box, and inside where there is no room", () => {
  const found = (y0: number) => {
    const box = { x0: 2, y0, x1: 38, y1: y0 + 15 };
    const drawn = drawFindings(grey(40, 40), [
      { box, colour: [250, 250, 0], words: "I" },
    ]);
    // the upright of the I, one pixel of margin and two to its middle
    return [0, 1, 2, 3, 4, 5, 6].map((row) => pixel(drawn, 5, y0 - 8 + row)[0]);
  };
  deepEqual(found(20), [0, 0, 0, 0, 0, 0, 0]); // black on yellow
  const atTop = drawFindings(grey(40, 40), [{
    box: { x0: 2, y0: 3, x1: 38, y1: 38 },
    colour: [0, 0, 120],
    words: "I",
  }]);
  deepEqual(pixel(atTop, 5, 4 + 3), [255, 255, 255]); // white on blue
});

Deno.test("letterRows() knows small, accented and Cyrillic letters", () => {
  deepEqual(letterRows("l"), [[16, 16, 16, 16, 16, 16, 31]]);
  deepEqual(letterRows("é"), letterRows("E"));
  deepEqual(letterRows("Н"), letterRows("H")); // the Cyrillic one
  deepEqual(letterRows("漢"), letterRows("?"));
  const russian = letterRows("БГДЖЗИЙЛПУФЦЧШЩЪЫЬЭЮЯ").map(String);
  equal(new Set(russian).size, 21);
  ok(!russian.includes(String(letterRows("?")[0])));
});
