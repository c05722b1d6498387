// Labels of other tools, as they come: no list tells which object is which.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import {
  bitmapToRle,
  bitmapToYoloRings,
  cocoAnnotation,
  createSequence,
  cvatVideoXml,
  decodeCounts,
  encodeCounts,
  encodeGreyPng,
  encodePalettePng,
  type ExportFormat,
  importLabels,
  iou,
  labelmeJson,
  listMasks,
  listObjects,
  listPrompts,
  listTags,
  openForWriting,
  openMemoryStore,
  parseCoco,
  parseLabelme,
  readMaskBitmap,
  rleAreaPx,
  rleToBitmap,
  rowRuns,
  type Sequence,
  setVerified,
  type Store,
  vocColour,
  vocXml,
  yoloSegRow,
} from "medannotate";
import { turnChange } from "../../../lib/store/changes.ts";
import { findUndoStep } from "../../../lib/store/steps.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";
import { noise, ring } from "../export/made_sequence.ts";
import { storeWithFrames, writeFrames } from "./made_store.ts";

const size = { width: 40, height: 30 };
const disc = ring(size, { x: 12, y: 12, outer: 8, inner: 3 });
const dot = ring(size, { x: 30, y: 20, outer: 5 });

/** Runs work with a store of three frames called shot_000 to shot_002. */
function withClip(
  work: (made: {
    folder: string;
    store: Store;
    sequence: Sequence;
    /** Writes files below `labels`. */
    write: (
      files: Readonly<Record<string, string | Uint8Array>>,
    ) => Promise<string>;
  }) => Promise<void>,
) {
  return inFolder(async (folder) => {
    const clip = await writeFrames(
      folder,
      [0, 1, 2].map((i) => noise(size, i)),
    );
    const { store, sequence } = await storeWithFrames(`${folder}/data`, clip);
    try {
      await work({
        ...{ folder, store, sequence },
        async write(files) {
          for (const [name, content] of Object.entries(files)) {
            const path = join(folder, "labels", name);
            await Deno.mkdir(join(path, ".."), { recursive: true });
            if (typeof content === "string") {
              await Deno.writeTextFile(path, content);
            } else await Deno.writeFile(path, content);
          }
          return join(folder, "labels");
        },
      });
    } finally {
      await store.close();
    }
  });
}

/** Object names with tag and the frames of their masks. */
async function summary(store: Store, sequence: Sequence) {
  const tags = new Map(
    (await listTags(store)).map((tag) => [tag.id, tag.code]),
  );
  const masks = await listMasks(store, sequence.id);
  return (await listObjects(store, sequence.id)).map(({ id, name, tagId }) => [
    name,
    tagId === null ? null : tags.get(tagId),
    masks.filter(({ objectId }) => objectId === id).map(({ frame }) => frame),
  ]);
}

const cocoText = JSON.stringify({
  images: [
    { id: 7, ...size, file_name: "images/shot_001.jpg" },
    { id: 8, ...size, file_name: "elsewhere.jpg" },
  ],
  annotations: [
    ...[disc, dot].map((mask, i) =>
      cocoAnnotation({
        id: i + 1,
        imageId: 7,
        classNumber: 0,
        segmentation: {
          size: [30, 40],
          counts: encodeCounts(bitmapToRle(mask).counts),
        },
        box: { x0: 0, y0: 0, x1: 1, y1: 1 },
        areaPx: 1,
      })
    ),
    {
      ...cocoAnnotation({
        id: 3,
        imageId: 7,
        classNumber: 1,
        segmentation: [[2, 2, 10, 2, 10, 8, 2, 8]],
        box: { x0: 2, y0: 2, x1: 10, y1: 8 },
        areaPx: 48,
      }),
    },
    {
      id: 4,
      image_id: 7,
      category_id: 2,
      bbox: [30, 2, 20, 5],
      area: 50,
    },
  ],
  categories: [{ id: 1, name: "Polyp" }, { id: 2, name: "tool" }],
});

