// The difference between two snapshots of a data set.

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { SplitName } from "./data_set.ts";
import {
  type DataSetSnapshot,
  parseSnapshot,
  snapshotFile,
  type SnapshotImage,
} from "./snapshot.ts";

/** What changed from one snapshot to another; images by their names. */
export type SnapshotDifference = {
  /** Whether nothing at all changed, the certificate included. */
  readonly same: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Images of the same name with other pixels. */
  readonly repainted: readonly string[];
  readonly moved: readonly {
    readonly image: string;
    readonly from: SplitName;
    readonly to: SplitName;
  }[];
  readonly relabelled: readonly {
    readonly image: string;
    /** Numbers of the objects. */
    readonly added: readonly number[];
    readonly removed: readonly number[];
    readonly changed: readonly number[];
  }[];
  readonly classes: {
    readonly added: readonly number[];
    readonly removed: readonly number[];
    /** Classes with another name or code than before. */
    readonly renamed: readonly {
      readonly number: number;
      readonly from: string;
      readonly to: string;
    }[];
  };
  /** What was asked for: shares, seed, kind. */
  readonly splitChanged: boolean;
  readonly formatChanged: boolean;
  readonly certificateChanged: boolean;
};

/**
 * Compares two snapshots.
 *
 * @example An image that went from val to train
 * ```ts
 * import { type DataSetSnapshot, diffSnapshots } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const image = { name: "a", file: "a.jpg", sha256: "0", labels: [] };
 * const snapshot = (part: "train" | "val"): DataSetSnapshot => ({
 *   kind: "medannotate-snapshot",
 *   version: 1,
 *   format: "coco",
 *   split: {},
 *   classes: [],
 *   images: [{ ...image, part }],
 *   certificateSha256: "0".repeat(64),
 * });
 * const { moved } = diffSnapshots(snapshot("val"), snapshot("train"));
 * deepEqual(moved, [{ image: "a", from: "val", to: "train" }]);
 * ```
 */
export function diffSnapshots(
  before: DataSetSnapshot,
  after: DataSetSnapshot,
): SnapshotDifference {
  const old = new Map(before.images.map((image) => [image.name, image]));
  const now = new Map(after.images.map((image) => [image.name, image]));
  const both = after.images.flatMap(
    (image): [SnapshotImage, SnapshotImage][] => {
      const earlier = old.get(image.name);
      return earlier ? [[earlier, image]] : [];
    },
  );
  const difference = {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    repainted: both.flatMap(([a, b]) => a.sha256 === b.sha256 ? [] : [b.name]),
    moved: both.flatMap(([a, b]) =>
      a.part === b.part ? [] : [{ image: b.name, from: a.part, to: b.part }]
    ),
    relabelled: both.flatMap(([a, b]) => compareLabels(a, b)),
    classes: compareClasses(before, after),
    splitChanged: JSON.stringify(before.split) !== JSON.stringify(after.split),
    formatChanged: before.format !== after.format,
    certificateChanged: before.certificateSha256 !== after.certificateSha256,
  };
  return { same: isNothing(difference), ...difference };
}

function compareLabels(
  before: SnapshotImage,
  after: SnapshotImage,
): SnapshotDifference["relabelled"] {
  const old = new Map(before.labels.map((label) => [label.object, label]));
  const now = new Map(after.labels.map((label) => [label.object, label]));
  const found = {
    added: [...now.keys()].filter((object) => !old.has(object)),
    removed: [...old.keys()].filter((object) => !now.has(object)),
    changed: after.labels.flatMap(({ object, sha256, class: classNumber }) => {
      const earlier = old.get(object);
      const isSame = !earlier ||
        (earlier.sha256 === sha256 && earlier.class === classNumber);
      return isSame ? [] : [object];
    }),
  };
  const isSame = Object.values(found).every((objects) => objects.length === 0);
  return isSame ? [] : [{ image: after.name, ...found }];
}

function compareClasses(
  before: DataSetSnapshot,
  after: DataSetSnapshot,
): SnapshotDifference["classes"] {
  const describe = ({ code, name }: { code: string; name: string }) =>
    code === name ? name : `${name} (${code})`;
  const old = new Map(before.classes.map((c) => [c.number, describe(c)]));
  const now = new Map(after.classes.map((c) => [c.number, describe(c)]));
  return {
    added: [...now.keys()].filter((number) => !old.has(number)),
    removed: [...old.keys()].filter((number) => !now.has(number)),
    renamed: [...now].flatMap(([number, to]) => {
      const from = old.get(number);
      return from === undefined || from === to ? [] : [{ number, from, to }];
    }),
  };
}

function isNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every(isNothing);
  }
  return value === false;
}

/** Writes a difference for people, a line for each thing that changed. */
export function differenceText(difference: SnapshotDifference): string {
  if (difference.same) return "no difference\n";
  const { added, removed, repainted, moved, relabelled, classes } = difference;
  const lines = [
    ...added.map((name) => `+ image ${name}`),
    ...removed.map((name) => `- image ${name}`),
    ...repainted.map((name) => `~ image ${name} has other pixels`),
    ...moved.map(({ image, from, to }) =>
      `~ image ${image} from ${from} to ${to}`
    ),
    ...relabelled.map(({ image, added, removed, changed }) =>
      `~ labels of ${image}: ${
        [
          ...added.map((object) => `+${object}`),
          ...removed.map((object) => `-${object}`),
          ...changed.map((object) => `~${object}`),
        ].join(" ")
      }`
    ),
    ...classes.added.map((number) => `+ class ${number}`),
    ...classes.removed.map((number) => `- class ${number}`),
    ...classes.renamed.map(({ number, from, to }) =>
      `~ class ${number} from ${from} to ${to}`
    ),
    ...(difference.splitChanged ? ["~ split"] : []),
    ...(difference.formatChanged ? ["~ format"] : []),
    ...(difference.certificateChanged ? ["~ certificate"] : []),
  ];
  return lines.join("\n") + "\n";
}

/** Reads the snapshot of an export, by its folder or by the file. */
export async function readSnapshot(path: string): Promise<DataSetSnapshot> {
  const found = await stat(path).catch(() => undefined);
  const file = found?.isDirectory() ? join(path, snapshotFile) : path;
  try {
    return parseSnapshot(await readFile(file, "utf8"));
  } catch (cause) {
    throw new Error(
      `Cannot read the snapshot of ${path}: ${
        messageOf(cause)
      }. Expected an export, or its ${snapshotFile}`,
      { cause },
    );
  }
}
