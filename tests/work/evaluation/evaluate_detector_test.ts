// A detector that learnt squares for some seconds, on data sets that name them
// in another order, lack one, know one more, and come from patients.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  CancelledError,
  dataYaml,
  type DetectorEvaluation,
  evaluateDetector,
  evaluatePredictions,
  exportDataSet,
  exportModel,
  openRuntime,
  parseCoco,
  readImage,
  trainDetector,
} from "medannotate";
import { inFolder } from "../../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";
import { madeSequence, tags } from "../export/made_sequence.ts";
import { ring } from "../export/made_sequence.ts";
import { makeDataSet } from "../train/made_data_set.ts";

let trained: Promise<{ folder: string; model: string }> | undefined;

/** A model that finds some squares; trained once, its folder is removed at the end. */
function trainOnce() {
  trained ??= (async () => {
    const folder = await Deno.makeTempDir();
    const runtime = await openRuntime({ device: "cpu" });
    try {
      const data = await makeDataSet(join(folder, "data"), { train: 24 });
      const { lastWeights } = await trainDetector(runtime, {
        data,
        out: join(folder, "run"),
        ...{ side: 64, batch: 4, epochs: 25, closeMosaic: 25 },
        rate: 0.002,
        optimiser: "adamw",
      });
      return { folder, model: lastWeights };
    } finally {
      runtime.close();
    }
  })();
  return trained;
}

globalThis.addEventListener("unload", () => {
  trained?.then(({ folder }) => Deno.removeSync(folder, { recursive: true }));
});

function evaluate(
  model: string,
  data: string,
  more: Partial<Parameters<typeof evaluateDetector>[0]> = {},
) {
  const cache = join(data, "..", "cache");
  return evaluateDetector({ model, data, device: "cpu", cache, ...more });
}

/** AP of each class by its name. */
function scores({ boxes, classNames }: DetectorEvaluation) {
  return Object.fromEntries(
    boxes.ultralytics84.classes.map(({ classNumber, ap50, labels }) => [
      classNames[classNumber],
      [labels, ap50],
    ]),
  );
}

/** Writes data.yaml with other names, and renumbers the labels; undefined leaves rows out. */
async function rename(
  data: string,
  names: Record<number, string>,
  numbers: readonly (number | undefined)[],
) {
  await Deno.writeTextFile(
    join(data, "data.yaml"),
    dataYaml({ train: "images/train", val: "images/val", names }),
  );
  for (const part of ["train", "val"]) {
    const folder = join(data, "labels", part);
    for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
      const text = await Deno.readTextFile(join(folder, name));
      const rows = text.trim().split("\n").flatMap((row) => {
        const number = numbers[Number(row[0])];
        return number === undefined ? [] : [`${number}${row.slice(1)}`];
      });
      await Deno.writeTextFile(join(folder, name), rows.join("\n") + "\n");
    }
  }
}

/** Spoils the pixels of a PNG whose chunks stay whole, so that only decoding tells. */
async function damage(path: string) {
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder("latin1").decode(bytes);
  const kind = text.indexOf("IDAT");
  const view = new DataView(bytes.buffer);
  const end = kind + 4 + view.getUint32(kind - 4);
  bytes.fill(7, kind + 4, end);
  view.setUint32(end, crc32(bytes.subarray(kind, end)));
  await Deno.writeFile(path, bytes);
}

Deno.test(
  "evaluateDetector() measures the same whatever number a class has in the data set",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"), { val: 8, seed: 3 });
    const before = await evaluate(model, data, { out: join(folder, "out") });
    ok(before.boxes.ultralytics84.map50 > 0.05, "it finds too little to prove");
    const other = await makeDataSet(join(folder, "b"), { val: 8, seed: 3 });
    await rename(other, { 0: "none", 1: "blue", 2: "red" }, [2, 1]);
    const after = await evaluate(model, other, { out: join(folder, "out") });
    deepEqual(scores(after), scores(before));
    equal(before.classNames[0], "red");
    equal(after.classNames[2], "red");
    // written predictions have the classes of the data set too
    const { boxes } = await evaluatePredictions(
      join(folder, "out", "truth.json"),
      join(folder, "out", "predictions.json"),
    );
    const named = boxes.ultralytics84.classes
      .map((
        { classNumber, labels },
      ) => [after.classNames[classNumber], labels]);
    deepEqual(
      named.sort(),
      Object.entries(scores(before)).map(([name, [labels]]) => [name, labels])
        .sort(),
    );
  }),
);

