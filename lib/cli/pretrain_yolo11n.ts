// deno task pretrain yolo11n: the detector that `train` starts from.

import { openRuntime } from "../runtime/runtime.ts";
import { pretrainDetector } from "../work/pretrain/open_yolo_pretraining.ts";
import type { YoloCurveRow } from "../work/pretrain/yolo_state.ts";
import type { Call } from "./command.ts";
import { given, positiveOf } from "./given.ts";
import { deviceOf } from "./model_options.ts";

/** Pretrains the detector as the words of the command line say. */
export async function pretrainYolo11n(call: Call, out: string) {
  const runtime = await openRuntime({
    device: deviceOf(call),
    threads: call.count("threads", { least: 1 }),
  });
  try {
    const { weightsPath, rows } = await pretrainDetector(runtime, {
      out,
      settings: settingsOf(call),
      restart: call.flag("restart"),
      stepsPerRow: call.count("every", { least: 1 }),
      onRow: (row) => call.say(rowLine(row)),
      onProgress: call.onProgress,
      signal: call.signal,
    });
    const last = rows.at(-1);
    call.say(`weights: ${weightsPath}`);
    return { weights: weightsPath, images: last?.imagesSeen, last };
  } finally {
    runtime.close();
  }
}

function settingsOf(call: Call) {
  return given({
    images: call.count("images", { least: 1 }),
    side: call.count("size", { least: 32 }),
    seed: call.count("seed"),
    batch: call.count("batch", { least: 1 }),
    rate: positiveOf(call, "rate"),
    validationImages: call.count("validate", { least: 1 }),
  });
}

/** A row on a line: the losses, and how good it is where that was measured. */
function rowLine(row: YoloCurveRow): string {
  const [box, kind, side] = row.losses.map((loss) => loss.toFixed(3));
  const found = row.validation;
  const percent = (part: number) => (100 * part).toFixed(1);
  return `step ${row.step}: ${row.imagesSeen} images, losses box ${box}, class ${kind}, side ${side}` +
    (found
      ? `; unseen scenes: mAP50 ${percent(found.map50)}, mAP50-95 ${
        percent(found.map50to95)
      } (${
        Object.entries(found.classes)
          .map(([name, { map50to95 }]) => `${name} ${percent(map50to95)}`)
          .join(", ")
      })`
      : "");
}
