// The certificate of an export: what is in it, and why its parts are independent.
//
// It is written beside the data as JSON and as text. Finding a leak is an
// error; what cannot be ruled out (one group only, a forced cut in time) is
// marked, so that every report made from the data can repeat it.

import { z } from "zod";
import {
  type ExportFormat,
  exportFormats,
  type ExportTag,
  type PlannedFrame,
  type SplitName,
  splitNames,
} from "./data_set.ts";
import { findNearest, type ImageHash } from "./image_hash.ts";
import {
  countNearDuplicates,
  type Leaks,
  maxNearShare,
  nearBits,
  type NearDuplicates,
  pairsOfParts,
} from "./leaks.ts";
import type { Split } from "./split.ts";

/** The file by which an export is known. */
export const certificateFile = "certificate.json";

/** What an export says about itself. */
export type Certificate = {
  readonly kind: "medannotate-export";
  readonly version: 1;
  readonly format: ExportFormat;
  readonly date: string;
  /** Model, program and whatever else the caller says about the origin. */
  readonly about: Readonly<Record<string, string>>;
  readonly split: Split;
  /** False when no part was kept away from training. */
  readonly independentValidation: boolean;
  /** What a reader of any result from this data has to know; empty is best. */
  readonly marks: readonly string[];
  /** Patients with frames in more than one part. */
  readonly sharedPatients: number;
  /** Frames of different parts with the same pixels. */
  readonly exactDuplicates: number;
  /**
   * Frames from one of a sequence to the nearest of it in another part; only
   * where a sequence is in two parts.
   */
  readonly leastDistanceFrames?: number;
  /** Frames of a single colour, which are not counted as duplicates. */
  readonly plainFrames: number;
  readonly nearest: readonly NearestFrames[];
  /** Frames whose difference hashes differ by at most `thresholdBits`. */
  readonly nearDuplicates: {
    readonly thresholdBits: number;
    readonly between: readonly NearDuplicates[];
  };
  readonly parts: readonly PartCounts[];
  readonly classes: readonly ClassCounts[];
  readonly imagesAre: string;
  readonly classNumbersAre: string;
  /** Only where masks were turned into polygons. */
  readonly objects: readonly ObjectAgreement[];
};

/** The two frames of two parts that look most alike. */
export type NearestFrames = {
  readonly parts: readonly [SplitName, SplitName];
  /** Bits of the 64-bit difference hash that differ. */
  readonly distanceBits: number;
  readonly frames: readonly [string, string];
};

/** What one part of the data set holds. */
export type PartCounts = {
  readonly part: SplitName;
  readonly patients: readonly string[];
  readonly procedures: readonly string[];
  readonly sequences: readonly string[];
  readonly frames: number;
  /** Frames without any object. */
  readonly backgroundFrames: number;
  /** Background frames on which no mask, not even an empty one, was ever made. */
  readonly unlabelledFrames: number;
  readonly masks: number;
  readonly verifiedMasks: number;
  /** Masks by where they come from. */
  readonly origins: Readonly<Record<string, number>>;
  /** Masks by class number. */
  readonly classes: Readonly<Record<number, number>>;
};

/** One class and how many masks it has in all parts. */
export type ClassCounts = {
  readonly classNumber: number;
  readonly code: string;
  readonly name: string;
  readonly category: string;
  readonly masks: number;
};

/** How well the written polygons of an object agree with its masks. */
export type ObjectAgreement = {
  readonly sequence: number;
  readonly object: number;
  readonly tag: string;
  readonly masks: number;
  readonly meanIou: number;
  readonly lowestIou: number;
  readonly lowestFrame: number;
};

/** The agreement of one written row with its mask. */
export type RowAgreement = {
  readonly sequence: number;
  readonly object: number;
  readonly frame: number;
  readonly tag: string;
  readonly iou: number;
  readonly points: number;
};

/** Says whether a text is a certificate of ours. */
export function isCertificate(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "kind" in value &&
      value.kind === "medannotate-export";
  } catch {
    return false;
  }
}