Deno.test(
  "importLabels() takes run lengths, rings and boxes of COCO by the name of the image",
  withClip(async ({ store, sequence, write }) => {
    const path = await write({ "instances.json": cocoText });
    const result = await importLabels(store, sequence, path);
    deepEqual(result, {
      ...{ format: "coco", masks: 3, boxes: 1, objects: 4, frames: 1 },
      tags: ["Polyp", "tool"],
      skipped: {
        ...{ verified: 0, unchanged: 0, masked: 0, shapes: 0 },
        otherImages: 1,
      },
    });
    deepEqual(await summary(store, sequence), [
      ["Polyp 1", "Polyp", [1]],
      ["Polyp 2", "Polyp", [1]],
      ["tool 1", "tool", [1]],
      ["tool 2", "tool", []],
    ]);
    const [first, , third] = await listMasks(store, sequence.id);
    equal(first.origin, "imported");
    equal(iou(readMaskBitmap(first), disc), 1);
    equal(third.areaPx, 48);
    const [prompt] = await listPrompts(store, sequence.id);
    // the box reaches out of the frame, which is 40 wide
    deepEqual(prompt.prompt, { kind: "box", x0: 30, y0: 2, x1: 40, y1: 7 });
  }),
);

Deno.test(
  "importLabels() writes the same labels once, and undo takes the import back",
  withClip(async ({ store, sequence, write }) => {
    const path = await write({ "instances.json": cocoText });
    await importLabels(store, sequence, path);
    const again = await importLabels(store, sequence, path);
    deepEqual(
      [again.masks, again.boxes, again.objects, again.skipped.unchanged],
      [0, 0, 0, 4],
    );
    equal((await listObjects(store, sequence.id)).length, 4);
    const writer = await openForWriting(store, sequence.id);
    const step = await findUndoStep(store, sequence.id);
    ok(step?.action === "change");
    equal(step.change.label, "importLabels");
    await turnChange(writer, step, { isDone: false });
    await writer.close();
    deepEqual(await listMasks(store, sequence.id), []);
    deepEqual(await listPrompts(store, sequence.id), []);
    deepEqual(await summary(store, sequence), []);
  }),
);

Deno.test(
  "importLabels() leaves verified masks as they are",
  withClip(async ({ store, sequence, write }) => {
    const path = await write({ "instances.json": cocoText });
    await importLabels(store, sequence, path);
    const [{ objectId, frame, counts }] = await listMasks(store, sequence.id);
    await setVerified(store, { objectId, frame }, true);
    const other = cocoText.replace(
      encodeCounts(bitmapToRle(disc).counts),
      encodeCounts(bitmapToRle(dot).counts),
    );
    ok(other !== cocoText);
    const result = await importLabels(
      store,
      sequence,
      await write({ "instances.json": other }),
    );
    equal(result.skipped.verified, 1);
    equal((await listMasks(store, sequence.id))[0].counts, counts);
  }),
);

const polygon = (mask: typeof disc) =>
  bitmapToYoloRings(mask, { parts: "bridge" })[0];

/** The disc on frame 1 in each format, as another tool would have it. */
const foreign: Readonly<
  Record<ExportFormat, Readonly<Record<string, string | Uint8Array>>>
