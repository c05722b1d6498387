import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  CancelledError,
  encodeJpeg,
  encodePng,
  exportDataSet,
  problemsText,
  readDataSet,
} from "medannotate";
import sharp from "sharp";
import { inFolder } from "../../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";
import { madeSequence, noise, ring, tags } from "../export/made_sequence.ts";

const size = { width: 20, height: 10 };

/** Writes files by their names; a number is the seed of a picture. */
async function writeTree(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array | number>>,
) {
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else if (typeof content !== "number") await Deno.writeFile(path, content);
    else await Deno.writeFile(path, await encodePng(noise(size, content)));
  }
}

const yaml = "train: images/train\nval: images/val\nnames: [polyp, tool]\n";

Deno.test(
  "readDataSet() gives boxes and rings in pixels",
  inFolder(async (folder) => {
    await writeTree(folder, {
      "data.yaml": yaml,
      "images/train/a.png": 1,
      "labels/train/a.txt":
        "1 0.5 0.5 0.5 0.2\n0 0.1 0.1 0.9 0.1 0.5 0.8\n1 0.5 1.0005 0.5 0.2\n",
      "images/val/b.png": 2,
    });
    const { parts, problems, names } = await readDataSet(folder);
    deepEqual(names, ["polyp", "tool"]);
    const [{ labels, ...image }] = parts.train;
    deepEqual(image, {
      path: `${await Deno.realPath(folder)}/images/train/a.png`,
      name: "images/train/a.png",
      size,
    });
    deepEqual(labels, [
      // 20 x (0.5 - 0.25) to 20 x (0.5 + 0.25), 10 x 0.4 to 10 x 0.6
      { classNumber: 1, box: { x0: 5, y0: 4, x1: 15, y1: 6 } },
      {
        classNumber: 0,
        box: { x0: 2, y0: 1, x1: 18, y1: 8 },
        ring: [{ x: 2, y: 1 }, { x: 18, y: 1 }, { x: 10, y: 8 }],
      },
      // the centre moves to the edge, the box is cut there
      { classNumber: 1, box: { x0: 5, y0: 9, x1: 15, y1: 10 } },
    ]);
    deepEqual(problems.map(({ kind, line }) => [kind, line]), [
      ["box over the edge", 3],
      ["value slightly out of range", 3],
    ]);
    deepEqual(parts.val[0].labels, []);
  }),
);

Deno.test(
  "readDataSet() takes five numbers for boxes unless most rows are rings",
  inFolder(async (folder) => {
    const box = "0 0.5 0.5 0.2 0.2\n", ringRow = "0 0.1 0.1 0.9 0.1 0.5 0.8\n";
    const files = {
      "data.yaml": yaml,
      "images/train/a.png": 1,
      "labels/train/a.txt": box + ringRow,
      "images/train/b.png": 2,
      "labels/train/b.txt": ringRow.replace("0.8", "0.7"),
    };
    await writeTree(folder, files);
    const { parts, problems } = await readDataSet(folder);
    deepEqual(parts.train.map(({ name }) => name), ["images/train/b.png"]);
    ok(
      problems.some(({ kind, file, line }) =>
        kind === "five numbers among rings" && file === "labels/train/a.txt" &&
        line === 1
      ),
    );
    await writeTree(folder, { "labels/train/b.txt": box });
    equal((await readDataSet(folder)).parts.train.length, 2);
  }),
);

Deno.test(
  "readDataSet() turns sizes as EXIF says",
  inFolder(async (folder) => {
    const jpeg = await sharp(await encodeJpeg(noise(size, 1)))
      .withMetadata({ orientation: 6 }).toBuffer();
    await writeTree(folder, {
      "data.yaml": yaml,
      "images/train/a.jpg": new Uint8Array(jpeg),
    });
    const { parts } = await readDataSet(folder);
    deepEqual(parts.train[0].size, { width: 10, height: 20 });
  }),
);

Deno.test(
  "readDataSet() finds the folders of Roboflow, of a moved data set and of a list",
  inFolder(async (folder) => {
    const images = { "train/images/a.png": 1, "valid/images/b.png": 2 };
    await writeTree(folder, {
      ...images,
      "data.yaml": "train: ../train/images\nval: ../valid/images\nnames: [a]\n",
      "train/labels/a.txt": "0 0.5 0.5 0.2 0.2\n",
      "moved.yaml":
        "path: /nowhere/else\ntrain: [train/images, valid/images]\nnames: [a]\n",
    });
    const roboflow = await readDataSet(`${folder}/data.yaml`);
    deepEqual(roboflow.problems, []);
    equal(roboflow.parts.train[0].labels.length, 1);
    const moved = await readDataSet(`${folder}/moved.yaml`);
    equal(moved.parts.train.length, 2);
    deepEqual(moved.problems.map(({ kind }) => kind), [
      "part not named",
      "missing folder",
    ]);
  }),
);

