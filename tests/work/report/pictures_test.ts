import { deepEqual, equal, ok } from "node:assert/strict";
import {
  overlayPicture,
  overlayStrip,
  readImage,
  type ReportPicture,
} from "medannotate";
import { spreadFrames } from "../../../lib/work/report/pictures.ts";

const size = { width: 80, height: 60 };
const grey = { ...size, data: new Uint8Array(3 * 80 * 60).fill(100) };

/** A mask of the right half. */
const right = {
  ...size,
  data: Uint8Array.from({ length: 80 * 60 }, (_, i) => i % 80 >= 40 ? 1 : 0),
};

async function pixelsOf({ src }: ReportPicture) {
  const [head, base64] = src.split(",");
  equal(head, "data:image/jpeg;base64");
  return await readImage(Uint8Array.fromBase64(base64));
}

Deno.test("overlayPicture() draws masks and clicks on the smaller picture", async () => {
  const picture = await overlayPicture(grey, {
    masks: [{ bitmap: right, colour: [0, 0, 250] }],
    clicks: [{ x: 20, y: 30, sign: "-" }],
  }, { frame: 3, widthPx: 40 });
  deepEqual(picture.size, { width: 40, height: 30 });
  equal(picture.caption, "frame 3");
  const { width, data } = await pixelsOf(picture);
  const at = (x: number, y: number) => [...data.subarray(3 * (y * width + x))];
  const [leftRed, , leftBlue] = at(2, 2);
  ok(Math.abs(leftRed - 100) < 6 && Math.abs(leftBlue - 100) < 6);
  const [tintRed, , tintBlue] = at(30, 5);
  ok(tintBlue > 140 && tintRed < 75); // 0.45 of the colour over 100
  const [clickRed, clickGreen] = at(10, 12);
  ok(clickRed > clickGreen + 60); // a red disc around half of 20, 30
});

Deno.test("overlayPicture() never enlarges", async () => {
  const picture = await overlayPicture(grey, {}, { frame: 0 });
  deepEqual(picture.size, size);
});

Deno.test("overlayStrip() reads only the frames that it shows", async () => {
  const read: number[] = [];
  const frames = {
    count: 15,
    read: (index: number) => {
      read.push(index);
      return Promise.resolve(grey);
    },
  };
  const strip = await overlayStrip(frames, () => []);
  deepEqual(read, [0, 2, 4, 6, 8, 10, 12, 14]);
  equal(strip.length, 8);
});

Deno.test("spreadFrames() takes every frame of a short clip once", () => {
  deepEqual(spreadFrames(3, 8), [0, 1, 2]);
  deepEqual(spreadFrames(1, 8), [0]);
  deepEqual(spreadFrames(10, 1), [0]);
});
