// Which frames an export holds, under which names, with which masks.
//
// Everything that can be wrong with the records is found here, before the
// first file is written.

import { rleAreaPx } from "../../masks/rle.ts";
import type {
  ExportMask,
  ExportSequence,
  ExportTag,
  PlannedFrame,
  PlannedMask,
} from "./data_set.ts";
import { planSplit, type Split } from "./split.ts";

/** Which frames are exported: those with any mask, even an empty one, or only where all of them are verified. */
export type OnlyFrames = "labelled" | "verified";

/** Plans every frame of an export; throws when records do not fit together. */
export function planFrames(
  sequences: readonly ExportSequence[],
  tags: readonly ExportTag[],
  { split, onlyFrames }: { split: Split; onlyFrames?: OnlyFrames },
): PlannedFrame[] {
  const tagOf = indexTags(tags);
  requireDifferent(sequences.map(({ id }) => id), "sequences have id");
  const wanted = sequences.map((sequence) => {
    const masks = masksByFrame(sequence, tagOf);
    const frames = sequence.frames.filter(({ index }) =>
      isWanted(masks.get(index) ?? [], onlyFrames)
    );
    return { ...sequence, frames, masks };
  });
  // Shares are of the frames that are exported.
  const partOf = planSplit(wanted, split);
  const planned = wanted.flatMap((sequence, s) => {
    const stems = frameStems(sequence);
    return sequence.frames.flatMap((frame, i): PlannedFrame[] => {
      const part = partOf(sequence, frame.index);
      const masks = sequence.masks.get(frame.index) ?? [];
      if (!part) return [];
      return [{
        sequence: sequences[s],
        frame,
        split: part,
        stem: stems[i],
        masks: masks.filter(({ rle }) => rleAreaPx(rle) > 0)
          .sort((a, b) => a.object - b.object),
        isLabelled: masks.length > 0,
      }];
    });
  });
  if (planned.length > 0) return planned;
  throw new Error(
    `Cannot export: ${sequences.length} sequences hold no${
      onlyFrames ? " " + onlyFrames : ""
    } frame`,
  );
}

function isWanted(
  masks: readonly PlannedMask[],
  onlyFrames: OnlyFrames | undefined,
): boolean {
  if (!onlyFrames) return true;
  return masks.length > 0 &&
    (onlyFrames === "labelled" || masks.every(({ verified }) => verified));
}

/** A name for files: letters, digits, dots, dashes and the id, which makes it unique. */
export function sequenceStem(
  { id, name }: Pick<ExportSequence, "id" | "name">,
): string {
  return `${fileWord(name)}-${id}`;
}

/** Stems of all frames of a sequence; by index where names would collide. */
function frameStems(
  sequence: Pick<ExportSequence, "id" | "name" | "frames">,
): string[] {
  const names = sequence.frames.map(({ name }) => fileWord(name));
  const isUnique =
    new Set(names.map((name) => name.toLowerCase())).size === names.length;
  return sequence.frames.map(({ index }, i) =>
    `${sequenceStem(sequence)}_${
      isUnique ? names[i] : String(index).padStart(5, "0")
    }`
  );
}

function fileWord(text: string): string {
  const word = text.normalize("NFKD").replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^[.-]+|[.-]+$/g, "");
  return word.slice(0, 80) || "x";
}

function indexTags(tags: readonly ExportTag[]): Map<string, ExportTag> {
  requireDifferent(tags.map(({ code }) => code), "tags have code");
  requireDifferent(
    tags.map(({ classNumber }) => classNumber),
    "tags have class number",
  );
  for (const { code, classNumber } of tags) {
    if (Number.isInteger(classNumber) && classNumber >= 0) continue;
    throw new RangeError(
      `Cannot export: tag ${code} has class number ${classNumber}, expected a whole number from 0`,
    );
  }
  return new Map(tags.map((tag) => [tag.code, tag]));
}

/** Groups masks by frame, with their tags, and checks that they belong where they say. */
function masksByFrame(
  sequence: ExportSequence,
  tagOf: ReadonlyMap<string, ExportTag>,
): Map<number, PlannedMask[]> {
  const { id, size, frames, objects, masks } = sequence;
  requireDifferent(
    frames.map(({ index }) => index),
    `sequence ${id} frames have index`,
  );
  requireDifferent(
    objects.map(({ number }) => number),
    `sequence ${id} objects have number`,
  );
  const tagsByObject = new Map(objects.map((object) => {
    const tag = tagOf.get(object.tag);
    if (tag) return [object.number, tag];
    throw new Error(
      `Cannot export: object ${object.number} of sequence ${id} has tag ${object.tag}, which is not among the ${tagOf.size} tags`,
    );
  }));
  const known = new Set(frames.map(({ index }) => index));
  const byFrame = new Map<number, PlannedMask[]>();
  for (const mask of masks) {
    const tag = tagsByObject.get(mask.object);
    const [height, width] = mask.rle.size;
    const problem = !tag
      ? "there is no such object"
      : !known.has(mask.frame)
      ? "there is no such frame"
      : width !== size.width || height !== size.height
      ? `it has ${width}x${height} pixels, the frames have ${size.width}x${size.height}`
      : undefined;
    if (problem || !tag) {
      throw new Error(`Cannot export the ${nameOf(mask, id)}: ${problem}`);
    }
    const here = byFrame.get(mask.frame) ?? [];
    if (here.some(({ object }) => object === mask.object)) {
      throw new Error(
        `Cannot export the ${nameOf(mask, id)}: there are two of it`,
      );
    }
    byFrame.set(mask.frame, [...here, { ...mask, tag }]);
  }
  return byFrame;
}

function nameOf({ object, frame }: ExportMask, sequence: number): string {
  return `mask of object ${object} on frame ${frame} of sequence ${sequence}`;
}

function requireDifferent(keys: readonly (string | number)[], what: string) {
  const seen = new Set<string | number>();
  for (const key of keys) {
    if (seen.has(key)) throw new Error(`Cannot export: two ${what} ${key}`);
    seen.add(key);
  }
}
