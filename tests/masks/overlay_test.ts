import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { drawBox, drawClick, drawMask, objectColour } from "medannotate";
import type { Rgb, RgbImage } from "../../lib/base/image.ts";
import { bitmapOf } from "./text_bitmap.ts";

Deno.test("drawMask() tints inside, outlines the edge and leaves the rest", () => {
  const image = black(5, 5);
  const bitmap = bitmapOf(".....", ".###.", ".###.", ".###.", ".....");
  const drawn = drawMask(image, bitmap, {
    colour: [100, 200, 0],
    opacity: 0.5,
    outlinePx: 1,
  });
  deepEqual(pixel(drawn, 0, 0), [0, 0, 0]);
  deepEqual(pixel(drawn, 1, 1), [100, 200, 0]); // outline
  deepEqual(pixel(drawn, 2, 2), [50, 100, 0]); // tint
  deepEqual(image, black(5, 5)); // the argument stays
});

Deno.test("drawMask() without outline only tints", () => {
  const drawn = drawMask(black(2, 1), bitmapOf("#."), {
    colour: [100, 100, 100],
    outlinePx: 0,
  });
  deepEqual([...drawn.data], [45, 45, 45, 0, 0, 0]); // 100 * 0.45
});

Deno.test("drawMask() refuses a mask of another size", () => {
  throws(() => drawMask(black(2, 2), bitmapOf("#"), { colour: [0, 0, 0] }));
});

Deno.test("drawClick() puts a white mark on a green or red disc", () => {
  const plus = drawClick(black(40, 40), { x: 20, y: 20, sign: "+" });
  deepEqual(pixel(plus, 20, 20), [255, 255, 255]);
  deepEqual(pixel(plus, 20, 18), [255, 255, 255]); // the upright of the plus
  const minus = drawClick(black(40, 40), { x: 20, y: 20, sign: "-" });
  deepEqual(pixel(minus, 20, 20), [255, 255, 255]);
  const [red, green] = pixel(minus, 20, 17);
  ok(red > green);
  deepEqual(pixel(plus, 0, 0), [0, 0, 0]);
});

Deno.test("drawClick() stays inside the image at its corners", () => {
  const { data } = drawClick(black(12, 9), { x: 11, y: 0, sign: "+" });
  equal(data.length, 12 * 9 * 3);
});

Deno.test("drawBox() draws inside its edges", () => {
  const box = { x0: 1, y0: 1, x1: 4, y1: 4 };
  const drawn = drawBox(black(6, 6), box, { colour: [9, 8, 7], linePx: 1 });
  deepEqual(pixel(drawn, 1, 1), [9, 8, 7]);
  deepEqual(pixel(drawn, 3, 3), [9, 8, 7]);
  deepEqual(pixel(drawn, 2, 2), [0, 0, 0]);
  deepEqual(pixel(drawn, 4, 4), [0, 0, 0]);
});

Deno.test("objectColour() gives a hundred objects different colours", () => {
  const colours = Array.from({ length: 100 }, (_, i) => objectColour(i + 1));
  equal(new Set(colours.map(String)).size, 100);
  notDeepEqual(objectColour(1), objectColour(2));
  ok(colours.flat().every((c) => Number.isInteger(c) && c >= 0 && c <= 255));
});

function black(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3) };
}

function pixel({ width, data }: RgbImage, x: number, y: number): Rgb {
  const i = (y * width + x) * 3;
  return [data[i], data[i + 1], data[i + 2]];
}
