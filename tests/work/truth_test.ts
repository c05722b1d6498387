import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  areaPx,
  type Bitmap,
  encodeMaskPng,
  encodePalettePng,
  readTruth,
} from "medannotate";
import { inFolder } from "../media/temporary_folder.ts";
import { bitmapOf } from "../masks/text_bitmap.ts";

const size = { width: 3, height: 2 };
const clip = { size, infos: [{ name: "a.jpg" }, { name: "b.jpg" }] };
const video = { size, infos: [{ name: "" }, { name: "" }] };
const one: Bitmap = bitmapOf("##.", "...");
const two: Bitmap = bitmapOf("..#", "..#");

async function writeMask(path: string, mask: Bitmap) {
  await Deno.writeFile(path, await encodeMaskPng(mask));
}

Deno.test(
  "readTruth() takes black and white pictures as object 1 and finds frames by their names",
  inFolder(async (folder) => {
    await writeMask(`${folder}/b.png`, one);
    const truth = await readTruth(folder, clip);
    deepEqual([truth.objects, truth.frames], [[1], [1]]);
    deepEqual(await truth.maskAt(1, 1), one);
    equal(areaPx(await truth.maskAt(1, 0)), 0);
  }),
);

Deno.test(
  "readTruth() reads the object numbers of palette PNGs, frames by their number",
  inFolder(async (folder) => {
    const data = Uint8Array.of(1, 1, 2, 0, 0, 2);
    const colours = [[0, 0, 0], [128, 0, 0], [0, 128, 0]] as const;
    const png = encodePalettePng({ ...size, data }, colours);
    await Deno.writeFile(`${folder}/00000.png`, png);
    const truth = await readTruth(folder, video);
    deepEqual([truth.objects, truth.frames], [[1, 2], [0]]);
    deepEqual(await truth.maskAt(1, 0), one);
    deepEqual(await truth.maskAt(2, 0), two);
  }),
);

Deno.test(
  "readTruth() reads a folder for each object",
  inFolder(async (folder) => {
    for (const [object, mask] of [[1, one], [7, two]] as const) {
      await Deno.mkdir(`${folder}/${object}`);
      await writeMask(`${folder}/${object}/00001.png`, mask);
    }
    const truth = await readTruth(folder, video);
    deepEqual([truth.objects, truth.frames], [[1, 7], [1]]);
    deepEqual(await truth.maskAt(7, 1), two);
  }),
);

Deno.test(
  "readTruth() refuses what does not fit the clip, naming it",
  inFolder(async (folder) => {
    await rejects(readTruth(`${folder}/none`, clip), /no such file or folder/);
    await rejects(readTruth(folder, clip), /holds no picture/);
    await writeMask(`${folder}/c.png`, one);
    await rejects(readTruth(folder, clip), /c.png has the name of no frame/);
    await Deno.rename(`${folder}/c.png`, `${folder}/2.png`);
    await rejects(
      readTruth(folder, clip),
      /it has frame 2, the clip frames 0 to 1/,
    );
    await Deno.remove(`${folder}/2.png`);
    await writeMask(`${folder}/a.png`, bitmapOf("##"));
    await rejects(readTruth(folder, clip), /it has 2x1 pixels, the clip 3x2/);
    const file = `${folder}/truth.json`;
    await Deno.writeTextFile(file, '{"size": [2, 3]}');
    await rejects(readTruth(file, clip), RangeError);
    const frames = [{ index: 0, rle: { 1: "0212" } }];
    const json = { size: [2, 4], objects: [{ id: 1 }], frames };
    await Deno.writeTextFile(file, JSON.stringify(json));
    await rejects(readTruth(file, clip), /it has 4x2 pixels, the clip 3x2/);
  }),
);