Deno.test(
  "readDataSet() keeps one folder for train and val, and says so",
  inFolder(async (folder) => {
    await writeTree(folder, {
      "data.yaml": yaml.replace("images/val", "images/train"),
      "images/train/a.png": 1,
      "images/train/b.png": 2,
    });
    const { parts, problems } = await readDataSet(folder);
    equal(parts.val.length, 2);
    deepEqual(problems, [{
      kind: "leak",
      file: "data.yaml",
      message:
        "all 2 images of val are also in another part: results on them prove nothing",
      consequence: "nothing left out",
    }]);
  }),
);

Deno.test(
  "readDataSet() does not follow links in circles",
  inFolder(async (folder) => {
    await writeTree(folder, { "data.yaml": yaml, "images/train/a.png": 1 });
    await Deno.symlink("..", `${folder}/images/train/up`);
    const { parts } = await readDataSet(folder);
    // The link leads to images/: a.png is found there once more, then no deeper.
    deepEqual(parts.train.map(({ name }) => name), [
      "images/train/a.png",
    ]);
  }),
);

Deno.test(
  "readDataSet() throws when nothing can be used",
  inFolder(async (folder) => {
    await rejects(readDataSet(`${folder}/none`), /there is no such path/);
    await rejects(readDataSet(folder), /it holds no data.yaml/);
    await writeTree(folder, { "data.yaml": "train: images/train\n" });
    await rejects(readDataSet(folder), { name: "SyntaxError" });
    await writeTree(folder, { "data.yaml": "train: a\nnames: {1: a}\n" });
    await rejects(readDataSet(folder), /1 names, none has number 0/);
    await writeTree(folder, {
      "data.yaml": yaml,
      "images/train/a.png": "no picture",
    });
    await rejects(readDataSet(folder), (error: Error) => {
      equal(error.name, "RangeError");
      ok(/of 1 images none remains for training/.test(error.message));
      return true;
    });
  }),
);

Deno.test(
  "readDataSet() can be cancelled and tells its progress",
  inFolder(async (folder) => {
    await writeTree(folder, {
      "data.yaml": yaml,
      "images/train/a.png": 1,
      "images/train/b.png": 2,
    });
    const dones: number[] = [];
    await readDataSet(folder, { onProgress: ({ done }) => dones.push(done) });
    deepEqual(dones, [1, 2]);
    const signal = AbortSignal.abort();
    await rejects(readDataSet(folder, { signal }), CancelledError);
  }),
);

Deno.test(
  "readDataSet() knows patients, sequences and the certificate of an export",
  inFolder(async (folder) => {
    const mask = ring(size, { x: 8, y: 5, outer: 3 });
    const options = { size, patient: "A" };
    for (const format of ["yolo", "yolo-seg"] as const) {
      const out = `${folder}/${format}`;
      await exportDataSet({
        ...{ format, out, tags, force: true },
        sequences: [
          madeSequence(1, [{ 1: mask }, {}], options),
          madeSequence(2, [{ 1: mask }], { size, patient: "B" }),
        ],
      });
      const { parts, certificate, problems } = await readDataSet(out);
      deepEqual(problems, []);
      equal(certificate?.format, format);
      deepEqual(
        parts.train.map((
          { group, sequence, frame },
        ) => [group, sequence, frame]),
        [["A", "1", 0], ["A", "1", 1]],
      );
      equal(parts.val[0].group, "B");
      equal(parts.train[0].labels[0].ring !== undefined, format === "yolo-seg");
    }
  }),
);

sharedTest(
  "readDataSet() reads the golden sets without a problem",
  async () => {
    for (
      const [name, train, val] of [["shapes-det", 96, 32], [
        "shapes-seg",
        32,
        12,
      ]]
    ) {
      const url = new URL(`golden/yolo/data/${name}`, sharedUrl);
      const { parts, problems } = await readDataSet(url.pathname);
      equal(problemsText(problems), "no problems\n");
      deepEqual([parts.train.length, parts.val.length], [train, val]);
    }
  },
);

