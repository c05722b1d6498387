import { deepEqual, equal } from "node:assert/strict";
import {
  borderContact,
  isLargeAtFirst,
  pasted,
  viewScore,
  zoomViews,
} from "../../lib/work/zoom.ts";

const image = { width: 40, height: 20, data: new Uint8Array(40 * 20 * 3) };
const large = { width: 320, height: 160, data: new Uint8Array(320 * 160 * 3) };
const click = (x: number, y: number) =>
  ({ kind: "point", x, y, sign: "+" }) as const;

Deno.test("zoomViews() crops a half, a quarter and an eighth around a click, inside the image", () => {
  const boxes = zoomViews(large, [click(160, 90)]).map(({ box }) => box);
  deepEqual(boxes, [
    { x0: 0, y0: 0, x1: 320, y1: 160 },
    { x0: 80, y0: 50, x1: 240, y1: 130 },
    { x0: 120, y0: 70, x1: 200, y1: 110 },
    { x0: 140, y0: 80, x1: 180, y1: 100 },
  ]);
  const [, corner] = zoomViews(large, [click(319, 1)]);
  deepEqual(corner.box, { x0: 160, y0: 0, x1: 320, y1: 80 });
  deepEqual(corner.prompts, [click(159, 1)]);
});

Deno.test("zoomViews() leaves out crops that do not hold every prompt", () => {
  const views = zoomViews(large, [click(100, 80), click(220, 80)]);
  equal(views.length, 2); // 120 px apart fit into 160, not into 80
});

Deno.test("zoomViews() leaves out crops of less than 16 pixels", () => {
  equal(zoomViews(image, [click(20, 10)]).length, 1); // a half is 10 px high
});

Deno.test("zoomViews() lets a click on what does not belong pull no crop", () => {
  const away = { ...click(10, 10), sign: "-" } as const;
  const views = zoomViews(large, [click(160, 80), away]);
  deepEqual(views.map(({ prompts }) => prompts.length), [2, 1, 1, 1]);
  equal(views[1].box.x0, 80); // as without it
  equal(zoomViews(large, [away]).length, 1); // nothing was pointed at
});

Deno.test("isLargeAtFirst() holds for one click on more than a tenth of the image", () => {
  const mask = (inside: number) => {
    const data = Uint8Array.from({ length: 800 }, (_, i) => i < inside ? 1 : 0);
    return { width: 40, height: 20, data };
  };
  equal(isLargeAtFirst(mask(81), [click(1, 1)]), true); // 80 are a tenth
  equal(isLargeAtFirst(mask(80), [click(1, 1)]), false);
  equal(isLargeAtFirst(mask(81), [click(1, 1), click(2, 2)]), false);
  const box = { kind: "box", x0: 0, y0: 0, x1: 9, y1: 9 } as const;
  equal(isLargeAtFirst(mask(81), [box]), false); // a box tells the size
});

Deno.test("viewScore() takes contact with the inner border off", () => {
  const mask = { width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 0) };
  const box = { x0: 38, y0: 18, x1: 40, y1: 20 }; // inner: top and left, 1 of 2 each
  const score = viewScore(mask, box, {
    image,
    predictedIou: 0.8,
    stability: 0.5,
  });
  equal(score, 0.8 * 0.5 - 0.5);
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
