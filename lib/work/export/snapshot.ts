// A snapshot of a data set: what is in it, without a date and without pictures,
// so that two of them can be compared.
//
// Images are known by the checksum of their pixels, labels by that of their run
// lengths, whatever format the data set is in. An export writes one as
// snapshot.json; the same content gives the same bytes.

import { createHash } from "node:crypto";
import { z } from "zod";
import { messageOf } from "../../base/errors.ts";
import { encodeCounts } from "../../masks/rle.ts";
import type { Certificate } from "./certificate.ts";
import { type Layout, type PlannedFrame, splitNames } from "./data_set.ts";

/** The file of a snapshot inside an export. */
export const snapshotFile = "snapshot.json";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Label = z.object({
  object: z.int(),
  class: z.int().nonnegative(),
  /** Of the size and the run lengths of the mask. */
  sha256: Sha256,
}).readonly();
const Image = z.object({
  /** Unique in the data set, whatever part it is in. */
  name: z.string(),
  file: z.string(),
  part: z.enum(splitNames),
  /** Of the decoded pixels of the source. */
  sha256: z.string(),
  labels: z.array(Label).readonly(),
}).readonly();
const Snapshot = z.object({
  kind: z.literal("medannotate-snapshot"),
  version: z.literal(1),
  format: z.string(),
  split: z.record(z.string(), z.unknown()),
  classes: z.array(
    z.object({
      number: z.int().nonnegative(),
      code: z.string(),
      name: z.string(),
    }).readonly(),
  ).readonly(),
  /** By name. */
  images: z.array(Image).readonly(),
  /** Of the certificate without its date. */
  certificateSha256: Sha256,
}).readonly();
/** What a data set held at a time. */
export type DataSetSnapshot = z.infer<typeof Snapshot>;
/** An image of a snapshot. */
export type SnapshotImage = z.infer<typeof Image>;

/** Makes the snapshot of a planned export. */
export function makeSnapshot(
  frames: readonly PlannedFrame[],
  { certificate, layout }: { certificate: Certificate; layout: Layout },
): DataSetSnapshot {
  const { date: _, ...dateless } = certificate;
  return {
    kind: "medannotate-snapshot",
    version: 1,
    format: certificate.format,
    split: { ...certificate.split },
    classes: certificate.classes.map(({ classNumber, code, name }) => ({
      number: classNumber,
      code,
      name,
    })),
    images: frames.map((planned) => ({
      name: planned.stem,
      file: layout.imagePath(planned),
      part: planned.split,
      sha256: planned.frame.sha256,
      labels: planned.masks.map(({ object, tag, rle }) => ({
        object,
        class: tag.classNumber,
        sha256: sha256Of(`${rle.size.join("x")} ${encodeCounts(rle.counts)}`),
      })),
    })).sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    certificateSha256: sha256Of(JSON.stringify(dateless)),
  };
}

/** Writes a snapshot, an image on a line, so that versions of it compare well. */
export function snapshotJson({ images, ...rest }: DataSetSnapshot): string {
  const head = JSON.stringify(rest, null, 2).slice(0, -2);
  const lines = images.map((image) => "    " + JSON.stringify(image));
  return `${head},\n  "images": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

/** Reads a snapshot; throws an error that says what is wrong. */
export function parseSnapshot(text: string): DataSetSnapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read snapshot: ${messageOf(cause)}`, {
      cause,
    });
  }
  const parsed = Snapshot.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `Cannot read snapshot: ${z.prettifyError(parsed.error)}`,
  );
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
