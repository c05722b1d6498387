// A training of two epochs and its evaluation, reported from their folders.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import {
  evaluateDetector,
  makeReport,
  openRuntime,
  trainDetector,
} from "medannotate";
import { inFolder } from "../../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";
import { makeDataSet } from "../train/made_data_set.ts";

/** Trains and evaluates in a folder. */
async function experimentIn(folder: string) {
  const data = await makeDataSet(join(folder, "data"));
  const runtime = await openRuntime({ device: "cpu" });
  const run = join(folder, "run");
  const evaluation = join(folder, "evaluation");
  try {
    const { bestWeights } = await trainDetector(runtime, {
      ...{ data, out: run, side: 64, batch: 2, epochs: 2, closeMosaic: 1 },
      command: "deno task train --data data",
    });
    await evaluateDetector({
      data,
      model: bestWeights,
      out: evaluation,
      cache: join(folder, "cache"),
      device: "cpu",
    });
  } finally {
    runtime.close();
  }
  return { data, run, evaluation };
}

Deno.test(
  "makeReport() writes a page and its JSON, the same again but for the date",
  inFolder(async (folder) => {
    const { data, run, evaluation } = await experimentIn(folder);
    const out = join(folder, "report.html");
    const make = async (date: Date, more = {}) => {
      const made = await makeReport({ run, evaluation, out, date, ...more });
      return {
        ...made,
        texts: [
          await Deno.readTextFile(made.page),
          await Deno.readTextFile(made.json),
        ],
      };
    };
    const first = await make(new Date(0));
    const again = await make(new Date(0));
    deepEqual(again.texts, first.texts);
    const later = await make(new Date(86_400_000));
    for (const [i, text] of later.texts.entries()) {
      const before = first.texts[i].split("\n");
      const now = text.split("\n");
      equal(now.length, before.length);
      equal(now.filter((line, i) => line !== before[i]).length, 1);
    }

    const { training, evaluation: measured, models, marks } = first.experiment;
    deepEqual(JSON.parse(first.texts[1]), first.experiment);
    equal(training?.rows.length, 2);
    equal(training?.command, "deno task train --data data");
    ok(training?.bestEpoch === 1 || training?.bestEpoch === 2);
    ok(measured && measured.measures.images === 3);
    deepEqual(models.map(({ role }) => role), [
      "start",
      "best",
      "last",
      "evaluated",
    ]);
    equal(models[1].sha256, models[3].sha256);
    deepEqual(marks, []);
    const shown = measured?.gallery?.shown.length ?? 0;
    const page = first.texts[0];
    equal(page.match(/src="data:image\/jpeg;base64,\/9j/g)?.length ?? 0, shown);
    ok(shown > 0);

    // the data set read anew is the same, until a label goes
    equal((await make(new Date(0), { data })).experiment.marks.length, 0);
    await Deno.writeTextFile(join(data, "labels/train/train0.txt"), "");
    deepEqual((await make(new Date(0), { data })).experiment.marks, [
      "the data set is not, or no longer, that of the training",
      "the data set is not, or no longer, that of the evaluation",
    ]);
  }),
);

Deno.test(
  "makeReport() says whose measures it shows, and refuses folders that hold nothing of ours",
  inFolder(async (folder) => {
    const { run, evaluation } = await experimentIn(folder);
    const out = join(folder, "report.html");
    const alone = await makeReport({ run, out });
    ok(alone.experiment.evaluation && !alone.experiment.evaluation.gallery);
    ok(alone.experiment.marks[0].startsWith("the measures are the training's"));
    const only = await makeReport({ run: evaluation, out });
    ok(only.experiment.data && !only.experiment.training);

    const metrics = join(evaluation, "metrics.json");
    const text = await Deno.readTextFile(metrics);
    await Deno.writeTextFile(
      metrics,
      text.replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${"0".repeat(64)}"`),
    );
    const strange = await makeReport({ run, evaluation, out });
    deepEqual(strange.experiment.marks, [
      "the model that was evaluated is not one of this training",
    ]);
    await Deno.writeTextFile(metrics, text.replace('"boxes":', '"bxes":'));
    await rejects(
      makeReport({ run, evaluation, out }),
      /Cannot report .*metrics\.json: [^]*boxes/,
    );
    await rejects(
      makeReport({ run: folder, out }),
      /expected what train, evaluate, detect or propagate --out left/,
    );
    await rejects(
      makeReport({ run, evaluation: folder, out }),
      /it has no metrics\.json/,
    );
    await rejects(
      makeReport({ run, out: join(folder, "page.pdf") }),
      /expected a name that ends in \.html/,
    );
  }),
);

sharedTest(
  "makeReport() tells the licence of what a training began with",
  async () => {
    const folder = await Deno.makeTempDir();
    const runtime = await openRuntime({ device: "cpu" });
    try {
      const run = join(folder, "run");
      await trainDetector(runtime, {
        data: await makeDataSet(join(folder, "data")),
        model:
          new URL("golden/yolo/pt/yolo11n-shapes-det.pt", sharedUrl).pathname,
        ...{ out: run, side: 64, batch: 2, epochs: 1, closeMosaic: 1 },
      });
      const { experiment } = await makeReport({
        run,
        out: join(folder, "report.html"),
      });
      const licences = experiment.models.map(({ licence }) => licence);
      equal(licences.length, 3);
      for (const licence of licences) {
        ok(
          licence?.startsWith("AGPL"),
          `${licence}`,
        );
      }
    } finally {
      runtime.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test(
  "makeReport() reports what detect and propagate left",
  inFolder(async (folder) => {
    const out = join(folder, "report.html");
    const found = join(folder, "found");
    await Deno.mkdir(found);
    await Deno.writeTextFile(
      join(found, "run.json"),
      JSON.stringify({
        kind: "medannotate-detection",
        input: "clip.mp4",
        model: "best.safetensors",
        framesSha256: "a",
        modelSha256: "b",
        options: { confidence: 0.25 },
        status: "done",
      }),
    );
    const line = (frame: number, names: readonly string[]) =>
      JSON.stringify({
        frame,
        name: "",
        timeMs: null,
        size: [64, 48],
        detections: names.map((name, i) => ({
          box: [0, 0, 9, 9],
          confidence: 0.5 + i / 10,
          class: 0,
          name,
        })),
      });
    await Deno.writeTextFile(
      join(found, "detections.jsonl"),
      [line(0, ["polyp", "polyp"]), line(1, [])].join("\n") + "\n",
    );
    const { experiment: { detection } } = await makeReport({ run: found, out });
    equal(detection?.frames, 2);
    deepEqual(detection?.classes, [
      { name: "polyp", detections: 2, frames: 1, meanConfidence: 0.55 },
    ]);

    const masks = join(folder, "masks");
    await Deno.mkdir(masks);
    const sums = { framesSha256: "a", promptsSha256: "p", modelSha256: "m" };
    await Deno.writeTextFile(
      join(masks, "run.json"),
      JSON.stringify({ ...sums, options: { direction: "both" } }),
    );
    await Deno.writeTextFile(
      join(masks, "propagation.json"),
      JSON.stringify({
        frameCount: 2,
        objects: [{ object: 1, name: "polyp" }],
        frames: [
          { frame: 1, object: 1, drift: 0.9, areaPx: 0 },
          { frame: 0, object: 1, drift: 0.25, areaPx: 5 },
        ],
      }),
    );
    const propagated = await makeReport({ run: masks, out });
    deepEqual(propagated.experiment.propagation?.objects, [{
      object: 1,
      name: "polyp",
      framesWithMask: 1,
      meanDrift: 0.25,
      highestDrift: 0.25,
      drift: [0.25, null],
    }]);
  }),
);