Deno.test(
  "evaluateDetector() measures an exported model as the one it is from",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"), { val: 5, seed: 3 });
    const onnx = join(folder, "own.onnx");
    await exportModel(model, onnx);
    const [own, exported] = [
      await evaluate(model, data, { isRect: false }),
      await evaluate(onnx, data), // its input is a square, whatever is asked
    ];
    ok(own.boxes.ultralytics84.map50 > 0.05);
    equal(exported.detections, own.detections);
    for (const key of ["map50", "map50to95"] as const) {
      const [a, b] = [own, exported].map(({ boxes }) =>
        boxes.ultralytics84[key]
      );
      ok(Math.abs(a - b) < 1e-4, `${key}: ${a} and ${b}`);
    }
  }),
);

Deno.test(
  "evaluateDetector() refuses a labelled class that the model does not know, naming both",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"));
    await rename(data, { 0: "red", 1: "green" }, [0, 1]);
    await rejects(
      evaluate(model, data),
      /the data set labels green, which the model does not know; it knows red, blue/,
    );
  }),
);

Deno.test(
  "evaluateDetector() leaves out what the model finds beyond the data set, and says so",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"), { val: 6, seed: 3 });
    await rename(data, { 0: "red" }, [0, undefined]);
    const { marks, classNames, detections } = await evaluate(model, data);
    deepEqual(classNames, ["red"]);
    ok(detections > 0);
    ok(
      marks.some((mark) => mark.startsWith("the data set has no class blue")),
      marks.join("; "),
    );
  }),
);

Deno.test(
  "evaluateDetector() leaves the same files for the same model and data",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"), { val: 5, seed: 4 });
    const outs = [join(folder, "one"), join(folder, "two")];
    for (const out of outs) await evaluate(model, data, { out, failures: 3 });
    const list = async (path: string): Promise<string[]> =>
      (await Promise.all(
        (await Array.fromAsync(Deno.readDir(path))).map(
          async ({ name, isDirectory }) =>
            isDirectory
              ? (await list(join(path, name))).map((own) => `${name}/${own}`)
              : [name],
        ),
      )).flat().sort();
    const names = await list(outs[0]);
    deepEqual(await list(outs[1]), names);
    for (const name of names) {
      deepEqual(
        await Deno.readFile(join(outs[0], name)),
        await Deno.readFile(join(outs[1], name)),
        name,
      );
    }
    const pictures = names.filter((name) => name.startsWith("failures/"));
    ok(pictures.length > 0 && pictures.length <= 3, pictures.join());
    equal((await readImage(join(outs[0], pictures[0]))).width, 640);
    const { shown } = JSON.parse(
      await Deno.readTextFile(join(outs[0], "failures.json")),
    );
    deepEqual(
      shown.map(({ picture }: { picture: string }) => picture).sort(),
      pictures,
    );
    const { images } = parseCoco(
      await Deno.readTextFile(join(outs[0], "truth.json")),
    );
    equal(images[4].file_name, "images/val/val4.png");
  }),
);

Deno.test(
  "evaluateDetector() tells train from val, an empty part, and a damaged image",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"), { val: 3 });
    await rejects(
      evaluate(model, data, { part: "test" }),
      /Cannot evaluate on test .* expected one of train \(6 images\), val \(3 images\)/,
    );
    const onTrain = await evaluate(model, data, { part: "train" });
    equal(onTrain.images, 6);
    ok(onTrain.marks[0].startsWith("evaluated on train"));
    await damage(join(data, "images/val/val1.png"));
    const { images, marks } = await evaluate(model, data);
    equal(images, 2);
    ok(marks.includes("1 images cannot be decoded and were left out"));
  }),
);

Deno.test(
  "evaluateDetector() ends when it is cancelled",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const data = await makeDataSet(join(folder, "a"));
    const stop = new AbortController();
    await rejects(
      evaluate(model, data, {
        signal: stop.signal,
        onProgress: ({ stage }) => stage === "check images" && stop.abort(),
      }),
      CancelledError,
    );
  }),
);