> = {
  "yolo": {
    "data.yaml": "names: [polyp]\n",
    "labels/shot_001.txt": "0 0.3 0.4 0.4 0.533333\n",
  },
  "yolo-seg": {
    "classes.txt": "polyp\n",
    "shot_001.txt": yoloSegRow(0, polygon(disc), size) + "\r\n",
  },
  "coco": { "a.json": cocoText.replace("Polyp", "polyp") },
  "voc": {
    "Annotations/shot_001.xml": vocXml({
      folder: "",
      fileName: "shot_001.jpg",
      size,
      segmented: true,
      objects: [{ name: "polyp", box: { x0: 4, y0: 4, x1: 20, y1: 20 } }],
    }),
    "SegmentationObject/shot_001.png": encodePalettePng(
      { ...disc, data: disc.data.map((v, i) => v === 1 ? 1 : i < 3 ? 255 : 0) },
      Array.from({ length: 256 }, (_, i) => vocColour(i)),
    ),
  },
  "davis": {
    "Annotations/480p/clip/00001.png": encodePalettePng(disc, [
      vocColour(0),
      vocColour(1),
    ]),
    "Annotations/480p/other/00001.png": encodePalettePng(dot, [
      vocColour(0),
      vocColour(1),
    ]),
  },
  "sa-v": {
    "clip_manual.json": JSON.stringify({
      video_id: "clip",
      video_frame_count: 3,
      video_height: 30,
      video_width: 40,
      masklet: [null, disc, null].map((mask) => [
        mask && {
          size: [30, 40],
          counts: encodeCounts(bitmapToRle(mask).counts),
        },
      ]),
      masklet_id: [0],
    }),
  },
  "cvat": {
    "annotations.xml": cvatVideoXml({
      name: "clip",
      labels: [{ name: "polyp" }],
      frameCount: 3,
      size,
      tracks: [{
        id: 0,
        label: "polyp",
        shapes: [
          {
            ...{ frame: 1, outside: false, keyframe: true },
            shape: {
              kind: "mask",
              counts: rowRuns(disc, { x0: 4, y0: 4, x1: 20, y1: 20 }),
              ...{ left: 4, top: 4, width: 16, height: 16 },
            },
          },
          {
            ...{ frame: 2, outside: true, keyframe: true },
            shape: {
              kind: "polygon",
              points: [{ x: 0, y: 0 }, { x: 9, y: 0 }, { x: 9, y: 9 }],
            },
          },
        ],
      }],
    }),
  },
  "label-studio": {
    "export.json": JSON.stringify([{
      data: { image: "/data/upload/3/0a1b2c3d-shot_001.png" },
      annotations: [{
        result: [{
          id: "x",
          type: "polygonlabels",
          original_width: 40,
          original_height: 30,
          value: {
            polygonlabels: ["polyp"],
            points: polygon(disc).map(({ x, y }) => [x / 0.4, y / 0.3]),
          },
        }],
      }],
    }]),
  },
  "labelme": {
    "shot_001.json": JSON.stringify({
      version: "4.5.6",
      shapes: [{
        label: "polyp",
        points: polygon(disc).map(({ x, y }) => [x, y]),
        group_id: {},
        shape_type: "polygon",
      }],
      imagePath: "..\\images\\shot_001.png",
      imageData: null,
      imageHeight: 30,
      imageWidth: 40,
    }),
  },
  "eiseg": {
    "label/shot_001.png": encodeGreyPng({
      ...disc,
      data: disc.data.map((v) => 5 * v),
    }),
    "label/shot_001_pseudo.png": encodePalettePng(
      { ...disc, data: disc.data.map((v) => 5 * v) },
      Array.from({ length: 6 }, (_, i) => vocColour(i)),
    ),
    "label/autosave_label.txt": "5 polyp 244 108 59 \n",
  },
};

for (const [format, files] of Object.entries(foreign)) {
  Deno.test(
    `importLabels() tells ${format} of another tool by its files and finds the frame`,
    withClip(async ({ store, sequence, write }) => {
      const result = await importLabels(store, sequence, await write(files));
      equal(result.format, format === "yolo-seg" ? "yolo" : format);
      equal(result.frames, format === "sa-v" ? 3 : 1);
      const [object] = await listObjects(store, sequence.id);
      const tag = (await listTags(store)).find(({ id }) => id === object.tagId);
      const hasTags = format !== "davis" && format !== "sa-v";
      equal(tag?.code, hasTags ? "polyp" : undefined);
      if (format === "yolo") {
        const [{ frame, prompt }] = await listPrompts(store, sequence.id);
        ok(prompt.kind === "box" && Math.abs(prompt.x0 - 4) < 1e-4);
        return equal(frame, 1);
      }
      const [mask] = await listMasks(store, sequence.id);
      equal(mask.frame, 1);
      equal(iou(readMaskBitmap(mask), disc), 1);
    }),
  );
}

