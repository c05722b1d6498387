import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { startFromCheckpoint, startFromNothing } from "medannotate";
import { fillSettings } from "../../../lib/yolo/training/settings.ts";
import {
  averageShareAt,
  chooseOptimiser,
  settingsAt,
} from "../../../lib/yolo/training/schedule.ts";
import {
  gatherParameters,
  layoutParameters,
  withParameters,
} from "../../../lib/yolo/training/parameters.ts";
import { parseNetwork, tensorNames } from "../../../lib/yolo/network.ts";

const about = {
  task: "detect",
  names: ["polyp", "tool"],
  imageSide: 64,
  seed: 0,
} as const;
const nano = { family: "yolo11", size: "n" } as const;

Deno.test("startFromNothing() expects few objects: 5 on an image of 640, over all classes", () => {
  const start = startFromNothing(nano, about);
  const bias = start.read("model.23.cv3.0.2.bias").data;
  // log(5 / 2 classes / (640 / 8)²)
  ok(Math.abs(bias[0] - Math.log(5 / 2 / 6400)) < 1e-6);
  equal(start.read("model.23.cv2.2.2.bias").data[5], 2);
  const other = startFromNothing(nano, { ...about, seed: 1 });
  const name = "model.0.conv.weight";
  ok(other.read(name).data.some((x, i) => x !== start.read(name).data[i]));
});

Deno.test("startFromCheckpoint() copies the rows of classes with the same name", () => {
  const source = startFromNothing(nano, about);
  const { weights, report } = startFromCheckpoint(source, {
    ...about,
    names: ["ulcer", "polyp", "fold"],
  });
  deepEqual(report.keptClasses, ["polyp"]);
  const name = "model.23.cv3.1.2.weight";
  const old = source.read(name), fresh = weights.read(name);
  deepEqual(fresh.dims, [3, old.dims[1], 1, 1]);
  const inputs = old.dims[1];
  deepEqual(fresh.data.slice(inputs, 2 * inputs), old.data.slice(0, inputs));
  equal(
    weights.read("model.5.conv.weight"),
    source.read("model.5.conv.weight"),
  );
});

Deno.test("startFromCheckpoint() gives a detector what makes masks, and takes it away", () => {
  const source = startFromNothing(nano, about);
  const { weights } = startFromCheckpoint(source, {
    ...about,
    task: "segment",
  });
  equal(weights.network.head.masks?.count, 32);
  deepEqual(weights.read("model.23.proto.upsample.weight").dims, [
    64,
    64,
    2,
    2,
  ]);
  for (const name of tensorNames(weights.network)) weights.read(name);
  const back = startFromCheckpoint(weights, about).weights;
  equal(back.network.head.masks, undefined);
});

Deno.test("parseNetwork() reads back what JSON kept, and says what is wrong", () => {
  const { network } = startFromNothing(nano, { ...about, task: "segment" });
  deepEqual(parseNetwork(JSON.stringify(network)), network);
  throws(() => parseNetwork("{"), /no JSON/);
  throws(
    () => parseNetwork(JSON.stringify({ ...network, task: "pose" })),
    /task/,
  );
});

Deno.test("layoutParameters() leaves frozen modules out, and what was gathered goes back to its place", () => {
  const start = startFromNothing(nano, about);
  const whole = layoutParameters(start);
  equal(
    whole.length,
    whole.groups.weights + whole.groups.scales + whole.groups.offsets,
  );
  const head = layoutParameters(start, { freeze: 23 });
  ok(head.places.every(({ name }) => name.startsWith("model.23.")));
  const values = gatherParameters(start, head);
  const moved = withParameters(start, head, {
    ...values,
    parameters: values.parameters.map((x) => x + 1),
  });
  const name = "model.23.cv2.0.2.bias";
  equal(moved.read(name).data[0], start.read(name).data[0] + 1);
  equal(moved.read("model.0.conv.weight"), start.read("model.0.conv.weight"));
});

Deno.test("settingsAt() warms up from nothing, then falls to a hundredth", () => {
  const schedule = {
    epochs: 10,
    batchesPerEpoch: 10,
    batch: 4,
    nominalBatch: 16,
    rate: 1,
    lastShare: 0.01,
    isCosine: false,
    warmUpEpochs: 3,
    warmUpOffsetRate: 0.1,
    momentum: 0.9,
    warmUpMomentum: 0.8,
  };
  const first = settingsAt(schedule, 0);
  deepEqual(first, { rates: [0, 0, 0.1], momentum: 0.8, accumulate: 1 });
  const middle = settingsAt(schedule, 15); // half of the warm-up, second epoch
  ok(Math.abs(middle.rates[0] - 0.5 * 0.901) < 1e-12); // 0.901 = 0.9 · 0.99 + 0.01
  equal(middle.accumulate, 3); // 2.5 is rounded
  const last = settingsAt(schedule, 99);
  ok(Math.abs(last.rates[0] - (0.1 * 0.99 + 0.01)) < 1e-12);
  equal(last.accumulate, 4);
});

Deno.test("chooseOptimiser() takes AdamW up to 10,000 updates, then MuSGD", () => {
  const run = { batch: 16, epochs: 100, classCount: 1 };
  deepEqual(chooseOptimiser({ ...run, images: 100 * 64 }), {
    optimiser: "adamw",
    rate: 0.002, // 0.002 · 5 / (4 + 1)
  });
  equal(chooseOptimiser({ ...run, images: 101 * 64 }).optimiser, "musgd");
  ok(Math.abs(averageShareAt(2000) - 0.9999 * (1 - Math.exp(-1))) < 1e-12);
});

Deno.test("fillSettings() names a setting that cannot be", () => {
  const data = { images: 10, classCount: 1 };
  throws(
    () => fillSettings({ task: "detect", side: 100 }, data),
    /side is 100, expected a multiple of 32/,
  );
  throws(
    () => fillSettings({ task: "detect", epochs: 0 }, data),
    /epochs is 0, expected a whole number of at least 1/,
  );
});
