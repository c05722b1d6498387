// Which frame of the sequence each labelled image is.
//
// An export of ours knows by the checksum of the pixels. Other images are found
// by their file name, with or without its ending; where no name fits, by the
// number in it, or the number the format gives. Images of other sequences are
// left aside; a frame that is labelled twice is an error.

import type { LabelFrame } from "./label_frame.ts";
import { baseOf, folderOf, stemOf } from "./label_folder.ts";
import { type KnownLabels, withoutEnding } from "./known_labels.ts";

/** A frame of the sequence, as it is stored. */
export type TargetFrame = {
  readonly index: number;
  /** The file name in a folder; empty in a video. */
  readonly name: string;
  readonly sha256: string;
};

/** Labels with the frame they belong to. */
export type MatchedFrame = {
  readonly index: number;
  readonly labels: LabelFrame;
  /** The path of the image without its ending. */
  readonly key: string;
};

/** Finds the frames; `others` counts the images that are none of them. */
export function matchFrames(
  labelled: readonly LabelFrame[],
  frames: readonly TargetFrame[],
  { known, sequenceName }: {
    known: KnownLabels | undefined;
    sequenceName: string;
  },
): { matched: MatchedFrame[]; others: number } {
  const all = labelled.map((labels) => ({ labels, key: keyOf(labels) }));
  const own = ofSequence(all, sequenceName);
  const byPixels = known && matchByPixels(frames, known, all);
  const byName = matchByName(frames);
  const matched = firstThatFinds([
    () => byPixels ? match(all, ({ key }) => byPixels(key)) : [],
    () => match(own, ({ labels }) => byName(labels)),
    () => match(own, ({ labels }) => numberOf(labels, frames.length)),
  ]);
  requireOnce(matched);
  return { matched, others: labelled.length - matched.length };
}

/** The first way that finds any frame is taken for all. */
function firstThatFinds(
  ways: readonly (() => MatchedFrame[])[],
): MatchedFrame[] {
  for (const way of ways) {
    const matched = way();
    if (matched.length > 0) return matched;
  }
  return [];
}

function match(
  labelled: readonly Keyed[],
  find: (keyed: Keyed) => number | undefined,
): MatchedFrame[] {
  return labelled.flatMap((keyed): MatchedFrame[] => {
    const index = find(keyed);
    return index === undefined ? [] : [{ index, ...keyed }];
  });
}

type Keyed = { readonly labels: LabelFrame; readonly key: string };

function keyOf({ image, number }: LabelFrame): string {
  return image === undefined ? `frame ${number}` : withoutEnding(image);
}

/** By the checksum in frames.csv; of frames with the same pixels, the one of the same index. */
function matchByPixels(
  frames: readonly TargetFrame[],
  { frames: known }: KnownLabels,
  labelled: readonly Keyed[],
): (key: string) => number | undefined {
  const bySha256 = Map.groupBy(frames, ({ sha256 }) => sha256);
  // Some formats name only the file, not the folder it lies in.
  const byStem = Map.groupBy(known.keys(), (key) => baseOf(key));
  const resolved = new Map(labelled.map(({ key }) => {
    const stems = byStem.get(baseOf(key)) ?? [];
    const full = known.has(key) ? key : stems.length === 1 ? stems[0] : "";
    const origin = known.get(full);
    const same = (origin && bySha256.get(origin.sha256)) ?? [];
    const frame = same.find(({ index }) => index === origin?.index) ?? same[0];
    return [key, frame?.index];
  }));
  return (key) => resolved.get(key);
}

function matchByName(
  frames: readonly TargetFrame[],
): (labels: LabelFrame) => number | undefined {
  const named = frames.filter(({ name }) => name !== "");
  const names = new Map(named.map(({ name, index }) => [name, index]));
  const byStem = Map.groupBy(named, ({ name }) => stemOf(name));
  return ({ image }) => {
    if (image === undefined) return undefined;
    const base = baseOf(image);
    // Label Studio puts eight digits before the names of what is sent to it.
    for (const name of [base, base.replace(/^[0-9a-f]{8}-/, "")]) {
      const stem = name.replace(/\.[A-Za-z]{3,4}$/, "");
      const same = byStem.get(stem) ?? byStem.get(name) ?? [];
      const index = names.get(name) ??
        (same.length === 1 ? same[0].index : undefined);
      if (index !== undefined) return index;
    }
  };
}

/** Where several folders hold frames of the same numbers: those in the folder of the sequence's name. */
function ofSequence(labelled: readonly Keyed[], name: string): Keyed[] {
  const folders = new Set(labelled.map(({ key }) => folderOf(key)));
  if (folders.size < 2) return [...labelled];
  const own = labelled.filter(({ key }) => baseOf(folderOf(key)) === name);
  return own.length > 0 ? own : [...labelled];
}

/** `00012.png`, `frame_000012.png`, or what the format counts. */
function numberOf(
  { file, image, number }: LabelFrame,
  count: number,
): number | undefined {
  const digits = image === undefined
    ? undefined
    : /^(?:frame[_-]?)?(\d+)$/i.exec(stemOf(image))?.[1];
  const index = number ?? (digits === undefined ? undefined : Number(digits));
  if (index === undefined || index < count) return index;
  throw new RangeError(
    `Cannot import labels: ${file} labels frame ${index}, the sequence has frames 0 to ${
      count - 1
    }`,
  );
}

function requireOnce(matched: readonly MatchedFrame[]) {
  const first = new Map<number, LabelFrame>();
  for (const { index, labels } of matched) {
    const other = first.get(index);
    if (other) {
      throw new RangeError(
        `Cannot import labels: frame ${index} is labelled twice, by ${
          nameOf(other)
        } and by ${nameOf(labels)}`,
      );
    }
    first.set(index, labels);
  }
}

function nameOf({ file, image }: LabelFrame): string {
  return image === undefined ? file : `${file} (${image})`;
}