Deno.test(
  "importLabels() says what does not fit, and changes nothing",
  withClip(async ({ store, sequence, folder, write }) => {
    const attempt = async (
      files: Readonly<Record<string, string | Uint8Array>>,
      message: RegExp,
      format?: ExportFormat,
    ) => {
      await Deno.remove(`${folder}/labels`, { recursive: true }).catch(
        () => {},
      );
      const path = await write(files);
      await rejects(importLabels(store, sequence, path, { format }), message);
      deepEqual(await listTags(store), []);
      deepEqual(await listObjects(store, sequence.id), []);
    };
    await attempt(
      { "data.yaml": "names: [polyp]", "labels/shot_001.txt": "1 .5 .5 .1 .1" },
      /labels\/shot_001.txt: .*line 1: class is 1, expected one below 1/,
    );
    await attempt(
      { "labels/shot_001.txt": "0 .5 .5 .1 .1" },
      /neither data.yaml nor classes.txt names the classes/,
      "yolo",
    );
    await attempt(
      { "a.json": cocoText.replaceAll('"width":40', '"width":41') },
      /a.json is made for 41x30 pixels, the sequence has 40x30/,
    );
    await attempt(
      { "a.json": cocoText.replace("images/shot_001", "../../etc/shot_001") },
      /names the image ..\/..\/etc\/shot_001.jpg, outside its folder/,
    );
    await attempt(
      { "a.json": cocoText.replace("images/shot_001", "other") },
      /none of its 2 images is a frame of sequence 1/,
    );
    await attempt(
      { "a.json": cocoText.replace("elsewhere", "shot_001") },
      /frame 1 is labelled twice/,
    );
    await attempt(
      {
        "SegmentationObject/shot_001.png":
          foreign.voc["SegmentationObject/shot_001.png"],
        "Annotations/shot_001.xml": vocXml({
          folder: "",
          fileName: "shot_001.jpg",
          size,
          segmented: true,
          objects: [],
        }),
      },
      /pixel of object 1, its XML file has 0 objects/,
      "voc",
    );
    await attempt(
      { ...foreign.eiseg, "label/autosave_label.txt": "4 polyp 1 2 3 \n" },
      /has label 5, which the label list does not name/,
    );
    await attempt(
      { "clip/00003.png": foreign.davis["Annotations/480p/clip/00001.png"] },
      /labels frame 3, the sequence has frames 0 to 2/,
    );
    await attempt({ "readme.md": "nothing" }, /1 files tell no format/);
    await attempt(
      { "a.xml": "<!DOCTYPE annotations><annotations></annotations>" },
      /it has <!DOCTYPE/,
      "cvat",
    );
    await rejects(
      importLabels(store, sequence, `${folder}/none`),
      /there is no such file or folder/,
    );
  }),
);

Deno.test(
  "importLabels() follows no link out of the folder",
  withClip(async ({ store, sequence, folder, write }) => {
    await Deno.writeTextFile(`${folder}/secret.json`, cocoText);
    const path = await write({ "readme.md": "" });
    await Deno.symlink(`${folder}/secret.json`, `${path}/a.json`);
    await rejects(
      importLabels(store, sequence, path),
      /a.json leads to .*secret.json, outside the folder/,
    );
  }),
);

Deno.test(
  "importLabels() takes boxes of videos in CVAT and Label Studio on the frames they count",
  withClip(async ({ store, sequence, write }) => {
    const box = { x0: 4, y0: 3, x1: 12, y1: 9 };
    const seen = { outside: false, keyframe: true };
    const cvat = await write({
      "annotations.xml": cvatVideoXml({
        ...{ name: "clip", labels: [], frameCount: 3, size },
        tracks: [{
          ...{ id: 4, label: "polyp" },
          shapes: [
            { ...seen, frame: 0, shape: { kind: "box", box } },
            { ...seen, frame: 2, shape: { kind: "box", box } },
          ],
        }],
      }),
    });
    equal((await importLabels(store, sequence, cvat)).boxes, 2);
    await Deno.remove(cvat, { recursive: true });
    const studio = await write({
      "a.json": JSON.stringify([{
        data: { video: "clip.mp4" },
        annotations: [{
          result: [{
            id: "r1",
            type: "videorectangle",
            value: {
              labels: ["polyp"],
              framesCount: 3,
              sequence: [
                {
                  frame: 2,
                  x: 10,
                  y: 10,
                  width: 20,
                  height: 20,
                  enabled: true,
                },
                { frame: 3, x: 1, y: 1, width: 2, height: 2, enabled: false },
              ],
            },
          }],
        }],
      }]),
    });
    await importLabels(store, sequence, studio);
    const prompts = await listPrompts(store, sequence.id);
    deepEqual(
      prompts.map(({ frame, prompt }) => [frame, prompt]),
      [
        [0, { kind: "box", ...box }],
        [2, { kind: "box", ...box }],
        [1, { kind: "box", x0: 4, y0: 3, x1: 12, y1: 9 }], // frame 2, from 1
      ],
    );
    deepEqual((await summary(store, sequence)).map(([name]) => name), [
      "track 4",
      "region r1",
    ]);
  }),
);

