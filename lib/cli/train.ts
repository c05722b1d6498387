// deno task train: a detector from a data set.

import { openRuntime } from "../runtime/runtime.ts";
import {
  type Augmentation,
  defaultAugmentation,
} from "../yolo/training/augment.ts";
import type { ResultsRow } from "../work/train/results_csv.ts";
import {
  trainDetector,
  type TrainOptions,
  type TrainPlan,
} from "../work/train/train_detector.ts";
import {
  type Call,
  type Command,
  type CommandOption,
  runCommand,
  UsageError,
} from "./command.ts";
import { given, positiveOf } from "./given.ts";
import { deviceOf, modelOptions } from "./model_options.ts";

const options = {
  data: { type: "string", help: "a data set: its folder or data.yaml" },
  out: { type: "string", help: "folder for weights, curves and state" },
  task: {
    type: "string",
    help: "detect or segment; default what the labels are",
  },
  model: {
    type: "string",
    help:
      "a checkpoint, a model by its id, or a design to start from nothing: yolo11n, yolo11s, … yolov8x; default yolo11n-scenes, which ships",
  },
  epochs: {
    type: "string",
    help:
      "passes over the images; default 100, without a GPU as many of them as fit into half an hour",
  },
  batch: {
    type: "string",
    help: "images of a step; default 16, without a GPU 8",
  },
  size: {
    type: "string",
    help: "side of the input in pixels; default 640, without a GPU 320",
  },
  seed: { type: "string", help: "of all chance; default 0" },
  freeze: {
    type: "string",
    help: "modules from the front that stay as they are",
  },
  patience: {
    type: "string",
    help:
      "ends after so many epochs without a better one; default 100, 0 never",
  },
  optimizer: { type: "string", help: "auto (default), adamw, sgd or musgd" },
  rate: { type: "string", help: "learning rate; default by the optimizer" },
  "nominal-batch": {
    type: "string",
    help: "gathers gradients over so many images; default the batch",
  },
  "close-mosaic": {
    type: "string",
    help: "epochs without mosaics at the end; default 10",
  },
  cosine: {
    type: "boolean",
    help: "the rate falls along a cosine, not a line",
  },
  augment: {
    type: "string",
    multiple: true,
    help: `an amount as NAME=NUMBER: ${
      Object.keys(defaultAugmentation).join(", ")
    }`,
  },
  force: {
    type: "boolean",
    help: "trains although images are in more than one part",
  },
  restart: { type: "boolean", help: "forgets the run in the folder" },
  device: modelOptions.device,
} as const satisfies Record<string, CommandOption>;

export const train: Command = {
  name: "train",
  usage: "--data DIR --out DIR [--model FILE] [--epochs N]",
  summary:
    "Trains a YOLO detector; the same command goes on where it was stopped.",
  options,
  positionals: { least: 0, most: 0 },
  async run(call) {
    const wanted = optionsOf(call);
    const runtime = await openRuntime({ device: deviceOf(call) });
    try {
      const result = await trainDetector(runtime, {
        ...wanted,
        onPlan: (plan) => sayPlan(call, plan),
        onEpoch: (_, row) => call.say(epochLine(row)),
        onProgress: call.onProgress,
        signal: call.signal,
      });
      const { epoch, fitness } = result.best;
      call.say(
        `best epoch ${epoch} of ${result.epochs}, fitness ${
          fitness.toFixed(4)
        }: ${result.bestWeights}`,
      );
      for (const mark of result.marks) call.warn(`note: ${mark}`);
      const { measures: _, ...told } = result;
      return told;
    } finally {
      runtime.close();
    }
  },
};

function optionsOf(call: Call): TrainOptions {
  const required = (name: "data" | "out") => {
    const value = call.text(name);
    if (value) return value;
    throw new UsageError(`expected --${name}`);
  };
  const side = call.count("size", { least: 32 });
  return {
    data: required("data"),
    out: required("out"),
    model: call.text("model"),
    task: choice(call, "task", ["detect", "segment"]),
    optimiser: choice(call, "optimizer", ["auto", "adamw", "sgd", "musgd"]),
    augmentation: augmentationOf(call.texts("augment")),
    force: call.flag("force"),
    restart: call.flag("restart"),
    command: call.command,
    isCosine: call.flag("cosine"),
    ...given({
      epochs: call.count("epochs", { least: 1 }),
      batch: call.count("batch", { least: 1 }),
      side,
      seed: call.count("seed"),
      freeze: call.count("freeze"),
      patience: call.count("patience"),
      nominalBatch: call.count("nominal-batch", { least: 1 }),
      closeMosaic: call.count("close-mosaic"),
      rate: positiveOf(call, "rate"),
    }),
  };
}

function choice<Word extends string>(
  call: Call,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = call.text(name);
  const word = words.find((word) => word === text);
  if (text !== undefined && !word) {
    throw new UsageError(
      `--${name} is ${text}, expected ${words.join(" or ")}`,
    );
  }
  return word;
}

function augmentationOf(texts: readonly string[]): Partial<Augmentation> {
  const amounts: Record<string, number> = {};
  for (const text of texts) {
    const [name, amount, ...rest] = text.split("=");
    const value = Number(amount);
    const isRight = Object.hasOwn(defaultAugmentation, name) && amount &&
      rest.length === 0 && value >= 0 && Number.isFinite(value);
    if (!isRight) {
      throw new UsageError(
        `--augment is ${text}, expected NAME=NUMBER with one of ${
          Object.keys(defaultAugmentation).join(", ")
        }`,
      );
    }
    amounts[name] = value;
  }
  return amounts;
}

function sayPlan(call: Call, plan: TrainPlan) {
  const { settings, images, transfer, estimate, problems } = plan;
  const { epochs, batch, side, optimiser, rate } = settings;
  if (problems.length > 0) {
    call.warn(
      `note: ${problems.length} problems in the data set, listed in problems.txt`,
    );
  }
  call.say(
    `start: ${plan.start}` +
      (transfer
        ? `, ${transfer.keptTensors} tensors kept, ${transfer.newTensors.length} new`
        : ""),
  );
  call.say(
    `${images.train} images to learn from, ${images.validation} to validate on; ` +
      `${epochs} epochs, batch ${batch}, ${side} px, ${optimiser} ${rate}`,
  );
  if (plan.epochsDone > 0) call.say(`goes on after epoch ${plan.epochsDone}`);
  call.say(
    `about ${
      duration(estimate.seconds)
    } and the validations: ${estimate.steps} steps of ${
      (estimate.secondsPerStep * 1000).toFixed(0)
    } ms`,
  );
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400
    ? `${Math.round(seconds / 60)} min`
    : `${(seconds / 3600).toFixed(1)} h`;
}

/** An epoch on a line: losses, then what the validation says. */
function epochLine(row: ResultsRow): string {
  const losses = Object.entries(row)
    .filter(([name]) => name.startsWith("train/"))
    .map(([name, value]) =>
      `${name.slice(6).replace("_loss", "")} ${value.toFixed(3)}`
    );
  const scores = ["B", "M"].flatMap((letter) => {
    const map = row[`metrics/mAP50-95(${letter})`];
    return map === undefined ? [] : [`mAP50-95(${letter}) ${map.toFixed(3)}`];
  });
  return `epoch ${row.epoch}: ${[...losses, ...scores].join(", ")}`;
}

if (import.meta.main) await runCommand(train);
