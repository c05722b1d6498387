// Which part of a data set each frame goes to.
//
// Neighbouring frames look alike, so they must never be in two parts. A patient
// goes to one part, and with the patient all procedures, sequences and frames;
// sequences without a patient count as one patient. A split by procedure or by
// sequence keeps less together: where it puts a patient into two parts, the
// export refuses unless forced. The time split, which cuts inside sequences, has
// to be forced always; whatever is forced marks the export.

import { seededRandom } from "../../base/random.ts";
import { type ExportSequence, type SplitName, splitNames } from "./data_set.ts";

/** The share of the frames that each part should get; they add up to 1. */
export type SplitShares = Partial<Readonly<Record<SplitName, number>>>;

/** How a data set is divided. */
export type Split =
  | {
    readonly kind: "patients" | "procedures" | "sequences";
    readonly shares: SplitShares;
    readonly seed?: number;
  }
  | {
    readonly kind: "time";
    readonly shares: SplitShares;
    /** Frames left out at each cut. */
    readonly gapFrames: number;
    readonly force: true;
  };

/** What is done unless something else is asked for. */
export const defaultSplit: Split = {
  kind: "patients",
  shares: { train: 0.8, val: 0.2 },
};

/**
 * Reads the option `--split`: shares such as `train=0.8,val=0.2`, after `patient`,
 * `procedure`, `sequence` or `time` and a comma, or one of these words alone.
 *
 * @example Shares of the frames
 * ```ts
 * import { parseSplit } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(parseSplit("train=0.7,val=0.3"), {
 *   kind: "patients",
 *   shares: { train: 0.7, val: 0.3 },
 *   seed: 1,
 * });
 * ```
 */
export function parseSplit(
  text: string,
  { seed = 1, gapFrames = 25, force = false }: {
    seed?: number;
    gapFrames?: number;
    force?: boolean;
  } = {},
): Split {
  const words = text.split(",").map((word) => word.trim());
  const kind = splitWords.get(words[0]);
  const pairs = kind ? words.slice(1) : words;
  const shares = pairs.length > 0
    ? parseShares(text, pairs)
    : defaultSplit.shares;
  if (kind !== "time") return { kind: kind ?? "patients", shares, seed };
  if (!force) {
    throw new Error(
      "Cannot split by time: neighbouring frames of one patient would be in two parts. " +
        "Split by patient (train=0.8,val=0.2), or add --force and the export is marked",
    );
  }
  if (!(Number.isInteger(gapFrames) && gapFrames >= 0)) {
    throw new RangeError(
      `Cannot split by time: the gap is ${gapFrames} frames`,
    );
  }
  return { kind: "time", shares, gapFrames, force };
}

const splitWords = new Map<string, Split["kind"]>([
  ["patient", "patients"],
  ["procedure", "procedures"],
  ["sequence", "sequences"],
  ["time", "time"],
]);

/** What a split has to know about a sequence. */
export type SplitSequence = Pick<
  ExportSequence,
  "id" | "patient" | "procedure" | "frames"
>;

/** The patient of a sequence; those without one count as one. */
export function patientOf({ patient }: Pick<ExportSequence, "patient">) {
  return patient ?? "";
}

/** The group that never separates. */
function groupOf(
  { id, patient, procedure }: SplitSequence,
  kind: Split["kind"],
): string {
  if (kind === "sequences") return String(id);
  // A procedure is one patient's; sequences without one count as one procedure.
  if (kind === "procedures") return JSON.stringify([patient, procedure]);
  return patientOf({ patient });
}

/** Finds the part of every frame; undefined for a frame that falls into a gap. */
export function planSplit(
  sequences: readonly SplitSequence[],
  split: Split,
): (sequence: SplitSequence, index: number) => SplitName | undefined {
  requireShares(split.shares, JSON.stringify(split.shares));
  if (split.kind === "time") {
    const parts = new Map(sequences.map((sequence) => [
      sequence.id,
      cutByTime(sequence.frames.map(({ index }) => index), split),
    ]));
    return ({ id }, index) => parts.get(id)?.get(index);
  }
  const sizes = sizesOfGroups(sequences, split.kind);
  const parts = assignGroups(sizes, split);
  return (sequence) => parts.get(groupOf(sequence, split.kind));
}