const Parts = z.tuple([z.enum(splitNames), z.enum(splitNames)]);
const Counts = z.record(z.string(), z.number());
const CertificateShape = z.looseObject({
  kind: z.literal("medannotate-export"),
  version: z.literal(1),
  format: z.enum(exportFormats),
  date: z.string(),
  about: z.record(z.string(), z.string()),
  split: z.looseObject({
    kind: z.enum(["patients", "procedures", "sequences", "time"]),
    shares: Counts,
  }),
  independentValidation: z.boolean(),
  marks: z.array(z.string()),
  sharedPatients: z.number(),
  exactDuplicates: z.number(),
  leastDistanceFrames: z.number().optional(),
  plainFrames: z.number(),
  nearest: z.array(z.looseObject({ parts: Parts, distanceBits: z.number() })),
  nearDuplicates: z.looseObject({
    thresholdBits: z.number(),
    between: z.array(
      z.looseObject({ parts: Parts, frames: z.number(), of: z.number() }),
    ),
  }),
  parts: z.array(z.looseObject({
    part: z.enum(splitNames),
    patients: z.array(z.string()),
    procedures: z.array(z.string()),
    sequences: z.array(z.string()),
    frames: z.number(),
    masks: z.number(),
    origins: Counts,
    classes: Counts,
  })),
  classes: z.array(
    z.looseObject({ classNumber: z.number(), name: z.string() }),
  ),
  imagesAre: z.string(),
  classNumbersAre: z.string(),
  objects: z.array(z.looseObject({ object: z.number(), meanIou: z.number() })),
});

/** Reads a certificate; throws when it is not one, or one of an earlier program. */
export function parseCertificate(text: string): Certificate {
  const parsed = CertificateShape.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data as unknown as Certificate; // checked above
  throw new SyntaxError(
    `Cannot read certificate: ${z.prettifyError(parsed.error)}`,
  );
}

/** Makes the certificate of a planned and written export. */
export function makeCertificate(
  frames: readonly PlannedFrame[],
  { format, split, tags, date, about, hashes, plainFrames, leaks, rows }: {
    format: ExportFormat;
    split: Split;
    tags: readonly ExportTag[];
    date: Date;
    about: Readonly<Record<string, string>>;
    hashes: ReadonlyMap<PlannedFrame, ImageHash>;
    plainFrames: number;
    leaks: Leaks;
    rows: readonly RowAgreement[];
  },
): Certificate {
  const parts = splitNames.map((part) => countPart(part, frames))
    .filter(({ frames }) => frames > 0);
  const hasValidation = parts.some(({ part }) => part !== "train");
  const between = countNearDuplicates(frames, hashes);
  const isAlike = between.some(isTooMany);
  const independentValidation = hasValidation && split.kind !== "time" &&
    leaks.sharedPatients === 0 && leaks.duplicates === 0 && !isAlike;
  const { sharedPatients, duplicates, leastDistanceFrames } = leaks;
  return {
    kind: "medannotate-export",
    version: 1,
    format,
    date: date.toISOString(),
    about,
    split,
    independentValidation,
    marks: [
      ...forcedMarks(split, leaks, between),
      ...listMarks(format, split, parts, independentValidation),
    ],
    sharedPatients,
    exactDuplicates: duplicates,
    ...(leastDistanceFrames === undefined ? {} : { leastDistanceFrames }),
    plainFrames,
    nearest: nearestBetweenParts(frames, hashes),
    nearDuplicates: { thresholdBits: nearBits, between },
    parts,
    classes: tags.toSorted((a, b) => a.classNumber - b.classNumber)
      .map(({ classNumber, code, name, category }) => ({
        classNumber,
        code,
        name,
        category,
        masks: parts.reduce(
          (sum, { classes }) => sum + (classes[classNumber] ?? 0),
          0,
        ),
      })),
    imagesAre:
      "JPEG, quality 95, full colour resolution, encoded anew for every frame so that neither metadata nor compression differ between parts",
    classNumbersAre: classNumbersAre(format),
    objects: summarise(rows),
  };
}

function isTooMany({ frames, of }: NearDuplicates): boolean {
  return frames > maxNearShare * of;
}

/** Leaks that are there because the export was forced. */
function forcedMarks(
  split: Split,
  { sharedPatients, duplicates }: Leaks,
  between: readonly NearDuplicates[],
): string[] {
  const marks: string[] = [];
  if (split.kind === "time") {
    marks.push(
      `time split, forced: parts share patients, cut inside sequences with a gap of ${split.gapFrames} frames`,
    );
  } else if (sharedPatients > 0) {
    marks.push(
      `split by ${split.kind}, forced: ${sharedPatients} patients are in more than one part`,
    );
  }
  if (duplicates > 0) {
    marks.push(
      `forced: ${duplicates} frames have the same pixels as a frame of another part`,
    );
  }
  for (const near of between.filter(isTooMany)) {
    const { parts: [first, second], frames, of } = near;
    marks.push(
      `forced: ${frames} of ${of} frames of ${second} look like a frame of ${first}`,
    );
  }
  return marks;
}

