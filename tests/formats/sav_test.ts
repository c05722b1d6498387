import { deepEqual, equal, throws } from "node:assert/strict";
import { decodeCounts, parseSav, rleAreaPx, savJson } from "medannotate";
import { sharedTest, sharedUrl } from "../shared.ts";

const mask = { size: [1, 2] as [number, number], counts: "11" };
const video = {
  videoId: "clip",
  size: { width: 2, height: 1 },
  frameCount: 3,
  objects: [2, 5],
  masklet: [[mask, null], [null, null], [null, mask]],
};

Deno.test("parseSav() gives back what savJson() wrote", () => {
  deepEqual(parseSav(savJson(video)), { ...video, step: 1 });
});

Deno.test("parseSav() finds the frames between rows", () => {
  const step = (frameCount: number) =>
    parseSav(savJson({ ...video, frameCount })).step;
  deepEqual([step(3), step(9), step(10), step(12)], [1, 3, 4, 4]);
});

Deno.test("parseSav() says what does not fit together", () => {
  throws(() => parseSav("{"), /not JSON/);
  throws(() => parseSav("{}"), { name: "SyntaxError" });
  throws(
    () => parseSav(savJson({ ...video, masklet: [[mask]] })),
    /row 0 has 1 masks, expected 2/,
  );
  throws(
    () => parseSav(savJson({ ...video, size: { width: 3, height: 1 } })),
    /row 0 has a mask of 2x1, the video has 3x1/,
  );
  throws(
    () => parseSav(savJson({ ...video, frameCount: 2 })),
    /3 rows of masks for 2 frames/,
  );
});

sharedTest("parseSav() reads a video of SA-V: areas as published", async () => {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`data/sav-rle/${name}`, sharedUrl));
  const { areas } = JSON.parse(await read("areas-oracle.json"));
  const found = parseSav(await read("sav_000001_manual.json"));
  deepEqual([found.frameCount, found.step, found.objects], [
    483,
    4,
    [0, 1, 2, 3, 4],
  ]);
  equal(found.masklet.length, 121);
  deepEqual(
    found.masklet.map((row) =>
      row.map((mask) =>
        mask && typeof mask.counts === "string"
          ? rleAreaPx({ size: mask.size, counts: decodeCounts(mask.counts) })
          : 0
      )
    ),
    areas,
  );
});
