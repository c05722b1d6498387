import { deepEqual, equal } from "node:assert/strict";
import { z } from "zod";
import { createBitmap, nextClick } from "medannotate";
import { sharedTest, sharedUrl } from "../shared.ts";
import { readSharedMask } from "./mask_file.ts";
import { bitmapOf } from "./text_bitmap.ts";

const truth = bitmapOf(
  ".......",
  ".###...",
  ".###...",
  ".###...",
  ".......",
);

Deno.test("nextClick() starts in the middle of the object", () => {
  deepEqual(nextClick(truth, createBitmap(truth)), { x: 2, y: 2, sign: "+" });
});

Deno.test("nextClick() removes what is too much when that lies deeper", () => {
  const prediction = bitmapOf(
    "...####",
    "..#####",
    "..#####",
    "..#####",
    "...####",
  );
  // Too much: columns 4 to 6 in full, depth 2; missing: column 1, depth 1.
  deepEqual(nextClick(truth, prediction), { x: 5, y: 1, sign: "-" });
});

Deno.test("nextClick() is undefined when nothing is wrong", () => {
  equal(nextClick(truth, truth), undefined);
});

sharedTest(
  "nextClick() starts where the reference clicks started",
  async () => {
    const Expected = z.record(
      z.string(),
      z.object({
        clicks: z.array(
          z.object({ x: z.number(), y: z.number(), sign: z.string() }),
        ),
      }),
    );
    const expected = Expected.parse(JSON.parse(
      await Deno.readTextFile(new URL("models/expected.json", sharedUrl)),
    ));
    for (
      const [set, file] of [
        ["kvasir-capsule-run1", undefined],
        ["davis16-blackswan", "00000.png"],
      ] as const
    ) {
      const folder = `data/${set}/masks/`;
      const names = [...Deno.readDirSync(new URL(folder, sharedUrl))]
        .map(({ name }) => name).sort();
      const truth = await readSharedMask(folder + (file ?? names[0]));
      const click = nextClick(truth, createBitmap(truth));
      deepEqual(click, expected[`${set}@128`].clicks[0]);
    }
  },
);