/** What a reader has to know, one sentence each. */
function listMarks(
  format: ExportFormat,
  split: Split,
  parts: readonly PartCounts[],
  independentValidation: boolean,
): string[] {
  const marks: string[] = [];
  const has = (name: SplitName) => parts.some(({ part }) => part === name);
  if (!independentValidation) marks.push("no independent validation");
  if (!has("val") && format.startsWith("yolo")) {
    marks.push(
      "there is no val part: in data.yaml, val names the training images",
    );
  }
  for (const name of splitNames) {
    if (split.shares[name] && !has(name)) {
      marks.push(
        `${name} was asked for and is empty: there are too few patients`,
      );
    }
  }
  return marks;
}

function countPart(
  part: SplitName,
  frames: readonly PlannedFrame[],
): PartCounts {
  const own = frames.filter(({ split }) => split === part);
  const masks = own.flatMap(({ masks }) => masks);
  const names = (pick: (frame: PlannedFrame) => string) =>
    [...new Set(own.map(pick))].sort();
  return {
    part,
    patients: names(({ sequence }) => sequence.patient ?? "(none)"),
    procedures: names(({ sequence }) => sequence.procedure ?? "(none)"),
    sequences: names(({ sequence }) => `${sequence.id}: ${sequence.name}`),
    frames: own.length,
    backgroundFrames: own.filter(({ masks }) => masks.length === 0).length,
    unlabelledFrames: own.filter(({ isLabelled }) => !isLabelled).length,
    masks: masks.length,
    verifiedMasks: masks.filter(({ verified }) => verified).length,
    origins: countBy(masks.map(({ origin }) => origin)),
    classes: countBy(masks.map(({ tag }) => tag.classNumber)),
  };
}

function countBy<Key extends string | number>(
  keys: readonly Key[],
): Record<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries(counts) as Record<Key, number>; // the keys are Keys
}

function nearestBetweenParts(
  frames: readonly PlannedFrame[],
  hashes: ReadonlyMap<PlannedFrame, ImageHash>,
): NearestFrames[] {
  const inPart = (part: SplitName) =>
    frames.flatMap((frame) => {
      const hash = hashes.get(frame);
      return frame.split === part && hash ? [{ stem: frame.stem, hash }] : [];
    });
  return pairsOfParts.flatMap((parts): NearestFrames[] => {
    const found = findNearest(inPart(parts[0]), inPart(parts[1]));
    if (!found) return [];
    const { a, b, distance } = found;
    return [{ parts, distanceBits: distance, frames: [a.stem, b.stem] }];
  });
}

function summarise(rows: readonly RowAgreement[]): ObjectAgreement[] {
  const groups = Map.groupBy(rows, (row) => `${row.sequence} ${row.object}`);
  return [...groups.values()].map((own) => {
    const lowest = own.reduce((a, b) => b.iou < a.iou ? b : a);
    return {
      sequence: lowest.sequence,
      object: lowest.object,
      tag: lowest.tag,
      masks: own.length,
      meanIou: own.reduce((sum, { iou }) => sum + iou, 0) / own.length,
      lowestIou: lowest.iou,
      lowestFrame: lowest.frame,
    };
  });
}

function classNumbersAre(format: ExportFormat): string {
  const own =
    "the numbers that the tags were given once, so that models from several exports agree";
  const where: Readonly<Record<ExportFormat, string>> = {
    "yolo":
      "data.yaml names every number from 0, those that no tag has as unused_N",
    "yolo-seg":
      "data.yaml names every number from 0, those that no tag has as unused_N",
    "coco": "category id = class number + 1",
    "voc":
      "XML files name classes; pixels of SegmentationClass are class number + 1",
    "davis":
      "pixels hold object numbers; objects.csv gives each object its class",
    "sa-v": "the format has no classes; labels.csv gives each object its class",
    "cvat": "labels are named, labels.csv has the numbers",
    "label-studio": "labels are named, labels.csv has the numbers",
    "labelme": "labels are named, labels.csv has the numbers",
    "eiseg": "label and category id = class number + 1",
  };
  return `${own}; ${where[format]}`;
}
