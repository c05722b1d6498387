// What a reader of an evaluation has to know before the numbers.

import type { DataSet, DataSetImage } from "../data_set/data_set.ts";
import type { SplitName } from "../export/data_set.ts";
import type { YoloEngine } from "../../yolo/engine.ts";
import { measuresMasks } from "./detect_images.ts";
import type { ClassMatch } from "./match_classes.ts";

/** The marks of the data and of the question, one sentence each. */
export function evaluationMarks(
  { certificate, problems }: DataSet,
  part: SplitName,
  { classes, engine, images }: {
    readonly classes: ClassMatch;
    readonly engine: YoloEngine;
    readonly images: readonly DataSetImage[];
  },
): string[] {
  const marks = [...certificate?.marks ?? []];
  if (part === "train") {
    marks.push("evaluated on train: the model may have learnt these images");
  }
  const leaks = problems.filter(({ kind, consequence, message }) =>
    kind === "leak" && consequence === "nothing left out" &&
    message.includes(` of ${part} `)
  );
  for (const { message } of leaks) marks.push(`leak: ${message}`);
  const copies =
    problems.filter(({ kind, consequence }) =>
      kind === "leak" && consequence === "image left out"
    ).length;
  if (copies > 0) {
    marks.push(
      `${copies} images were copies of another part and were left out`,
    );
  }
  const damaged =
    problems.filter(({ kind }) => kind === "image cannot be decoded").length;
  if (damaged > 0) {
    marks.push(`${damaged} images cannot be decoded and were left out`);
  }
  if (classes.beyond.length > 0) {
    marks.push(
      `the data set has no class ${
        classes.beyond.join(", ")
      }: what the model found of it was left out`,
    );
  }
  if (engine.task === "segment" && !measuresMasks(engine, images)) {
    marks.push("the data set has no outlines: masks were not measured");
  }
  return marks;
}
