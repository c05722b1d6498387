import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  boxOf,
  exportDataSet,
  iou,
  parseDataYaml,
  parseYoloLabels,
  polygonsToBitmap,
  readImage,
  unionOf,
  yoloBoxToPixels,
  yoloRingToPixels,
} from "medannotate";
import { bitmapOf } from "../../masks/text_bitmap.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { listTree, madeSequence, noise, ring, tags } from "./made_sequence.ts";

const small = { width: 6, height: 4 };
const square = bitmapOf("......", ".##...", ".##...", "......");
const bar = bitmapOf("......", "....##", "......", "......");

const two = [
  madeSequence(1, [{ 1: square }, {}, { 1: square, 2: bar }], {
    size: small,
    patient: "A",
  }),
  madeSequence(2, [{ 2: bar }], { size: small, patient: "B" }),
];

const wide = { width: 320, height: 240 };
const holed = ring(wide, { x: 100.3, y: 110.7, outer: 70, inner: 33 });
const parts = unionOf(
  ring(wide, { x: 60, y: 60, outer: 30 }),
  ring(wide, { x: 250, y: 180, outer: 40, inner: 12 }),
);

Deno.test(
  "exportDataSet() writes YOLO boxes, background images and the classes",
  inFolder(async (folder) => {
    const out = `${folder}/set`;
    await exportDataSet({ format: "yolo", out, sequences: two, tags });
    deepEqual(await listTree(out), [
      "certificate.json",
      "certificate.md",
      "classes.txt",
      "data.yaml",
      "frames.csv",
      "images/train/clip-1_00000.jpg",
      "images/train/clip-1_00001.jpg",
      "images/train/clip-1_00002.jpg",
      "images/val/clip-2_00000.jpg",
      "labels.csv",
      "labels/train/clip-1_00000.txt",
      "labels/train/clip-1_00001.txt",
      "labels/train/clip-1_00002.txt",
      "labels/val/clip-2_00000.txt",
      "snapshot.json",
    ]);
    const labels = (name: string) =>
      Deno.readTextFileSync(`${out}/labels/train/${name}.txt`);
    // x 1 to 3 of 6, y 1 to 3 of 4: centre 2/6, 2/4, size 2/6, 2/4
    equal(labels("clip-1_00000"), "0 0.333333 0.500000 0.333333 0.500000\n");
    equal(labels("clip-1_00001"), "");
    equal(labels("clip-1_00002").split("\n").length, 3);
    deepEqual(parseDataYaml(Deno.readTextFileSync(`${out}/data.yaml`)), {
      path: out,
      train: "images/train",
      val: "images/val",
      names: { 0: "polyp", 1: "unused_1", 2: "forceps" },
    });
    equal(
      Deno.readTextFileSync(`${out}/classes.txt`),
      "polyp\nunused_1\nforceps\n",
    );
  }),
);

Deno.test(
  "exportDataSet() writes boxes that read back within half a pixel, and the same picture",
  inFolder(async (folder) => {
    const out = `${folder}/set`;
    const sequence = madeSequence(1, [{ 1: holed }, { 2: parts }], {
      size: wide,
    });
    await exportDataSet({ format: "yolo", out, sequences: [sequence], tags });
    for (const [i, mask] of [holed, parts].entries()) {
      const name = `clip-1_0000${i}`;
      const text = await Deno.readTextFile(`${out}/labels/train/${name}.txt`);
      const [row] = parseYoloLabels(text, { classCount: 3 });
      ok(row.kind === "detect");
      const box = yoloBoxToPixels(row.boxNorm, wide);
      const truth = boxOf(mask);
      ok(truth);
      for (const side of ["x0", "y0", "x1", "y1"] as const) {
        ok(Math.abs(box[side] - truth[side]) < 0.5, `${side} ${box[side]}`);
      }
      const image = await readImage(`${out}/images/train/${name}.jpg`);
      const source = noise(wide, 100 + i);
      const off = image.data.reduce(
        (sum, v, j) => sum + Math.abs(v - source.data[j]),
        0,
      );
      ok(off / image.data.length < 8, `off by ${off / image.data.length}`); // noise, the worst for JPEG
    }
  }),
);