sharedTest(
  "importLabels() reads CholecInstanceSeg: groups are objects, parts are joined",
  inFolder(async (folder) => {
    const root = new URL(
      "data/cholecinst-10f/_sample_files/VID03_t80_sparse/",
      sharedUrl,
    ).pathname;
    const { store, sequence } = await storeWithFrames(folder, `${root}img_dir`);
    try {
      const result = await importLabels(store, sequence, `${root}ann_dir`);
      // 9 frames with 25 polygons; two pairs are parts of one instrument
      deepEqual(
        [result.format, result.frames, result.masks, result.boxes],
        ["labelme", 10, 23, 0],
      );
      console.log(JSON.stringify(await summary(store, sequence)));
      const coco = new URL(
        "data/cholecinst-10f/_sample_results/generated_coco_files/sample_generated_coco.json",
        sharedUrl,
      ).pathname;
      // The authors' own COCO file has the same polygons cut to whole pixels:
      // so cut, ours fill the same pixels.
      const cut = `${folder}/cut`;
      await Deno.mkdir(cut);
      for (const { name } of Deno.readDirSync(`${root}ann_dir`)) {
        const file = parseLabelme(
          await Deno.readTextFile(`${root}ann_dir/${name}`),
        );
        const shapes = file.shapes.map((shape) => ({
          ...shape,
          points: shape.points
            .map(({ x, y }) => ({ x: Math.trunc(x), y: Math.trunc(y) })),
        }));
        const text = labelmeJson({ ...file, shapes });
        await Deno.writeTextFile(`${cut}/${name}`, text);
      }
      const [fromCut, fromCoco] = await Promise.all(
        [cut, coco].map(async (path, i) => {
          const other = await storeWithFrames(
            `${folder}/${i}`,
            `${root}img_dir`,
          );
          await importLabels(other.store, other.sequence, path);
          const found = await masksByFrame(other.store, other.sequence);
          await other.store.close();
          return found;
        }),
      );
      equal(fromCoco.length, 23);
      deepEqual(fromCut, fromCoco);
      const before = await masksByFrame(store, sequence);
      // Their areas are of the lines, ours of the pixels inside.
      const { images, annotations } = parseCoco(await Deno.readTextFile(coco));
      const theirs = images.map(({ id }) =>
        annotations.filter(({ image_id }) => image_id === id)
          .reduce((sum, { area }) => sum + area, 0)
      );
      const ours = images.map((_, frame) =>
        before.filter((mask) => mask.frame === frame)
          .reduce((sum, { areaPx }) => sum + areaPx, 0)
      );
      const worst = Math.max(
        ...theirs.map((area, i) =>
          area === 0 ? ours[i] : Math.abs(ours[i] / area - 1)
        ),
      );
      console.log(`areas differ by at most ${(100 * worst).toFixed(2)} %`);
      ok(worst < 0.01);
    } finally {
      await store.close();
    }
  }),
);

/** Masks without their objects, in one order. */
async function masksByFrame(store: Store, sequence: Sequence) {
  return (await listMasks(store, sequence.id))
    .map(({ frame, areaPx, counts }) => ({ frame, areaPx, counts }))
    .sort((a, b) => a.frame - b.frame || (a.counts < b.counts ? -1 : 1));
}

sharedTest(
  "importLabels() reads a masklet of SA-V: every fourth frame, areas as published",
  inFolder(async (folder) => {
    const root = new URL("data/sav-rle/", sharedUrl).pathname;
    const { areas } = JSON.parse(
      await Deno.readTextFile(`${root}areas-oracle.json`),
    );
    const store = await openMemoryStore(folder);
    try {
      const sequence = await createSequence(store, {
        ...{ name: "sav_000001", kind: "video", source: "/none.mp4" },
        ...{ width: 480, height: 848 },
        frames: Array.from({ length: 483 }, (_, i) => ({
          ...{ timeMs: i * 1000 / 24, name: "", sha256: `${i}` },
        })),
      });
      const path = `${root}sav_000001_manual.json`;
      const result = await importLabels(store, sequence, path);
      equal(result.format, "sa-v");
      const objects = await listObjects(store, sequence.id);
      const masks = await listMasks(store, sequence.id);
      const expected = areas.flat().filter((area: number) => area > 0).length;
      equal(masks.length, expected);
      for (const { objectId, frame, areaPx, counts } of masks) {
        const column = objects.find(({ id }) => id === objectId)?.number ?? 0;
        equal(areaPx, areas[frame / 4][column - 1]);
        if (frame === 0) {
          const rle = {
            size: [848, 480],
            counts: decodeCounts(counts),
          } as const;
          equal(rleAreaPx(rle), areaPx);
          equal(rleToBitmap(rle).width, 480);
        }
      }
      console.log(`${masks.length} masks of ${objects.length} objects`);
    } finally {
      await store.close();
    }
  }),
);
