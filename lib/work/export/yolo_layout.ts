// YOLO: images/<part>/<stem>.jpg and labels/<part>/<stem>.txt, as Ultralytics
// pairs them, with data.yaml and classes.txt.
//
// Class numbers stay what the store gave them, so that what a model calls 3 is
// the same tag in every export. Ultralytics wants names for all numbers from 0,
// so those that no tag has are named unused_N. It also wants a val part: without
// one, val names the training images (never the test images, on which nothing
// may be chosen), and the certificate says so.

import { dataYaml } from "../../formats/data_yaml.ts";
import type {
  ExportTag,
  Layout,
  LayoutFile,
  PlannedFrame,
  SplitName,
} from "./data_set.ts";
import { detectLabels } from "./yolo_rows.ts";

/** Arranges a YOLO data set; `labels` writes the rows of a frame. */
export function yoloLayout(
  frames: readonly PlannedFrame[],
  { out, tags, labels = detectLabels }: {
    /** Absolute path that data.yaml names. */
    out: string;
    tags: readonly ExportTag[];
    labels?: (frame: PlannedFrame) => string;
  },
): Layout {
  return {
    imagePath: ({ split, stem }) => `images/${split}/${stem}.jpg`,
    labelFiles: (frame) => [{
      path: `labels/${frame.split}/${frame.stem}.txt`,
      content: labels(frame),
    }],
    endFiles: () => describeClasses(frames, { out, tags }),
  };
}

function describeClasses(
  frames: readonly PlannedFrame[],
  { out, tags }: { out: string; tags: readonly ExportTag[] },
): LayoutFile[] {
  const names = classNames(tags);
  const has = (part: SplitName) => frames.some(({ split }) => split === part);
  const yaml = dataYaml({
    path: out,
    train: "images/train",
    val: has("val") ? "images/val" : "images/train",
    ...(has("test") ? { test: "images/test" } : {}),
    names,
  });
  const comments = [
    "Written by MedAnnotate; certificate.md tells what is in here.",
    "After moving the folder, change path, or remove its line.",
    ...(has("val") ? [] : [
      "There is no val part: val names the training images, so its results prove nothing.",
    ]),
  ];
  return [
    {
      path: "data.yaml",
      content: comments.map((line) => `# ${line}\n`).join("") + yaml,
    },
    { path: "classes.txt", content: Object.values(names).join("\n") + "\n" },
  ];
}

/** Names every class number from 0 to the largest; equal names get their code. */
export function classNames(
  tags: readonly ExportTag[],
): Record<number, string> {
  const count = Math.max(-1, ...tags.map((tag) => tag.classNumber)) + 1;
  const names = Array.from({ length: count }, (_, i) => `unused_${i}`);
  for (const { classNumber, name, code } of tags) {
    const isTwice = tags.filter((tag) => tag.name === name).length > 1;
    names[classNumber] = (isTwice ? `${name} (${code})` : name)
      .replace(/\s+/g, " ");
  }
  return Object.fromEntries(names.entries());
}
