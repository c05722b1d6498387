// deno task pretrain: the models that ship, trained on generated scenes.

import { openRuntime } from "../runtime/runtime.ts";
import { pretrainNano } from "../work/pretrain/open_pretraining.ts";
import { nanoSettings } from "../work/pretrain/sam2_settings.ts";
import type { CurveRow } from "../work/pretrain/sam2_state.ts";
import {
  type Call,
  type Command,
  type CommandOption,
  runCommand,
  UsageError,
} from "./command.ts";
import { given, positiveOf } from "./given.ts";
import { deviceOf, modelOptions } from "./model_options.ts";
import { pretrainYolo11n } from "./pretrain_yolo11n.ts";

const options = {
  out: { type: "string", help: "folder for state, curve and weights" },
  from: {
    type: "string",
    help: "a checkpoint of the same sizes; default values by chance",
  },
  steps: { type: "string", help: "steps in all; default 10000" },
  images: {
    type: "string",
    help: "scenes that yolo11n sees, each once; default 36000",
  },
  size: {
    type: "string",
    help:
      "side of the input in pixels, a multiple of 32; default 128, for yolo11n 160",
  },
  rate: {
    type: "string",
    help: "highest learning rate; default 0.0005, for yolo11n 0.0015",
  },
  seed: { type: "string", help: "of scenes and all chance; default 1" },
  batch: {
    type: "string",
    help:
      "images of a step on stills; default 12, steps on clips have half; for yolo11n 8",
  },
  frames: {
    type: "string",
    help: "frames of the longest clips to learn from; default 6",
  },
  clicks: {
    type: "string",
    help: "prompts of a still, at most; default 4",
  },
  every: {
    type: "string",
    help: "steps between two savings, what a kill may cost; default 100",
  },
  validate: {
    type: "string",
    help: "unseen clips to validate on; default 48, for yolo11n 240 pictures",
  },
  threads: { type: "string", help: "processor cores to use; default all" },
  restart: { type: "boolean", help: "forgets the run in the folder" },
  device: modelOptions.device,
} as const satisfies Record<string, CommandOption>;

export const pretrain: Command = {
  name: "pretrain",
  usage: "sam2-nano|yolo11n --out DIR [--from FILE] [--steps N] [--images N]",
  summary:
    "Trains a model that ships on generated scenes; the same command goes on where it was stopped.",
  options,
  positionals: { least: 1, most: 1 },
  async run(call) {
    const [model] = call.positionals;
    if (model !== "sam2-nano" && model !== "yolo11n") {
      throw new UsageError(
        `there is no model ${model}, expected sam2-nano or yolo11n`,
      );
    }
    const out = call.text("out");
    if (!out) throw new UsageError("expected --out");
    refuseForeign(call, model);
    if (model === "yolo11n") return await pretrainYolo11n(call, out);
    const runtime = await openRuntime({
      device: deviceOf(call),
      threads: call.count("threads", { least: 1 }),
    });
    try {
      const { weightsPath, rows } = await pretrainNano(runtime, {
        out,
        from: call.text("from"),
        settings: settingsOf(call),
        restart: call.flag("restart"),
        stepsPerRow: call.count("every", { least: 1 }),
        onRow: (row) => call.say(rowLine(row)),
        onProgress: call.onProgress,
        signal: call.signal,
      });
      const last = rows.at(-1);
      call.say(`weights: ${weightsPath}`);
      return { weights: weightsPath, steps: last?.step, last };
    } finally {
      runtime.close();
    }
  },
};

const onlyFor = {
  "sam2-nano": ["from", "steps", "frames", "clicks"],
  "yolo11n": ["images"],
} as const;

/** Refuses options that mean nothing for this model. */
function refuseForeign(call: Call, model: keyof typeof onlyFor) {
  const other = model === "yolo11n" ? "sam2-nano" : "yolo11n";
  const foreign = onlyFor[other].find((name) => call.text(name) !== undefined);
  if (!foreign) return;
  throw new UsageError(`--${foreign} is only for ${other}`);
}

function settingsOf(call: Call) {
  const batch = call.count("batch", { least: 1 });
  return given({
    steps: call.count("steps", { least: 1 }),
    side: call.count("size", { least: 32 }),
    seed: call.count("seed"),
    rate: positiveOf(call, "rate"),
    clipFrames: call.count("frames", { least: 2 }),
    passes: call.count("clicks", { least: 1 }),
    validationClips: call.count("validate", { least: 1 }),
    ...(batch === undefined ? {} : {
      stills: { ...nanoSettings.stills, images: batch },
      clips: { ...nanoSettings.clips, images: Math.ceil(batch / 2) },
    }),
  });
}

/** A row on a line: how it learns, and how good it is where that was measured. */
function rowLine(row: CurveRow): string {
  const percent = (values: readonly number[]) =>
    values.map((value) => value.toFixed(3)).join(" ");
  const found = row.validation;
  return `step ${row.step}: ${row.imagesSeen} images, loss ${
    row.loss.toFixed(3)
  }, IoU ${row.firstIou.toFixed(3)} to ${row.lastIou.toFixed(3)}` +
    (found
      ? `; unseen scenes: ${percent(found.iouByClicks)} by clicks, ${
        percent(found.iouByFrame)
      } by frame`
      : "");
}

if (import.meta.main) await runCommand(pretrain);
