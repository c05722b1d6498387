// YOLO labels: a text file for each image, with the names of the classes in
// data.yaml or classes.txt. Rings become masks, boxes stay boxes.

import { parseDataYaml } from "../../formats/data_yaml.ts";
import {
  parseYoloLabels,
  yoloBoxToPixels,
  yoloRingToPixels,
} from "../../formats/yolo.ts";
import type { LabelFrame, LabelReading, LabelTarget } from "./label_frame.ts";
import { baseOf, type LabelFolder, reading } from "./label_folder.ts";

/** Files of text that hold no labels. */
const others = /^(classes|train|val|test|readme.*|obj|labelmap)\.txt$/i;

/** Reads all label files of a YOLO data set, or of its folder of labels. */
export async function readYolo(
  folder: LabelFolder,
  { size }: LabelTarget,
): Promise<LabelReading> {
  const names = await readNames(folder);
  const texts = folder.names.filter((name) =>
    name.endsWith(".txt") && !others.test(baseOf(name))
  );
  const inLabels = texts.filter((name) => name.split("/").includes("labels"));
  const files = inLabels.length > 0 ? inLabels : texts;
  const frames: LabelFrame[] = [];
  for (const file of files) {
    const text = (await folder.text(file)).replace(/^\uFEFF/, "");
    const rows = await reading(
      file,
      () => parseYoloLabels(text, { classCount: names.length }),
    );
    frames.push({
      file,
      image: imageOf(file),
      shapes: rows.map((row) => ({
        tag: names[row.classNumber],
        geometry: row.kind === "detect"
          ? { kind: "box", box: yoloBoxToPixels(row.boxNorm, size) }
          : { kind: "rings", rings: [yoloRingToPixels(row.ringNorm, size)] },
      })),
    });
  }
  return { frames, passedOver: 0 };
}

async function readNames(folder: LabelFolder): Promise<string[]> {
  const yaml = folder.names.find((name) => /(^|\/)[^/]*\.ya?ml$/.test(name));
  if (yaml !== undefined) {
    const text = await folder.text(yaml);
    const { names } = await reading(yaml, () => parseDataYaml(text));
    const count = Math.max(-1, ...Object.keys(names).map(Number)) + 1;
    return Array.from({ length: count }, (_, i) => names[i] ?? `unused_${i}`);
  }
  const list = folder.names.find((name) => baseOf(name) === "classes.txt");
  if (list !== undefined) {
    return (await folder.text(list)).replace(/^\uFEFF/, "").trim()
      .split(/\r?\n/);
  }
  throw new RangeError(
    `Cannot import labels ${folder.path}: neither data.yaml nor classes.txt names the classes`,
  );
}

/** `labels/train/a.txt` is about `images/train/a`. */
function imageOf(file: string): string {
  const parts = file.replace(/\.txt$/, "").split("/");
  const last = parts.lastIndexOf("labels");
  return parts.map((part, i) => i === last ? "images" : part).join("/");
}
