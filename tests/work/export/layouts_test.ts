import { deepEqual, equal } from "node:assert/strict";
import {
  bitmapToRle,
  decodeCounts,
  decodePalettePng,
  encodeCounts,
  exportDataSet,
  type ExportFormat,
  parseCoco,
  parseCvatXml,
  readImage,
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

/** The files of each further format for two frames of one sequence. */
const trees: readonly (readonly [ExportFormat, readonly string[]])[] = [
  ["voc", [
    "Annotations/clip-3_00000.xml",
    "Annotations/clip-3_00001.xml",
    "ImageSets/Main/train.txt",
    "ImageSets/Segmentation/train.txt",
    "JPEGImages/clip-3_00000.jpg",
    "JPEGImages/clip-3_00001.jpg",
    "SegmentationClass/clip-3_00000.png",
    "SegmentationClass/clip-3_00001.png",
    "SegmentationObject/clip-3_00000.png",
    "SegmentationObject/clip-3_00001.png",
    "labelmap.txt",
  ]],
  ["sa-v", [
    "Annotations_6fps/clip-3/001/00001.png",
    "Annotations_6fps/clip-3/002/00001.png",
    "JPEGImages_24fps/clip-3/00000.jpg",
    "JPEGImages_24fps/clip-3/00001.jpg",
    "sav_train.txt",
    "sav_train/clip-3_manual.json",
  ]],
  ["cvat", [
    "train/clip-3/annotations.xml",
    "train/clip-3/images/frame_000000.jpg",
    "train/clip-3/images/frame_000001.jpg",
  ]],
  ["label-studio", [
    "images/train/clip-3_00000.jpg",
    "images/train/clip-3_00001.jpg",
    "label_config.xml",
    "tasks_train.json",
  ]],
  ["labelme", [
    "labels.txt",
    "train/clip-3_00000.jpg",
    "train/clip-3_00000.json",
    "train/clip-3_00001.jpg",
    "train/clip-3_00001.json",
  ]],
  ["eiseg", [
    "train/clip-3_00000.jpg",
    "train/clip-3_00001.jpg",
    "train/label/annotations.json",
    "train/label/autosave_label.txt",
    "train/label/clip-3_00000.png",
    "train/label/clip-3_00000_pseudo.png",
    "train/label/clip-3_00001.png",
    "train/label/clip-3_00001_pseudo.png",
  ]],
];

/** What every export has. */
const common = [
  "certificate.json",
  "certificate.md",
  "frames.csv",
  "labels.csv",
  "polygons.csv",
  "snapshot.json",
];

for (const [format, tree] of trees) {
  Deno.test(
    `exportDataSet() lays out ${format} as its tools expect it`,
    inFolder(async (out) => {
      const sequence = madeSequence(3, [{}, { 1: left, 2: right }], { size });
      await exportDataSet({
        ...{ format, out, sequences: [sequence], tags, force: true },
      });
      const names = await listTree(out);
      deepEqual(names.filter((name) => !common.includes(name)), tree);
    }),
  );
}

Deno.test(
  "cvatLayout() writes each mask as a track of one frame, ended on the next",
  inFolder(async (out) => {
    const sequence = madeSequence(3, [{ 1: left }, { 1: left, 2: right }], {
      size,
    });
    await exportDataSet({ format: "cvat", out, sequences: [sequence], tags });
    const text = await Deno.readTextFile(`${out}/train/clip-3/annotations.xml`);
    const { tracks } = parseCvatXml(text);
    deepEqual(
      tracks.map(({ label, group, shapes }) => [
        label,
        group,
        shapes.map(({ frame, outside }) => [frame, outside]),
      ]),
      [
        ["polyp", 1, [[0, false], [1, true]]],
        ["polyp", 1, [[1, false]]],
        ["forceps", 2, [[1, false]]],
      ],
    );
    // left is 3 x 3 with a hole: ### #.# ###
    deepEqual(tracks[0].shapes[0].shape, {
      ...{ kind: "mask", counts: [0, 4, 1, 4] },
      ...{ left: 1, top: 1, width: 3, height: 3 },
    });
  }),
);

Deno.test(
  "eisegLayout() writes labels as grey, with a list that EISeg reads",
  inFolder(async (out) => {
    const sequence = madeSequence(3, [{ 1: left, 2: right }], { size });
    await exportDataSet({ format: "eiseg", out, sequences: [sequence], tags });
    const { data } = await readImage(`${out}/train/label/clip-3_00000.png`);
    const grey = Array.from({ length: 24 }, (_, i) => data[3 * i]);
    deepEqual(
      grey,
      [
        [0, 0, 0, 0, 3, 3], // forceps: class 2
        [0, 1, 1, 1, 0, 0],
        [0, 1, 0, 1, 0, 0],
        [3, 1, 1, 1, 0, 0],
      ].flat(),
    );
    equal(
      await Deno.readTextFile(`${out}/train/label/autosave_label.txt`),
      "1 polyp 128 0 0 \n3 forceps 128 128 0 \n",
    );
  }),
);