/**
 * Gives each group to the part that lacks most frames, large groups first.
 *
 * Groups of about one size (within a factor of two) come in the order of the
 * seed. A single group goes to train.
 */
function assignGroups(
  sizes: ReadonlyMap<string, number>,
  { shares, seed = 1 }: { shares: SplitShares; seed?: number },
): Map<string, SplitName> {
  const random = seededRandom(seed);
  const groups = [...sizes].sort(([a], [b]) => a < b ? -1 : 1) // any order in, one order out
    .map(([name, size]) => ({ name, size, place: random() }))
    .sort((a, b) => rank(b.size) - rank(a.size) || a.place - b.place);
  const total = groups.reduce((sum, { size }) => sum + size, 0);
  const lacking = new Map(
    splitNames.flatMap((name) =>
      shares[name] ? [[name, shares[name] * total]] : []
    ),
  );

  const parts = new Map<string, SplitName>();
  for (const [i, { name, size }] of groups.entries()) {
    const used = new Set(parts.values());
    const empty = [...lacking.keys()].filter((part) => !used.has(part));
    // The last groups go to parts that would stay empty, in the order train, val, test.
    const choices = empty.length >= groups.length - i
      ? empty.slice(0, 1)
      : [...lacking.keys()];
    const part = choices.reduce((a, b) =>
      (lacking.get(b) ?? 0) > (lacking.get(a) ?? 0) ? b : a
    );
    parts.set(name, part);
    lacking.set(part, (lacking.get(part) ?? 0) - size);
  }
  return parts;
}

function rank(size: number): number {
  return Math.floor(Math.log2(Math.max(1, size)));
}

function sizesOfGroups(
  sequences: readonly SplitSequence[],
  kind: Split["kind"],
) {
  const sizes = new Map<string, number>();
  for (const sequence of sequences) {
    const group = groupOf(sequence, kind);
    sizes.set(group, (sizes.get(group) ?? 0) + sequence.frames.length);
  }
  return sizes;
}

/** Cuts one sequence into train, val and test, in this order, with gaps between. */
function cutByTime(
  indices: readonly number[],
  { shares, gapFrames }: { shares: SplitShares; gapFrames: number },
): Map<number, SplitName> {
  const wanted = splitNames.filter((name) => shares[name]);
  const kept = indices.length - gapFrames * (wanted.length - 1);
  if (kept < wanted.length) {
    throw new RangeError(
      `Cannot split ${indices.length} frames by time: ${
        wanted.length - 1
      } gaps of ${gapFrames} frames leave ${Math.max(0, kept)}`,
    );
  }
  const parts = new Map<number, SplitName>();
  let at = 0, share = 0;
  for (const [i, name] of wanted.entries()) {
    share += shares[name] ?? 0;
    // Every part gets at least one frame.
    const rest = wanted.length - 1 - i;
    const end = i === wanted.length - 1 ? indices.length : Math.min(
      Math.max(at + 1, Math.round(share * kept) + gapFrames * i),
      indices.length - rest * (gapFrames + 1),
    );
    for (const index of indices.slice(at, end)) parts.set(index, name);
    at = end + gapFrames;
  }
  return parts;
}

function parseShares(text: string, pairs: readonly string[]): SplitShares {
  const shares: Partial<Record<SplitName, number>> = {};
  for (const pair of pairs) {
    const [word, value] = pair.split("=");
    const name = splitNames.find((name) => name === word);
    if (!name || name in shares || !value || !(Number(value) >= 0)) {
      throw new SyntaxError(
        `Cannot read the split ${text}: found ${pair}, expected train=…, val=… and test=… once each`,
      );
    }
    if (Number(value) > 0) shares[name] = Number(value);
  }
  requireShares(shares, text);
  return shares;
}

function requireShares(shares: SplitShares, text: string) {
  const sum = splitNames.reduce((sum, name) => sum + (shares[name] ?? 0), 0);
  if (Math.abs(sum - 1) < 0.001 && (shares.train ?? 0) > 0) return;
  throw new RangeError(
    `Cannot split by ${text}: the shares add up to ${sum}, expected 1 with some for train`,
  );
}