Deno.test(
  "evaluateDetector() carries the certificate's marks, and makes intervals and lesions of an export",
  inFolder(async (folder) => {
    const { model } = await trainOnce();
    const size = { width: 64, height: 48 };
    const disc = ring(size, { x: 20, y: 20, outer: 9 });
    const sequences = ["A", "B", "C", "D"].map((patient, i) => ({
      ...madeSequence(i + 1, [{ 1: disc }, { 1: disc }, {}], { size, patient }),
      fps: 25,
    }));
    const data = join(folder, "set");
    const red = tags.map((tag) =>
      tag.code === "f1" ? { ...tag, name: "red" } : tag
    );
    await exportDataSet({
      format: "yolo",
      out: data,
      sequences,
      tags: red,
      split: { kind: "patients", shares: { train: 0.5, val: 0.5 } },
    });
    const { intervals, clinical, marks, data: summary } = await evaluate(
      model,
      data,
      { samples: 50 },
    );
    equal(intervals.patients, 2);
    equal(intervals.boxes?.map50.groups, 2);
    equal(clinical?.hasTimes, true);
    equal(clinical?.all.lesions, 2); // one object of each sequence
    equal(clinical?.seen?.patients, 0);
    equal(clinical?.unseen?.patients, 2);
    equal(summary.certificate?.sharedPatients, 0);
    deepEqual(marks.filter((mark) => !mark.includes("no class blue")), []);

    const leaky = join(folder, "leaky");
    await exportDataSet({
      format: "yolo",
      out: leaky,
      sequences: sequences.slice(0, 1),
      tags: red,
    });
    const one = await evaluate(model, leaky, { samples: 50 });
    equal(one.intervals.missing, "one patient: no intervals");
    ok(one.marks.includes("no independent validation"), one.marks.join("; "));
    ok(
      one.marks.some((mark) => mark.startsWith("leak: all 3 images of val")),
      one.marks.join("; "),
    );
  }),
);

sharedTest(
  "evaluateDetector() gives what the package printed for its own weights",
  async () => {
    const folder = await Deno.makeTempDir();
    const yolo = new URL("golden/yolo/", sharedUrl).pathname;
    const golden = JSON.parse(
      await Deno.readTextFile(`${yolo}predict-det/val-metrics.json`),
    );
    try {
      for (
        const [name, isRect] of [["rect", true], ["square", false]] as const
      ) {
        const out = join(folder, name);
        const { boxes } = await evaluateDetector({
          data: `${yolo}data/shapes-det`,
          model: `${yolo}pt/yolo11n-shapes-det.pt`,
          cache: join(folder, "cache"),
          device: "cpu",
          ...{ isRect, out },
        });
        const wanted = golden[name].box;
        const { map50, map50to95, precision, recall } = boxes.ultralytics84;
        ok(Math.abs(map50to95 - wanted.mAP50_95) < 0.005, `${map50to95}`);
        ok(Math.abs(map50 - wanted.mAP50) < 0.005, `${map50}`);
        ok(Math.abs(precision - wanted.P) < 0.02, `${precision}`);
        ok(Math.abs(recall - wanted.R) < 0.02, `${recall}`);
        // the same from the files that were written, where boxes are cut and rounded
        const again = await evaluatePredictions(
          join(out, "truth.json"),
          join(out, "predictions.json"),
        );
        const { map50to95: read } = again.boxes.ultralytics84;
        ok(Math.abs(read - map50to95) < 0.005, `${read}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

sharedTest(
  "evaluateDetector() measures masks, and writes them at the size of the image",
  async () => {
    const folder = await Deno.makeTempDir();
    const yolo = new URL("golden/yolo/", sharedUrl).pathname;
    const golden = JSON.parse(
      await Deno.readTextFile(`${yolo}predict-seg/val-metrics.json`),
    );
    try {
      const { masks } = await evaluateDetector({
        data: `${yolo}data/shapes-seg`,
        model: `${yolo}pt/yolo11n-shapes-seg.pt`,
        cache: join(folder, "cache"),
        device: "cpu",
        out: folder,
      });
      const wanted = golden.rect_proto_masks.mask.mAP50_95;
      const found = masks?.ultralytics84.map50to95 ?? NaN;
      ok(Math.abs(found - wanted) < 0.005, `${found}, expected ${wanted}`);
      const truth = parseCoco(
        await Deno.readTextFile(join(folder, "truth.json")),
      );
      const [first] = JSON.parse(
        await Deno.readTextFile(join(folder, "predictions.json")),
      );
      deepEqual(first.segmentation.size, [
        truth.images[0].height,
        truth.images[0].width,
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
