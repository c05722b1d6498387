import { deepEqual, equal } from "node:assert/strict";
import {
  bitmapToRle,
  decodeCounts,
  decodePalettePng,
  encodeCounts,
  exportDataSet,
  parseCoco,
  vocColour,
} from "medannotate";
import { bitmapOf } from "../../masks/text_bitmap.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { listTree, madeSequence, tags } from "./made_sequence.ts";

const size = { width: 6, height: 4 };
const left = bitmapOf("......", ".###..", ".#.#..", ".###..");
const right = bitmapOf("....##", "......", "......", "#.....");
const over = bitmapOf("..#...", "..#...", "..#...", "..#...");

Deno.test(
  "cocoLayout() keeps run lengths byte for byte, with box and area",
  inFolder(async (out) => {
    const sequence = madeSequence(3, [{}, { 1: left, 2: right }], { size });
    await exportDataSet({ format: "coco", out, sequences: [sequence], tags });
    const path = `${out}/annotations/instances_train.json`;
    const file = parseCoco(await Deno.readTextFile(path));
    deepEqual(file.images.map((image) => image.file_name), [
      "clip-3_00000.jpg",
      "clip-3_00001.jpg",
    ]);
    deepEqual(file.categories.map(({ id, name }) => [id, name]), [
      [1, "polyp"],
      [3, "forceps"],
    ]);
    deepEqual(
      file.annotations,
      [left, right].map((mask, i) => ({
        id: i + 1,
        image_id: 2,
        category_id: [1, 3][i],
        segmentation: {
          size: [4, 6],
          counts: encodeCounts(bitmapToRle(mask).counts),
        },
        // left: x 1 to 4, y 1 to 4, 3 * 3 - 1 pixels; right reaches across
        bbox: [[1, 1, 3, 3], [0, 0, 6, 4]][i],
        area: [8, 3][i],
        iscrowd: 0,
      })),
    );
    const { segmentation } = file.annotations[0];
    deepEqual(
      segmentation && "counts" in segmentation &&
        decodeCounts(String(segmentation.counts)),
      [5, 3, 1, 1, 1, 1, 1, 3, 8], // down the columns: 5 outside, 3 inside, …
    );
  }),
);

Deno.test(
  "davisLayout() writes object numbers, frame by frame",
  inFolder(async (out) => {
    const sequence = madeSequence(3, [{}, { 1: left, 2: right }], { size });
    await exportDataSet({ format: "davis", out, sequences: [sequence], tags });
    const folder = `${out}/Annotations/Full-Resolution/clip-3`;
    deepEqual(await listTree(folder), ["00000.png", "00001.png"]);
    const read = (name: string) =>
      decodePalettePng(Deno.readFileSync(`${folder}/${name}`));
    equal(read("00000.png").image.data.includes(1), false);
    const { image, palette } = read("00001.png");
    deepEqual(
      [...image.data],
      [
        [0, 0, 0, 0, 2, 2],
        [0, 1, 1, 1, 0, 0],
        [0, 1, 0, 1, 0, 0],
        [2, 1, 1, 1, 0, 0],
      ].flat(),
    );
    deepEqual(palette[2], vocColour(2));
    equal(
      await Deno.readTextFile(`${out}/ImageSets/2017/train.txt`),
      "clip-3\n",
    );
    equal(
      await Deno.readTextFile(`${out}/objects.csv`),
      "sequence,object,class,code,name\r\nclip-3,1,0,f1,polyp\r\nclip-3,2,2,i1,forceps\r\n",
    );
  }),
);

Deno.test(
  "davisLayout() gives each object a folder where objects overlap",
  inFolder(async (out) => {
    const sequence = madeSequence(3, [{ 1: left, 2: over }, { 1: left }], {
      size,
    });
    await exportDataSet({ format: "davis", out, sequences: [sequence], tags });
    const folder = `${out}/Annotations/Full-Resolution/clip-3`;
    deepEqual(await listTree(folder), [
      "001/00000.png",
      "001/00001.png",
      "002/00000.png",
      "002/00001.png",
    ]);
    const read = (name: string) =>
      decodePalettePng(Deno.readFileSync(`${folder}/${name}`)).image.data;
    deepEqual(read("001/00000.png"), left.data);
    deepEqual(read("002/00000.png"), over.data);
    deepEqual(read("002/00001.png"), new Uint8Array(24));
  }),
);
