import { deepEqual, equal } from "node:assert/strict";
import { bitmapToRle, roundTripLoss, roundTripText } from "medannotate";
import { bitmapOf } from "../../masks/text_bitmap.ts";

const ring = bitmapToRle(bitmapOf("###..#", "#.#..#", "###..."));
const full = bitmapToRle(bitmapOf("###...", "###...", "###..."));

Deno.test("roundTripLoss() counts overlap, holes and parts of each object", () => {
  const before = [
    { object: 2, frame: 0, rle: full },
    { object: 1, frame: 0, rle: ring },
    { object: 1, frame: 3, rle: ring },
  ];
  const after = [
    { object: 1, frame: 0, rle: full },
    { object: 2, frame: 0, rle: full },
  ];
  const losses = roundTripLoss(before, after);
  deepEqual(losses, [
    {
      ...{ object: 1, masks: 2, missing: 1 },
      // 8 of 8 + 2 + 1 pixels, and a mask that is gone
      ...{ meanIou: 8 / 11 / 2, lowestIou: 0 },
      ...{ holes: 2, holesLost: 2, parts: 4, partsLost: 3 },
    },
    {
      ...{ object: 2, masks: 1, missing: 0, meanIou: 1, lowestIou: 1 },
      ...{ holes: 0, holesLost: 0, parts: 1, partsLost: 0 },
    },
  ]);
  equal(
    roundTripText(losses),
    "object 1: 2 masks, 1 missing, IoU 0.3636 (lowest 0.0000), 2 of 2 holes and 3 of 4 parts lost\n" +
      "object 2: 1 masks, IoU 1.0000 (lowest 1.0000), 0 of 0 holes and 0 of 1 parts lost\n",
  );
});
