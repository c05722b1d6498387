import { deepEqual, equal, throws } from "node:assert/strict";
import { z } from "zod";
import {
  areaPx,
  bitmapToRle,
  boxOf,
  decodeCounts,
  encodeCounts,
  iou,
  rleAreaPx,
  rleIou,
  rleToBitmap,
  sameBitmap,
} from "medannotate";
import { resizeBitmap } from "../../lib/masks/resize.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import { randomBitmap } from "./random_bitmap.ts";
import { bitmapOf, rowsOf } from "./text_bitmap.ts";

Deno.test("rleToBitmap() fills columns first", () => {
  const bitmap = rleToBitmap({ size: [2, 3], counts: [1, 3, 2] });
  // Down the columns: . # | # # | . .
  deepEqual(rowsOf(bitmap), [".#.", "##."]);
});

Deno.test("rleToBitmap() says what the counts should add up to", () => {
  throws(
    () => rleToBitmap({ size: [2, 3], counts: [1, 3] }),
    { name: "RangeError", message: /add up to 4, expected 2x3 .* = 6/ },
  );
  throws(() => rleToBitmap({ size: [1, 1], counts: [2, -1] }), /count is -1/);
});

Deno.test("bitmapToRle() starts with background", () => {
  deepEqual(bitmapToRle(bitmapOf("#.", "#.")).counts, [0, 2, 2]);
  deepEqual(bitmapToRle(bitmapOf("..")).counts, [2]);
  deepEqual(bitmapToRle(bitmapOf("##")).counts, [0, 2]);
});

Deno.test("bitmapToRle() and rleToBitmap() give every random mask back", () => {
  for (let seed = 0; seed < 500; seed++) {
    const bitmap = randomBitmap(seed);
    const rle = bitmapToRle(bitmap);
    equal(sameBitmap(rleToBitmap(rle), bitmap), true, `seed ${seed}`);
    equal(rleAreaPx(rle), areaPx(bitmap));
    // Runs are as long as they can be: only the first may be 0.
    equal(rle.counts.indexOf(0, 1), -1, `seed ${seed}`);
    deepEqual(decodeCounts(encodeCounts(rle.counts)), rle.counts);
  }
});

Deno.test("rleIou() agrees with iou() of the decoded masks", () => {
  for (let seed = 0; seed < 200; seed++) {
    const a = randomBitmap(seed);
    const b = resizeBitmap(randomBitmap(seed + 1000), a);
    equal(rleIou(bitmapToRle(a), bitmapToRle(b)), iou(a, b), `seed ${seed}`);
  }
});

Deno.test("rleIou() counts shared runs", () => {
  // Inside 1..4 and 2..6: 2 shared, 5 in all.
  const a = { size: [8, 1], counts: [1, 3, 4] } as const;
  const b = { size: [8, 1], counts: [2, 4, 2] } as const;
  equal(rleIou(a, b), 2 / 5);
  throws(() => rleIou(a, { size: [1, 8], counts: [8] }), RangeError);
});

Deno.test("encodeCounts() writes differences from the fourth count on", () => {
  // 6 -> "6" (48 + 6), 1 -> "1", 40 = 01000 00001 -> 8 + 32 + 48 = "X", then "1",
  // 4 - 1 = 3 -> "3"
  equal(encodeCounts([6, 1, 40, 4]), "61X13");
  // 4, 2, 5 then 1 - 2 = -1: bits 11111, nothing but sign left -> 48 + 31 = "O"
  equal(encodeCounts([4, 2, 5, 1]), "425O");
  // 16 needs a second character, as its bit 16 would be read as the sign.
  equal(encodeCounts([16]), "`0");
  deepEqual(decodeCounts(encodeCounts([2 ** 31 - 1])), [2 ** 31 - 1]);
  deepEqual(decodeCounts(""), []);
});

Deno.test("decodeCounts() refuses malformed text", () => {
  throws(() => decodeCounts("6 1"), { name: "SyntaxError", message: /" "/ });
  throws(() => decodeCounts("6`"), /ends inside a number/);
  throws(() => decodeCounts("ooooooooo0"), /too long/);
  throws(() => decodeCounts("O"), /count 0 is -1/);
});

