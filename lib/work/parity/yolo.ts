// Everything that a folder of YOLO goldens holds, as checks; parts that are
// absent are left out, so that a clone can keep the small ones.
//
// Not compared: timings (they are of another machine), and the losses of the
// recorded runs, whose chance is another's; training itself is measured by what
// it reaches.

import { join } from "node:path";
import type { z } from "zod";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Check } from "./compare.ts";
import type { GraphRunner } from "./run_graph.ts";
import { rateChecks, trainedFileChecks } from "./yolo_files.ts";
import {
  Filler,
  fillerChecks,
  Forward,
  forwardChecks,
  stateDictChecks,
  StateDicts,
} from "./yolo_formula.ts";
import {
  letterboxChecks,
  LetterboxFile,
  nmsChecks,
  NmsFile,
} from "./yolo_ops.ts";
import { validationChecks } from "./yolo_predictions.ts";
import { TrainStep, trainStepChecks } from "./yolo_training.ts";

/** Lists the checks of a folder. */
export async function yoloChecks(
  folder: string,
  { runtime, runner, scratch, names }: {
    readonly runtime: Runtime;
    readonly runner: GraphRunner;
    readonly scratch: string;
    /** What the folder holds. */
    readonly names: ReadonlySet<string>;
  },
): Promise<Check[]> {
  const whenThere = async <Out>(
    name: string,
    shape: z.ZodType<Out>,
    checks: (golden: Out) => readonly Check[],
  ): Promise<readonly Check[]> => {
    const text = await Deno.readTextFile(join(folder, name)).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (text === undefined) return [];
    // what is no number stands for a relative error of nothing
    const golden = JSON.parse(text.replaceAll(/: NaN\b/g, ": null"));
    return checks(shape.parse(golden));
  };
  return [
    ...await whenThere("formula/filler.json", Filler, fillerChecks),
    ...await whenThere("formula/statedict.json", StateDicts, stateDictChecks),
    ...await whenThere(
      "formula/forward.json",
      Forward,
      (golden) => forwardChecks(golden, runner),
    ),
    ...await whenThere(
      "train-step/detect.json",
      TrainStep,
      (golden) => trainStepChecks("train-step/detect", golden, runner),
    ),
    ...await whenThere(
      "train-step/segment.json",
      TrainStep,
      (golden) => trainStepChecks("train-step/segment", golden, runner),
    ),
    ...await whenThere("ops/letterbox.json", LetterboxFile, letterboxChecks),
    ...await whenThere("ops/nms.json", NmsFile, nmsChecks),
    ...(names.has("predict-det") ? await validationChecks(folder) : []),
    ...(names.has("pt")
      ? await trainedFileChecks({ folder, runtime, scratch })
      : []),
    ...(names.has("train-runs") ? await rateChecks(folder) : []),
  ];
}
