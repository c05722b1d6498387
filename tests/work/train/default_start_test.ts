import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import {
  modelRegistry,
  openRuntime,
  trainDetector,
  type TrainPlan,
} from "medannotate";
import { findModel } from "../../../lib/work/open_model.ts";
import { openDetector } from "../../../lib/work/open_detector.ts";
import { sha256OfFile } from "../../../lib/work/model_file.ts";
import {
  detectorClasses,
  makeDetectorScene,
} from "../../../lib/work/pretrain/detector_scene.ts";
import { evaluateDetections } from "../../../lib/yolo/evaluation/evaluate_detections.ts";
import type { StartOptions } from "../../../lib/yolo/training/start.ts";
import { validate } from "../../../lib/yolo/validate.ts";
import { defaultStart, openStart } from "../../../lib/work/train/open_start.ts";
import { makeDataSet } from "./made_data_set.ts";

const about: StartOptions = {
  task: "detect",
  ...{ imageSide: 64, seed: 0, names: ["polyp", "instrument"] },
};

Deno.test("openStart() keeps all of the detector that ships but its class layers, in which known names stay", async () => {
  const start = await openStart(defaultStart, about);
  try {
    const { transfer, licence, weights } = start;
    // weight and bias of the class layer of three strides
    deepEqual(transfer?.newTensors.length, 6);
    deepEqual(transfer?.keptClasses, ["instrument"]);
    deepEqual(weights.network.names, about.names);
    equal(licence, "MIT");
  } finally {
    start.close();
  }
});

Deno.test("openStart() begins at random with the name of a design", async () => {
  const [random, shipped] = await Promise.all(
    ["yolo11n", defaultStart].map((model) => openStart(model, about)),
  );
  try {
    equal(random.transfer, undefined);
    const name = "model.0.conv.weight";
    const drawn = random.weights.read(name),
      learnt = shipped.weights.read(name);
    deepEqual(drawn.dims, learnt.dims);
    ok(drawn.data.some((value, i) => value !== learnt.data[i]));
  } finally {
    random.close();
    shipped.close();
  }
});

Deno.test("trainDetector() starts from the detector that ships when no model is named", async () => {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu" });
  try {
    const plans: TrainPlan[] = [];
    await trainDetector(runtime, {
      data: await makeDataSet(join(folder, "data")),
      out: join(folder, "run"),
      ...{ side: 64, batch: 2, epochs: 1 },
      onPlan: (plan) => void plans.push(plan),
    });
    deepEqual(plans.map(({ start }) => start), [defaultStart]);
    const run = JSON.parse(await Deno.readTextFile(`${folder}/run/run.json`));
    const { path } = await findModel(defaultStart);
    equal(run.start, await sha256OfFile(path));
    equal(run.about.licence, "MIT");
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the detector that ships is what the registry and its record say, below 6 MB", async () => {
  const record = modelRegistry.find(({ id }) => id === defaultStart);
  ok(record);
  const { path } = await findModel(defaultStart);
  const { size } = await Deno.stat(path);
  ok(size < 6e6);
  equal(record.bytes, size);
  equal(record.sha256, await sha256OfFile(path));
  const written = await readRecord();
  deepEqual(written.weights, { sha256: record.sha256, bytes: size });
  equal(written.imagesSeen, written.settings.images);
});

Deno.test("the detector that ships finds objects of scenes that it has not seen as well as its record says", async () => {
  const seed = 0x7fe00000; // where the validation of its training begins
  const { curve, settings } = await readRecord();
  const scenes = Array.from(
    { length: settings.validationImages },
    (_, i) => makeDetectorScene(seed + i, { side: 160 }),
  );
  const detector = await openDetector({ model: defaultStart, device: "cpu" });
  try {
    deepEqual(detector.engine.names, detectorClasses);
    const byName = new Map(scenes.map((scene) => [scene.name, scene]));
    const found = await validate(
      scenes.map(({ name, image, size, labels }) => ({
        ...{ name, size, labels },
        read: () => Promise.resolve(image),
      })),
      {
        load: ({ name }) => {
          const scene = byName.get(name);
          ok(scene, name);
          return Promise.resolve(scene);
        },
        classCount: detectorClasses.length,
        hasMasks: false,
        run: ({ images }) => detector.engine.run(images),
      },
      { side: 160, isRect: false },
    );
    const { boxes: { ultralytics84: { map50 } } } = evaluateDetections(
      found.map(({ evaluated }) => evaluated),
      detectorClasses,
    );
    // half precision and folded batch norms move it by less than 0.005; the rest
    // is room for scenes that change a little
    const told = curve.at(-1).validation.map50;
    ok(Math.abs(map50 - told) < 0.03, `mAP50 ${map50}, in the record ${told}`);
  } finally {
    await detector.close();
  }
});

async function readRecord() {
  const url = new URL(
    "../../../models/yolo11n-scenes.record.json",
    import.meta.url,
  );
  return JSON.parse(await Deno.readTextFile(url));
}
