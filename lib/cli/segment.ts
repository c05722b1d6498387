// deno task segment: one mask on one image, or all there are.

import type { RgbImage } from "../base/image.ts";
import { encodeMaskPng, readImage, readMask } from "../media/image.ts";
import { segmentEverything } from "../sam2/automatic.ts";
import type { FramePrompt } from "../sam2/interact.ts";
import { type OpenModel, openModel } from "../work/open_model.ts";
import { segmentImage } from "../work/segment.ts";
import { writeEverything } from "../work/write_everything.ts";
import { requireWritable, writeFileWhole } from "../work/write_file.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";
import { modelChoiceOf, modelOptions } from "./model_options.ts";

export const segment: Command = {
  name: "segment",
  usage:
    "IMAGE --point X,Y,+ [--point X,Y,-]… [--box X0,Y0,X1,Y1] [--mask PNG] [--zoom auto|off] [--out MASK.png] | IMAGE --everything --out FOLDER",
  summary:
    "Segments one object of an image by clicks, a box or a mask, in pixels of the image, or everything it sees.",
  options: {
    point: {
      type: "string",
      multiple: true,
      help: "a click: X,Y,+ inside, X,Y,- outside; repeatable, in order",
    },
    box: { type: "string", help: "X0,Y0,X1,Y1" },
    mask: { type: "string", help: "a mask to start from, as PNG" },
    out: {
      type: "string",
      help: "where the mask is written, 0 or 255; with --everything a folder",
    },
    zoom: {
      type: "string",
      default: "off",
      help: "auto also looks at crops around the prompts; for small objects",
    },
    everything: {
      type: "boolean",
      help: "find all masks by a grid of clicks, without a prompt",
    },
    grid: {
      type: "string",
      default: "32",
      help: "clicks along each side, for --everything",
    },
    "min-iou": {
      type: "string",
      default: "0.8",
      help: "least predicted IoU, for --everything; less for small models",
    },
    "min-stability": {
      type: "string",
      default: "0.95",
      help: "least stability, for --everything; less for small models",
    },
    crops: {
      type: "string",
      default: "0",
      help: "layers of crops that are looked at too, for --everything",
    },
    ...modelOptions,
  },
  positionals: { least: 1, most: 1 },
  async run(call) {
    const prompts: FramePrompt[] = [
      ...call.texts("box").map(parseBox),
      ...call.texts("point").map(parsePoint),
    ];
    const choice = modelChoiceOf(call);
    const zoom = call.text("zoom");
    if (zoom !== "auto" && zoom !== "off") {
      throw new UsageError(`--zoom is ${zoom}, expected auto or off`);
    }
    const maskFile = call.text("mask");
    if (call.flag("everything")) {
      if (prompts.length > 0 || maskFile) {
        throw new UsageError("--everything takes no --point, --box or --mask");
      }
      return await runEverything(call);
    }
    if (prompts.length === 0 && !maskFile) {
      throw new UsageError(
        "no prompt was given, expected --point, --box, --mask or --everything",
      );
    }
    const image = await readImage(call.positionals[0]);
    if (maskFile) {
      prompts.unshift({ kind: "mask", mask: await readMask(maskFile) });
    }
    const model = await openModel(choice);
    try {
      const { mask, ...rest } = await segmentImage(model, image, prompts, {
        zoom,
      });
      const out = call.text("out");
      if (out) await writeFileWhole(out, await encodeMaskPng(mask));
      const { x0, y0, x1, y1 } = rest.box ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
      call.say(
        `${rest.areaPx} px, predicted IoU ${rest.predictedIou.toFixed(3)}, ` +
          `presence ${
            rest.presenceScore.toFixed(3)
          }, box ${x0},${y0},${x1},${y1}, ` +
          `encode ${rest.msEncode.toFixed(0)} ms, decode ${
            rest.msDecode.toFixed(0)
          } ms` +
          (out ? `, written to ${out}` : ""),
      );
      return { ...rest, box: rest.box ? [x0, y0, x1, y1] : null, out };
    } finally {
      await model.close();
    }
  },
};

/** Finds all masks of an image and writes them into a folder. */
async function runEverything(call: Call) {
  const out = call.text("out");
  if (!out) throw new UsageError("--everything needs --out FOLDER");
  const options = {
    pointsPerSide: call.count("grid", { least: 1 }),
    minPredictedIou: parseShare(call, "min-iou"),
    minStability: parseShare(call, "min-stability"),
    cropLayers: call.count("crops"),
  };
  const choice = modelChoiceOf(call);
  const image = await readImage(call.positionals[0]);
  await requireWritable(out);
  const model = await openModel(choice);
  try {
    return await findEverything(model, image, { call, out, options });
  } finally {
    await model.close();
  }
}

async function findEverything(
  { engine }: OpenModel,
  image: RgbImage,
  { call, out, options }: {
    readonly call: Call;
    readonly out: string;
    readonly options: Parameters<typeof segmentEverything>[2];
  },
) {
  const { signal, onProgress } = call;
  const startMs = performance.now();
  const found = await segmentEverything(engine, image, {
    ...options,
    signal,
    onProgress,
  });
  const ms = performance.now() - startMs;
  const masks = await writeEverything(image, found, out);
  call.say(
    `${masks.length} masks in ${(ms / 1000).toFixed(1)} s, written to ${out}` +
      (masks.length === 0
        ? "; lower --min-iou and --min-stability for more"
        : ""),
  );
  return { out, ms, masks };
}

/** A number from 0 to 1. */
function parseShare(call: Call, name: string): number {
  const value = parseNumber(call.text(name));
  if (value >= 0 && value <= 1) return value;
  throw new UsageError(
    `--${name} is ${call.text(name)}, expected a number from 0 to 1`,
  );
}

function parsePoint(text: string): FramePrompt {
  const [left, top, sign, ...others] = text.split(",");
  const [x, y] = [parseNumber(left), parseNumber(top)];
  const isSign = sign === "+" || sign === "-";
  if (!isSign || Number.isNaN(x + y) || others.length > 0) {
    throw new UsageError(`--point is ${text}, expected X,Y,+ or X,Y,-`);
  }
  return { kind: "point", x, y, sign };
}

function parseBox(text: string): FramePrompt {
  const numbers = text.split(",").map(parseNumber);
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) {
    throw new UsageError(`--box is ${text}, expected X0,Y0,X1,Y1`);
  }
  const [x0, y0, x1, y1] = numbers;
  return { kind: "box", x0, y0, x1, y1 };
}

/** A decimal number; NaN for anything else, such as nothing at all. */
function parseNumber(text = ""): number {
  return /^-?\d+(\.\d*)?$/.test(text) ? Number(text) : NaN;
}

if (import.meta.main) await runCommand(segment);
