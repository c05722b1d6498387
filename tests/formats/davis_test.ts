import { deepEqual, equal, throws } from "node:assert/strict";
import {
  composeIndexImage,
  overlaps,
  splitIndexImage,
  vocColour,
  vocPalette,
} from "medannotate";

const size = { width: 4, height: 1 };
const mask = (...data: number[]) => ({ ...size, data: Uint8Array.from(data) });

Deno.test("vocPalette() starts as that of Pascal VOC", () => {
  const palette = vocPalette();
  equal(palette.length, 768);
  deepEqual([...palette.subarray(0, 24)], [
    ...[0, 0, 0], // background
    ...[128, 0, 0], // aeroplane
    ...[0, 128, 0], // bicycle
    ...[128, 128, 0], // bird
    ...[0, 0, 128],
    ...[128, 0, 128],
    ...[0, 128, 128],
    ...[128, 128, 128],
  ]);
  deepEqual(vocColour(8), [64, 0, 0]); // bit 3 -> red, second highest
  deepEqual(vocColour(20), [0, 64, 128]); // tvmonitor: bits 4 and 2
  deepEqual(vocColour(255), [224, 224, 192]); // void
  equal(
    new Set(Array.from({ length: 256 }, (_, i) => `${vocColour(i)}`)).size,
    256,
  );
});

Deno.test("composeIndexImage() lets the lowest number win, in any order", () => {
  const objects = [
    { id: 2, bitmap: mask(1, 1, 0, 0) },
    { id: 1, bitmap: mask(0, 1, 1, 0) },
    { id: 30, bitmap: mask(0, 0, 1, 1) },
  ];
  deepEqual([...composeIndexImage(objects, size).data], [2, 1, 1, 30]);
  deepEqual(objects.map(({ id }) => id), [2, 1, 30]);
});

Deno.test("composeIndexImage() of nothing is background", () => {
  deepEqual([...composeIndexImage([], size).data], [0, 0, 0, 0]);
});

Deno.test("composeIndexImage() refuses numbers and sizes that do not fit", () => {
  const bitmap = mask(1, 0, 0, 0);
  throws(() => composeIndexImage([{ id: 256, bitmap }], size), /object 256/);
  throws(() => composeIndexImage([{ id: 0, bitmap }], size), RangeError);
  throws(
    () => composeIndexImage([{ id: 1, bitmap }], { width: 2, height: 2 }),
    /4x1, expected 2x2/,
  );
});

Deno.test("splitIndexImage() gives the masks back when none overlap", () => {
  const objects = [
    { id: 3, bitmap: mask(1, 1, 0, 0) },
    { id: 200, bitmap: mask(0, 0, 0, 1) },
  ];
  deepEqual(splitIndexImage(composeIndexImage(objects, size)), objects);
});

Deno.test("overlaps() finds a pixel of two objects", () => {
  const first = { id: 1, bitmap: mask(1, 1, 0, 0) };
  const second = { id: 2, bitmap: mask(0, 0, 1, 0) };
  const third = { id: 3, bitmap: mask(0, 0, 1, 1) };
  equal(overlaps([]), false);
  equal(overlaps([first, second]), false);
  equal(overlaps([first, second, third]), true);
});