Deno.test(
  "exportDataSet() writes polygons that fill to the mask, holes and parts included",
  inFolder(async (folder) => {
    const out = `${folder}/set`;
    const sequence = madeSequence(1, [{ 1: holed, 2: parts }], { size: wide });
    const { rows, certificate } = await exportDataSet({
      format: "yolo-seg",
      out,
      sequences: [sequence],
      tags,
    });
    const text = await Deno.readTextFile(
      `${out}/labels/train/clip-1_00000.txt`,
    );
    const found = parseYoloLabels(text);
    equal(found.length, 2); // one row per object
    for (const [i, mask] of [holed, parts].entries()) {
      const row = found[i];
      ok(row.kind === "segment");
      const outer = yoloRingToPixels(row.ringNorm, wide);
      const agreement = iou(
        polygonsToBitmap([{ outer, holes: [] }], wide),
        mask,
      );
      ok(agreement >= 0.98, `${agreement}`);
      equal(rows[i].iou, agreement);
      ok(rows[i].points < 250);
    }
    deepEqual(certificate.objects.map(({ object, masks }) => [object, masks]), [
      [1, 1],
      [2, 1],
    ]);
  }),
);

Deno.test(
  "exportDataSet() refuses polygons that lose the mask, leaves nothing, and obeys force",
  inFolder(async (folder) => {
    const out = `${folder}/new/set`;
    const sequence = madeSequence(7, [{}, { 1: holed }], { size: wide });
    const options = {
      ...{ format: "yolo-seg", out, sequences: [sequence], tags } as const,
      maxPoints: 12,
    };
    await rejects(
      exportDataSet(options),
      /frame 1 \(00001\) of sequence 7: the polygon of object 1 .* IoU of 0\.\d{4}, expected at least 0.98/,
    );
    deepEqual([...Deno.readDirSync(folder)], []);
    const { rows } = await exportDataSet({ ...options, force: true });
    ok(rows[0].iou < 0.98 && rows[0].points <= 12);
  }),
);

Deno.test(
  "exportDataSet() refuses the same pixels in two parts, but not black frames",
  inFolder(async (folder) => {
    const copies = ["A", "B"].map((patient, i) =>
      madeSequence(i + 1, [{ 1: square }, {}], {
        size: small,
        patient,
        seed: 500 + i, // frame 1 of the first is frame 0 of the second
      })
    );
    const options = { format: "coco", out: `${folder}/set`, tags } as const;
    await rejects(
      exportDataSet({ ...options, sequences: copies }),
      /1 frames of one part have the same pixels .* first clip-1_00001 in \w+ and clip-2_00000 in \w+/,
    );
    deepEqual([...Deno.readDirSync(folder)], []);

    const black = copies.map((sequence) => ({
      ...sequence,
      frames: sequence.frames.map((frame) => ({ ...frame, sha256: "black" })),
      readImage: () =>
        Promise.resolve({ ...small, data: new Uint8Array(3 * 6 * 4) }),
    }));
    const { certificate } = await exportDataSet({
      ...options,
      sequences: black,
    });
    equal(certificate.exactDuplicates, 0);
    equal(certificate.plainFrames, 4);
  }),
);

Deno.test(
  "exportDataSet() marks a single patient: all in train, no independent validation",
  inFolder(async (folder) => {
    const out = `${folder}/set`;
    const { certificate } = await exportDataSet({
      ...{ format: "yolo", out, tags } as const,
      // Without a patient, both count as one.
      sequences: [
        madeSequence(1, [{ 1: square }], { size: small }),
        madeSequence(2, [{ 1: square }], { size: small }),
      ],
    });
    equal(certificate.independentValidation, false);
    ok(certificate.marks.includes("no independent validation"));
    deepEqual(certificate.parts.map(({ part, frames }) => [part, frames]), [
      ["train", 2],
    ]);
    const yaml = parseDataYaml(Deno.readTextFileSync(`${out}/data.yaml`));
    equal(yaml.val, "images/train");
    ok(
      Deno.readTextFileSync(`${out}/certificate.md`).includes(
        "**no independent validation**",
      ),
    );
  }),
);

