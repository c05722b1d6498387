import { equal, ok, throws } from "node:assert/strict";
import { z } from "zod";
import { boundaryF, createBitmap, dice, iou } from "medannotate";
import { sharedTest, sharedUrl } from "../shared.ts";
import { readSharedMask } from "./mask_file.ts";
import { bitmapOf } from "./text_bitmap.ts";

Deno.test("iou() and dice() count shared pixels", () => {
  const a = bitmapOf("###.");
  const b = bitmapOf(".###");
  equal(iou(a, b), 2 / 4);
  equal(dice(a, b), 4 / 6); // twice 2, over 3 + 3
});

Deno.test("iou(), dice() and boundaryF() are 1 when both masks are empty", () => {
  const empty = createBitmap({ width: 4, height: 4 });
  equal(iou(empty, empty), 1);
  equal(dice(empty, empty), 1);
  equal(boundaryF(empty, empty), 1);
});

Deno.test("boundaryF() is 0 when only one mask has a boundary", () => {
  const empty = createBitmap({ width: 3, height: 3 });
  equal(boundaryF(bitmapOf("...", ".#.", "..."), empty), 0);
  equal(boundaryF(empty, bitmapOf("...", ".#.", "...")), 0);
});

Deno.test("boundaryF() forgives what lies within the threshold", () => {
  const a = bitmapOf("##......", "##......");
  const b = bitmapOf("####....", "####....");
  // Boundaries: column 1 and column 3, two pixels apart.
  equal(boundaryF(a, b, { boundThreshold: 2 }), 1);
  equal(boundaryF(a, b, { boundThreshold: 1 }), 0);
});

Deno.test("iou() refuses masks of different sizes", () => {
  throws(() => iou(bitmapOf("#"), bitmapOf("##")), /1x1, the other 2x1/);
});

sharedTest(
  "iou() and boundaryF() give the official J and F of 50 frames",
  async () => {
    const Oracle = z.object({
      "osvos/blackswan": z.object({
        J_per_frame: z.array(z.number()),
        F_per_frame: z.array(z.number()),
      }),
    });
    const text = await Deno.readTextFile(
      new URL("data/oracles/jf.json", sharedUrl),
    );
    const { J_per_frame, F_per_frame } =
      Oracle.parse(JSON.parse(text))["osvos/blackswan"];
    let worstJ = 0, worstF = 0;
    for (let frame = 0; frame < J_per_frame.length; frame++) {
      const name = `${String(frame).padStart(5, "0")}.png`;
      const truth = await readSharedMask(
        `data/davis16-blackswan/masks/${name}`,
      );
      const found = await readSharedMask(
        `data/davis16-blackswan/osvos/${name}`,
      );
      worstJ = Math.max(
        worstJ,
        Math.abs(iou(truth, found) - J_per_frame[frame]),
      );
      worstF = Math.max(
        worstF,
        Math.abs(boundaryF(truth, found) - F_per_frame[frame]),
      );
    }
    equal(J_per_frame.length, 50);
    ok(worstJ < 1e-12, `J differs by ${worstJ}`);
    ok(worstF < 1e-12, `F differs by ${worstF}`);
  },
);
