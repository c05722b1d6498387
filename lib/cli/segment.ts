// deno task segment: one mask on one image.

import { encodeMaskPng, readImage, readMask } from "../media/image.ts";
import type { FramePrompt } from "../sam2/interact.ts";
import { openModel } from "../work/open_model.ts";
import { segmentImage } from "../work/segment.ts";
import { writeFileWhole } from "../work/write_file.ts";
import { type Command, runCommand, UsageError } from "./command.ts";
import { modelChoiceOf, modelOptions } from "./model_options.ts";

export const segment: Command = {
  name: "segment",
  usage:
    "IMAGE --point X,Y,+ [--point X,Y,-]… [--box X0,Y0,X1,Y1] [--mask PNG] [--zoom auto|off] [--out MASK.png]",
  summary:
    "Segments one object of an image by clicks, a box or a mask; in pixels of the image.",
  options: {
    point: {
      type: "string",
      multiple: true,
      help: "a click: X,Y,+ inside, X,Y,- outside; repeatable, in order",
    },
    box: { type: "string", help: "X0,Y0,X1,Y1" },
    mask: { type: "string", help: "a mask to start from, as PNG" },
    out: { type: "string", help: "where the mask is written, 0 or 255" },
    zoom: {
      type: "string",
      default: "off",
      help: "auto also looks at crops around the prompts; for small objects",
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
    if (prompts.length === 0 && !maskFile) {
      throw new UsageError(
        "no prompt was given, expected --point, --box or --mask",
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
