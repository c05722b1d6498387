// Places on stage and picture, brush strokes, outlines, lanes by column.

import { deepEqual, equal, ok } from "node:assert/strict";
import {
  distanceToLine,
  fitPicture,
  toPicture,
  toStage,
  zoomAround,
} from "../../../lib/api/page/geometry.ts";
import {
  applyCells,
  columnLetters,
  findLetter,
  letterOf,
} from "../../../lib/api/page/lanes.ts";
import { maskRings } from "../../../lib/api/page/mask_rings.ts";
import { paintStroke } from "../../../lib/api/page/painting.ts";
import { searchTags } from "../../../lib/api/page/tag_search.ts";
import { areaPx, createBitmap } from "../../../lib/masks/bitmap.ts";
import { home, mask, squareCounts } from "./fake_sequence.ts";

Deno.test("toPicture() undoes toStage()", () => {
  const viewport = { zoom: 2.5, x: 10, y: -4 };
  deepEqual(toStage({ x: 4, y: 8 }, viewport), { x: 20, y: 16 });
  deepEqual(toPicture({ x: 20, y: 16 }, viewport), { x: 4, y: 8 });
});

Deno.test("zoomAround() leaves the place under the pointer where it is, within 0.02 and 50", () => {
  const at = { x: 100, y: 50 };
  const before = { zoom: 1, x: 0, y: 0 };
  const after = zoomAround(before, at, 4);
  deepEqual(toPicture(at, after), toPicture(at, before));
  equal(zoomAround(before, at, 1e6).zoom, 50);
  equal(zoomAround(before, at, 1e-6).zoom, 0.02);
});

Deno.test("fitPicture() puts the whole picture in the middle", () => {
  const fitted = fitPicture({ width: 100, height: 50 }, {
    width: 224,
    height: 224,
  });
  deepEqual(fitted, { zoom: 2, x: 12, y: 62 }); // (224 - 24) / 100
});

Deno.test("distanceToLine() measures to the ends beyond them", () => {
  const a = { x: 0, y: 0 }, b = { x: 10, y: 0 };
  equal(distanceToLine({ x: 5, y: 3 }, a, b), 3);
  equal(distanceToLine({ x: 13, y: 4 }, a, b), 5);
  equal(distanceToLine({ x: 3, y: 4 }, a, a), 5);
});

Deno.test("paintStroke() paints between the places, not only at them", () => {
  const empty = createBitmap({ width: 10, height: 3 });
  const points = [{ x: 0.5, y: 1.5 }, { x: 9.5, y: 1.5 }];
  const painted = paintStroke(empty, points, { radiusPx: 0.5, value: 1 });
  equal(areaPx(painted), 10); // the middle row
  equal(areaPx(empty), 0); // the mask given stays as it is
  const erased = paintStroke(painted, [{ x: 5.5, y: 1.5 }], {
    radiusPx: 0.5,
    value: 0,
  });
  equal(areaPx(erased), 9);
});

Deno.test("maskRings() traces pixel edges in places of the whole frame", () => {
  deepEqual(maskRings(squareCounts, { width: 8, height: 6 }), [[
    { x: 2, y: 1 },
    { x: 4, y: 1 },
    { x: 4, y: 3 },
    { x: 2, y: 3 },
  ]]);
  deepEqual(maskRings("`1", { width: 8, height: 6 }), []); // 48 of background
});

Deno.test("columnLetters() shows what a person should not miss", () => {
  // Two frames a column: pp, pd, vp, ..
  const lane = "pppdvp..";
  const letters = columnLetters(lane, { from: 0, to: 8, columns: 4 });
  deepEqual(letters.join(""), "pdv.");
  equal(
    columnLetters("pd", { from: 0, to: 2, columns: 4 }).join(""),
    "ppdd", // two columns a frame
  );
});

Deno.test("columnLetters() is quick for 90,000 frames", () => {
  const lane = "p".repeat(90_000);
  const start = performance.now();
  for (let i = 0; i < 10; i++) {
    columnLetters(lane, { from: 0, to: 90_000, columns: 1200 });
  }
  ok(performance.now() - start < 500); // 50 ms a lane would be seen
});

Deno.test("findLetter() looks along all lanes for the nearest", () => {
  const lanes = ["..c....c", "....v..."];
  const find = (from: number, direction: 1 | -1) =>
    findLetter(lanes, "cv", { from, direction });
  equal(find(2, 1), 4);
  equal(find(4, -1), 2);
  equal(find(7, 1), undefined);
});

Deno.test("applyCells() changes single letters and adds lanes of new objects", () => {
  const lanes = new Map([[1, "...."]]);
  const next = applyCells(lanes, [
    { objectId: 1, frame: 2, letter: "p", version: "a" },
    { objectId: 9, frame: 0, letter: "c", version: "b" },
  ], 4);
  deepEqual([...next], [[1, "..p."], [9, "c..."]]);
  equal(lanes.get(1), "....");
});

Deno.test("letterOf() tells what an object has on a frame", () => {
  equal(letterOf(undefined, "c"), ".");
  equal(letterOf(mask({ verified: true }), "."), "v");
  equal(letterOf(mask({ state: "stale" }), "c"), "s");
  equal(letterOf(mask({ origin: "drawn" }), "."), "h");
  equal(letterOf(mask({ origin: "propagated" }), "d"), "d");
  equal(letterOf(mask({ origin: "propagated", areaPx: 0 }), "p"), "a");
});

Deno.test("searchTags() finds by code, name and category, beginnings first", () => {
  const codes = (text: string) =>
    searchTags(home.tags, text).map(({ code }) => code);
  deepEqual(codes(""), ["polyp", "snare"]);
  deepEqual(codes("SNA"), ["snare"]);
  deepEqual(codes("instr"), ["snare"]);
  deepEqual(codes("p"), ["polyp"]);
  deepEqual(codes("nothing"), []);
});