Deno.test(
  "readDataSet() reads COCO with the class numbers, boxes and outlines of the same YOLO export",
  inFolder(async (folder) => {
    const mask = ring(size, { x: 8, y: 5, outer: 4, inner: 2 });
    const sequences = [
      madeSequence(1, [
        { 1: mask, 2: ring(size, { x: 16, y: 5, outer: 3 }) },
        {},
      ], {
        ...{ size, patient: "A" },
      }),
      madeSequence(2, [{ 2: mask }], { size, patient: "B" }),
    ];
    const read = async (format: "coco" | "yolo-seg") => {
      const out = `${folder}/${format}`;
      await exportDataSet({ format, out, tags, sequences });
      return await readDataSet(out);
    };
    const [coco, yolo] = [await read("coco"), await read("yolo-seg")];
    deepEqual(coco.problems, []);
    deepEqual(coco.names, ["polyp", "unused_1", "forceps"]);
    deepEqual(coco.names, yolo.names);
    for (const part of ["train", "val"] as const) {
      deepEqual(
        coco.parts[part].map(({ path: _, labels, ...image }) => ({
          ...image,
          classes: labels.map(({ classNumber }) => classNumber),
        })),
        yolo.parts[part].map(({ path: _, labels, ...image }) => ({
          ...image,
          classes: labels.map(({ classNumber }) => classNumber),
        })),
      );
    }
    deepEqual(coco.parts.train[0].labels[0].box, {
      x0: 4,
      y0: 1,
      x1: 12,
      y1: 9,
    });
    ok(coco.parts.train[0].labels[0].ring);
  }),
);

Deno.test(
  "readDataSet() names what is wrong with a COCO data set, and uses the rest",
  inFolder(async (folder) => {
    const bbox = [2, 2, 5, 5];
    const annotation = { category_id: 40, area: 25, iscrowd: 0, bbox };
    const outside = "../../../../../../../../etc/hostname";
    await writeTree(folder, {
      "images/train2017/a.png": 1,
      "images/train2017/b.png": 2,
      "images/train2017/c.png": 3,
      "annotations/instances_train2017.json": JSON.stringify({
        images: [
          { id: 1, ...size, file_name: "a.png" },
          { id: 2, ...size, width: 30, file_name: "b.png" },
          { id: 3, ...size, file_name: "c.png" },
          { id: 4, ...size, file_name: "gone.png" },
          { id: 5, ...size, file_name: outside },
        ],
        categories: [{ id: 7, name: "tool" }, { id: 40, name: "polyp" }],
        annotations: [
          { ...annotation, id: 1, image_id: 1 },
          { ...annotation, id: 2, image_id: 1, iscrowd: 1 },
          { ...annotation, id: 3, image_id: 1, bbox: [2, 2, 0, 5] },
          {
            ...{ ...annotation, id: 4, image_id: 3 },
            segmentation: { size: [10, 20], counts: [5] },
          },
        ],
      }),
    });
    const { parts, problems, names } = await readDataSet(folder);
    deepEqual(names, ["tool", "polyp"]);
    deepEqual(parts.train.map(({ name, labels }) => [name, labels]), [
      ["images/train2017/a.png", [
        { classNumber: 1, box: { x0: 2, y0: 2, x1: 7, y1: 7 } },
      ]],
    ]);
    deepEqual(problems.map(({ kind }) => kind).toSorted(), [
      "crowd",
      "empty box",
      "missing image",
      "outside the data set",
      "unreadable mask",
      "wrong size",
    ]);
    await writeTree(folder, { "annotations/instances_train2017.json": "{" });
    await rejects(readDataSet(folder), { name: "SyntaxError" });
  }),
);

Deno.test(
  "readDataSet() names a certificate that it cannot read, and takes no other texts for labels",
  inFolder(async (folder) => {
    await writeTree(folder, {
      "data.yaml": "train: train\nval: val\nnames: [polyp]\n",
      "train/a.png": 1,
      "train/a.txt": "0 0.5 0.5 0.2 0.2",
      "train/classes.txt": "polyp",
      "train/README.txt": "about",
      "val/b.png": 2,
      "certificate.json": '{"kind":"medannotate-export","version":1}',
    });
    const { parts, problems, certificate } = await readDataSet(folder);
    equal(parts.train[0].labels.length, 1); // beside the image
    equal(certificate, undefined);
    deepEqual(problems.map(({ kind }) => kind), ["unreadable certificate"]);
  }),
);