Deno.test("bitmapToRle() and rleToBitmap() take little time for full HD", () => {
  const small = rleToBitmap({ size: [9, 16], counts: [30, 5, 4, 5, 40, 60] });
  const bitmap = resizeBitmap(small, { width: 1920, height: 1080 });
  const startMs = performance.now();
  for (let i = 0; i < 10; i++) rleToBitmap(bitmapToRle(bitmap));
  const ms = (performance.now() - startMs) / 10;
  equal(ms < 200, true, `${ms} ms`); // about 3 ms on an idle core
});

sharedTest(
  "decodeCounts() and encodeCounts() give SA-V's text back",
  async () => {
    const folder = new URL("data/sav-rle/", sharedUrl);
    const Rle = z.object({
      size: z.tuple([z.number(), z.number()]),
      counts: z.string(),
    });
    const video = z.object({ masklet: z.array(z.array(Rle)) }).parse(
      JSON.parse(
        await Deno.readTextFile(new URL("sav_000001_manual.json", folder)),
      ),
    );
    const { areas } = z.object({ areas: z.array(z.array(z.number())) }).parse(
      JSON.parse(await Deno.readTextFile(new URL("areas-oracle.json", folder))),
    );
    let count = 0;
    for (const [frame, objects] of video.masklet.entries()) {
      for (const [object, { size, counts }] of objects.entries()) {
        const rle = { size, counts: decodeCounts(counts) };
        equal(encodeCounts(rle.counts), counts);
        equal(rleAreaPx(rle), areas[frame][object]);
        const bitmap = rleToBitmap(rle);
        equal(areaPx(bitmap), areas[frame][object]);
        equal(encodeCounts(bitmapToRle(bitmap).counts), counts);
        count++;
      }
    }
    equal(count, 121 * 5);
  },
);

sharedTest(
  "decodeCounts() and encodeCounts() give COCO's text back",
  async () => {
    const folder = new URL("data/coco100/", sharedUrl);
    const Results = z.array(z.object({
      segmentation: z.object({
        size: z.tuple([z.number(), z.number()]),
        counts: z.string(),
      }),
    }));
    let count = 0;
    for (const kind of ["cocoapi", "cocoapi-orig"]) {
      const file = new URL(
        `${kind}/instances_val2014_fakesegm100_results.json`,
        folder,
      );
      const results = Results.parse(JSON.parse(await Deno.readTextFile(file)));
      for (const { segmentation: { size, counts } } of results) {
        const rle = { size, counts: decodeCounts(counts) };
        equal(encodeCounts(rle.counts), counts);
        equal(
          sameBitmap(
            rleToBitmap(rle),
            rleToBitmap(bitmapToRle(rleToBitmap(rle))),
          ),
          true,
        );
        count++;
      }
    }
    equal(count, 734 * 2);
  },
);

sharedTest("rleToBitmap() fills COCO's crowds to their boxes", async () => {
  const File = z.object({
    annotations: z.array(z.looseObject({ iscrowd: z.number() })),
  });
  const Crowd = z.object({
    bbox: z.array(z.number()),
    segmentation: z.object({
      size: z.tuple([z.number(), z.number()]),
      counts: z.array(z.number()),
    }),
  });
  const file = File.parse(JSON.parse(
    await Deno.readTextFile(
      new URL("data/coco100/cocoapi/instances_val2014_100.json", sharedUrl),
    ),
  ));
  const crowds = file.annotations.filter(({ iscrowd }) => iscrowd === 1)
    .map((annotation) => Crowd.parse(annotation));
  equal(crowds.length, 9);
  for (const { bbox, segmentation } of crowds) {
    const bitmap = rleToBitmap(segmentation);
    equal(areaPx(bitmap), rleAreaPx(segmentation));
    deepEqual(bitmapToRle(bitmap), segmentation);
    // COCO's crowd boxes end at the last pixel, ours one behind it. (Their
    // areas are up to 13 % above the mask's own pixels, so no measure here.)
    const { x0, y0, x1, y1 } = boxOf(bitmap) ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
    deepEqual([x0, y0, x1 - x0 - 1, y1 - y0 - 1], bbox);
  }
});