Deno.test(
  "exportDataSet() cuts one sequence in time when forced, and marks it",
  inFolder(async (folder) => {
    const frames = Array.from({ length: 10 }, () => ({ 1: square }));
    const { certificate } = await exportDataSet({
      ...{ format: "davis", out: `${folder}/set`, tags } as const,
      sequences: [madeSequence(1, frames, { size: small })],
      split: {
        kind: "time",
        shares: { train: 0.5, val: 0.5 },
        gapFrames: 2,
        force: true,
      },
    });
    // 10 frames less a gap of 2 are 8: 0 to 3, then 6 to 9.
    deepEqual(certificate.parts.map(({ frames }) => frames), [4, 4]);
    equal(certificate.sharedPatients, 1);
    equal(certificate.independentValidation, false);
    ok(certificate.marks[0].startsWith("time split, forced"));
  }),
);

Deno.test(
  "exportDataSet() replaces its own earlier export and nothing else",
  inFolder(async (folder) => {
    const out = `${folder}/set`;
    const options = { format: "yolo", out, tags } as const;
    await exportDataSet({ ...options, sequences: two });
    await exportDataSet({ ...options, sequences: [two[1]] });
    const names = await listTree(out);
    equal(names.filter((name) => name.endsWith(".jpg")).length, 1);
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["set"]);

    await Deno.mkdir(`${folder}/mine`);
    await Deno.writeTextFile(`${folder}/mine/thesis.txt`, "years");
    await rejects(
      exportDataSet({ ...options, out: `${folder}/mine`, sequences: two }),
      /it holds 1 files that are not an earlier export/,
    );
    deepEqual(await listTree(`${folder}/mine`), ["thesis.txt"]);
  }),
);

Deno.test(
  "exportDataSet() leaves out what is not labelled or verified when asked",
  inFolder(async (folder) => {
    const draft = madeSequence(2, [{ 1: square }, {}], {
      size: small,
      verified: false,
    });
    const checked = madeSequence(1, [{ 1: square }, {}], { size: small });
    const count = async (onlyFrames?: "labelled" | "verified") => {
      const { counts } = await exportDataSet({
        ...{ format: "coco", out: `${folder}/set`, tags } as const,
        sequences: [checked, draft],
        onlyFrames,
      });
      const [{ frames, backgroundFrames, unlabelledFrames }] = counts;
      return [frames, backgroundFrames, unlabelledFrames];
    };
    deepEqual(await count(), [4, 2, 2]);
    deepEqual(await count("labelled"), [2, 0, 0]);
    deepEqual(await count("verified"), [1, 0, 0]);
  }),
);

Deno.test(
  "exportDataSet() leaves nothing when it is cancelled, not even its earlier export changes",
  inFolder(async (folder) => {
    const options = { format: "davis", out: `${folder}/set`, tags } as const;
    await exportDataSet({ ...options, sequences: two });
    const names = await listTree(folder);
    const stop = new AbortController();
    await rejects(
      exportDataSet({
        ...options,
        sequences: [two[1], two[0]],
        signal: stop.signal,
        onProgress: ({ done }) => done === 2 && stop.abort(),
      }),
      /Cancelled: export at frame 2 of 4/,
    );
    deepEqual(await listTree(folder), names);
  }),
);

Deno.test("exportDataSet() names records that do not fit together", async () => {
  const [sequence] = two;
  const attempt = (change: Partial<typeof sequence>) =>
    exportDataSet({
      ...{ format: "yolo", out: "/nowhere", tags } as const,
      sequences: [{ ...sequence, ...change }],
    });
  await rejects(
    attempt({ objects: [{ number: 1, tag: "f9", colour: [0, 0, 0] }] }),
    /object 1 of sequence 1 has tag f9, which is not among the 2 tags/,
  );
  await rejects(
    attempt({ size: { width: 7, height: 4 } }),
    /object 1 on frame 0 of sequence 1: it has 6x4 pixels, the frames have 7x4/,
  );
  await rejects(
    attempt({ frames: sequence.frames.slice(1) }),
    /object 1 on frame 0 of sequence 1: there is no such frame/,
  );
});
