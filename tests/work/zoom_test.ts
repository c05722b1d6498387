import { deepEqual, equal } from "node:assert/strict";
import { borderContact, pasted, zoomViews } from "../../lib/work/zoom.ts";

const image = { width: 40, height: 20, data: new Uint8Array(40 * 20 * 3) };
const click = (x: number, y: number) =>
  ({ kind: "point", x, y, sign: "+" }) as const;

Deno.test("zoomViews() crops a half and a quarter around a click, inside the image", () => {
  const boxes = zoomViews(image, [click(20, 10)]).map(({ box }) => box);
  deepEqual(boxes, [
    { x0: 0, y0: 0, x1: 40, y1: 20 },
    { x0: 10, y0: 5, x1: 30, y1: 15 },
    { x0: 15, y0: 8, x1: 25, y1: 13 }, // 10 - 2.5 rounds to 8
  ]);
  const [, corner] = zoomViews(image, [click(39, 1)]);
  deepEqual(corner.box, { x0: 20, y0: 0, x1: 40, y1: 10 });
  deepEqual(corner.prompts, [click(19, 1)]);
});

Deno.test("zoomViews() leaves out crops that do not hold every prompt", () => {
  const views = zoomViews(image, [click(12, 10), click(28, 10)]);
  equal(views.length, 2); // 16 px apart fit into 20, not into 10
});

Deno.test("borderContact() counts only the sides that lie inside the image", () => {
  const mask = { width: 2, height: 2, data: Uint8Array.of(1, 0, 1, 1) };
  const atCorner = { x0: 38, y0: 18, x1: 40, y1: 20 };
  equal(borderContact(mask, atCorner, image), 0.75); // top 1 of 2, left 2 of 2
  const whole = { x0: 0, y0: 0, x1: 40, y1: 20 };
  equal(borderContact(mask, whole, image), 0);
});

Deno.test("pasted() puts a crop's mask back where it was", () => {
  const mask = { width: 1, height: 2, data: Uint8Array.of(1, 1) };
  const { data } = pasted(mask, { x0: 3, y0: 1, x1: 4, y1: 3 }, image);
  const set = [...data.keys()].filter((i) => data[i]);
  deepEqual(set, [43, 83]); // 1 · 40 + 3, 2 · 40 + 3
});
