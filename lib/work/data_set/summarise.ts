// A data set in a few numbers: what a record of a training or an evaluation
// keeps of the data it was made from.

import { createHash } from "node:crypto";
import type { Certificate } from "../export/certificate.ts";
import { type SplitName, splitNames } from "../export/data_set.ts";
import type { DataSet } from "./data_set.ts";

/** A data set in numbers; plain data that JSON keeps. */
export type DataSetSummary = {
  readonly folder: string;
  /** By class number. */
  readonly names: readonly string[];
  /** Of names, sizes and labels of all parts. */
  readonly digest: string;
  readonly parts: readonly PartSummary[];
  /** How many problems of each kind were found. */
  readonly problems: readonly {
    readonly kind: string;
    readonly consequence: string;
    readonly count: number;
  }[];
  /** Of an export of MedAnnotate. */
  readonly certificate?: Certificate;
};

/** One part in numbers. */
export type PartSummary = {
  readonly part: SplitName;
  readonly images: number;
  /** Images on which nothing is labelled. */
  readonly backgroundImages: number;
  readonly labels: number;
  /** Labels by class number. */
  readonly classes: readonly number[];
  /** Null where the data set does not tell. */
  readonly patients: number | null;
  readonly sequences: number | null;
};

/** Counts what is in a data set. */
export function summariseDataSet(dataSet: DataSet): DataSetSummary {
  const { folder, names, problems, certificate } = dataSet;
  const kinds = Map.groupBy(
    problems,
    ({ kind, consequence }) => JSON.stringify([kind, consequence]),
  );
  return {
    folder,
    names,
    digest: dataSetDigest(dataSet),
    parts: splitNames.map((part) => summarisePart(dataSet, part)),
    problems: [...kinds.values()].map((own) => ({
      kind: own[0].kind,
      consequence: own[0].consequence,
      count: own.length,
    })).sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1)),
    ...(certificate && { certificate }),
  };
}

function summarisePart(
  { names, parts }: DataSet,
  part: SplitName,
): PartSummary {
  const images = parts[part];
  const labels = images.flatMap(({ labels }) => labels);
  const distinct = (key: "group" | "sequence") => {
    const told = images.flatMap(({ [key]: value }) => value ?? []);
    return told.length === 0 ? null : new Set(told).size;
  };
  return {
    part,
    images: images.length,
    backgroundImages: images.filter(({ labels }) => labels.length === 0).length,
    labels: labels.length,
    classes: names.map((_, i) =>
      labels.filter(({ classNumber }) => classNumber === i).length
    ),
    patients: distinct("group"),
    sequences: distinct("sequence"),
  };
}

/** What a data set is known by: names, sizes and labels of some of its parts. */
export function dataSetDigest(
  { names, parts }: Pick<DataSet, "names" | "parts">,
  of: readonly SplitName[] = splitNames,
): string {
  const hash = createHash("sha256").update(JSON.stringify(names));
  for (const part of of) {
    const rows = parts[part].map(({ name, size, labels }) => [
      name,
      size,
      labels,
    ]);
    hash.update(JSON.stringify(rows));
  }
  return hash.digest("hex");
}
