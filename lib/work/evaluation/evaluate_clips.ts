// How well masks follow the objects of video clips: J, F and J&F of DAVIS.
//
// Follows davis2017-evaluation: per object and frame J (region) and F
// (boundary); its own numbers leave out the first frame, which a method is
// given, and the last, and are means, recall (share above 0.5) and decay (first
// quarter less last) over objects. The toolkit counts quarters in 8 bits, wrong
// for clips over 255 frames; here they are right. Beside them stand the means
// over all frames. Every frame that the truth has is needed; an object that
// the masks do not have counts as empty.

import type { Bitmap } from "../../base/image.ts";
import { startProgress } from "../../base/progress.ts";
import { throwIfCancelled } from "../../base/errors.ts";
import { createBitmap, subtract } from "../../masks/bitmap.ts";
import { boundaryF, iou } from "../../masks/metrics.ts";
import { meanOf } from "../evaluate_clip.ts";
import type { WorkOptions } from "../import.ts";
import {
  type FrameMasks,
  listMaskSequences,
  type MaskSequence,
  readFrameMasks,
} from "./mask_folders.ts";

/** Mean, recall and decay of a row of frames, as DAVIS has them. */
export type ClipStatistics = {
  readonly mean: number;
  /** Share of frames above 0.5. */
  readonly recall: number;
  /** Mean of the first quarter less that of the last. */
  readonly decay: number;
};

/** Region and boundary; null where there are no frames between the first and the last. */
export type DavisNumbers = {
  readonly j: ClipStatistics | null;
  readonly f: ClipStatistics | null;
  /** The mean of both means. */
  readonly jAndF: number | null;
};

/** Means over all frames, the first and the last too. */
export type AllFramesNumbers = {
  readonly j: number;
  readonly f: number;
  readonly jAndF: number;
};

/** One object of a sequence. */
export type ClipObject = {
  readonly object: number;
  readonly frames: readonly {
    readonly frame: string;
    readonly j: number;
    readonly f: number;
  }[];
  readonly davis: DavisNumbers;
  readonly allFrames: AllFramesNumbers;
};

/** All objects of a sequence; numbers are means over objects. */
export type ClipSequence = {
  readonly sequence: string;
  readonly frames: number;
  readonly objects: readonly ClipObject[];
  readonly davis: DavisNumbers;
  readonly allFrames: AllFramesNumbers;
};

/** All sequences; numbers are means over all objects, as in DAVIS. */
export type ClipsMeasures = {
  readonly sequences: readonly ClipSequence[];
  readonly objects: number;
  readonly davis: DavisNumbers;
  readonly allFrames: AllFramesNumbers;
  /** Folders of masks that the truth has no sequence for. */
  readonly unused: readonly string[];
};

/**
 * Compares two folders of mask pictures, laid out as DAVIS or as `propagate` leaves them.
 *
 * @throws RangeError when sequences, frames or objects do not fit together
 */
export async function evaluateClips(
  truthFolder: string,
  masksFolder: string,
  { onProgress, signal }: WorkOptions = {},
): Promise<ClipsMeasures> {
  const truths = await listMaskSequences(truthFolder);
  const found = await listMaskSequences(masksFolder);
  const pairs = pairUp(truths, found, masksFolder);
  const total = truths.reduce((sum, { frames }) => sum + frames.size, 0);
  const report = startProgress("evaluate", total, { onProgress });
  let done = 0;
  const sequences: ClipSequence[] = [];
  for (const { truth, masks } of pairs) {
    sequences.push(
      await measureSequence(truth, masks, () => {
        throwIfCancelled(signal, `evaluating ${truth.name}`);
        report(++done);
      }),
    );
  }
  const objects = sequences.flatMap(({ objects }) => objects);
  const used = new Set(pairs.map(({ masks }) => masks.name));
  return {
    sequences,
    objects: objects.length,
    ...meanOfObjects(objects),
    unused: found.map(({ name }) => name).filter((name) => !used.has(name)),
  };
}

/** By name; a single sequence on both sides needs no name. */
function pairUp(
  truths: readonly MaskSequence[],
  found: readonly MaskSequence[],
  masksFolder: string,
) {
  if (truths.length === 1 && found.length === 1) {
    return [{ truth: truths[0], masks: found[0] }];
  }
  const byName = new Map(found.map((masks) => [masks.name, masks]));
  const missing = truths.filter(({ name }) => !byName.has(name));
  if (missing.length > 0) {
    throw new RangeError(
      `Cannot evaluate ${masksFolder}: it has no masks for ${
        listed(missing.map(({ name }) => name))
      } (${missing.length} of ${truths.length} sequences); it has ${
        listed(found.map(({ name }) => name))
      }`,
    );
  }
  return truths.flatMap((truth) => {
    const masks = byName.get(truth.name);
    return masks ? [{ truth, masks }] : [];
  });
}

function listed(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
}

async function measureSequence(
  truth: MaskSequence,
  masks: MaskSequence,
  onFrame: () => void,
): Promise<ClipSequence> {
  const missing = [...truth.frames.keys()]
    .filter((frame) => !masks.frames.has(frame));
  if (missing.length > 0) {
    throw new RangeError(
      `Cannot evaluate sequence ${truth.name}: the masks lack ${missing.length} of ${truth.frames.size} frames: ${
        listed(missing)
      }`,
    );
  }
  const frames = [...truth.frames.keys()];
  const wanted = await objectsOf(truth, frames);
  const numberOf = matchObjects(
    truth.name,
    wanted,
    await objectsOf(masks, frames),
  );
  const rows = new Map(
    wanted.map((object) => [object, [] as ClipObject["frames"][number][]]),
  );
  for (const frame of frames) {
    onFrame();
    const right = await readFrameMasks(truth.frames.get(frame) ?? []);
    const found = await readFrameMasks(masks.frames.get(frame) ?? []);
    requireSameSize(truth.name, frame, right, found);
    for (const [object, own] of rows) {
      own.push({
        frame,
        ...measureObject(right, found, object, numberOf(object)),
      });
    }
  }
  const objects = [...rows].map(([object, frames]) =>
    summarise(object, frames)
  );
  return {
    sequence: truth.name,
    frames: frames.length,
    objects,
    ...meanOfObjects(objects),
  };
}

async function objectsOf(
  sequence: MaskSequence,
  frames: readonly string[],
): Promise<number[]> {
  const objects = new Set<number>();
  for (const frame of frames) {
    const masks = await readFrameMasks(sequence.frames.get(frame) ?? []);
    for (const object of masks.objects.keys()) objects.add(object);
  }
  return [...objects].sort((a, b) => a - b);
}

/** Objects go by number; a single one on both sides is the same whatever its number. */
function matchObjects(
  sequence: string,
  wanted: readonly number[],
  found: readonly number[],
): (object: number) => number {
  if (wanted.length === 0) {
    throw new RangeError(
      `Cannot evaluate sequence ${sequence}: its truth has no object`,
    );
  }
  if (wanted.length === 1 && found.length === 1) return () => found[0];
  const strangers = found.filter((object) => !wanted.includes(object));
  if (strangers.length > 0) {
    throw new RangeError(
      `Cannot evaluate sequence ${sequence}: the masks have object ${
        listed(strangers.map(String))
      }, the truth has ${listed(wanted.map(String))}`,
    );
  }
  return (object) => object;
}

function requireSameSize(
  sequence: string,
  frame: string,
  right: FrameMasks,
  found: FrameMasks,
) {
  if (right.width === found.width && right.height === found.height) return;
  throw new RangeError(
    `Cannot evaluate sequence ${sequence}, frame ${frame}: the masks are ${found.width}x${found.height}, the truth ${right.width}x${right.height}`,
  );
}

function measureObject(
  right: FrameMasks,
  found: FrameMasks,
  object: number,
  number: number,
): { readonly j: number; readonly f: number } {
  const known = (bitmap: Bitmap | undefined) => {
    const mask = bitmap ?? createBitmap(right);
    return right.voided ? subtract(mask, right.voided) : mask;
  };
  const truth = known(right.objects.get(object));
  const mask = known(found.objects.get(number));
  return { j: iou(truth, mask), f: boundaryF(truth, mask) };
}

function summarise(
  object: number,
  frames: ClipObject["frames"],
): ClipObject {
  const js = frames.map(({ j }) => j);
  const fs = frames.map(({ f }) => f);
  const [j, f] = [meanOf(js), meanOf(fs)];
  return {
    object,
    frames,
    davis: davisNumbers(statisticsOf(js), statisticsOf(fs)),
    allFrames: { j, f, jAndF: (j + f) / 2 },
  };
}

function davisNumbers(
  j: ClipStatistics | null,
  f: ClipStatistics | null,
): DavisNumbers {
  return { j, f, jAndF: j && f && (j.mean + f.mean) / 2 };
}

/** Without the first and the last frame. */
function statisticsOf(values: readonly number[]): ClipStatistics | null {
  const inner = values.slice(1, -1);
  if (inner.length === 0) return null;
  // Five borders cut four quarters; neighbours share the frame at the border.
  const border = (i: number) =>
    Math.round(1 + i * (inner.length - 1) / 4 + 1e-10) - 1;
  const quarter = (i: number) =>
    meanOf(inner.slice(border(i), border(i + 1) + 1));
  return {
    mean: meanOf(inner),
    recall: inner.filter((value) => value > 0.5).length / inner.length,
    decay: quarter(0) - quarter(3),
  };
}

function meanOfObjects(objects: readonly ClipObject[]) {
  const mean = (value: (object: ClipObject) => number) =>
    meanOf(objects.map(value));
  const statistics = (key: "j" | "f"): ClipStatistics | null => {
    const own = objects.map(({ davis }) => davis[key])
      .filter((numbers) => numbers !== null);
    if (own.length === 0) return null;
    return {
      mean: meanOf(own.map(({ mean }) => mean)),
      recall: meanOf(own.map(({ recall }) => recall)),
      decay: meanOf(own.map(({ decay }) => decay)),
    };
  };
  return {
    davis: davisNumbers(statistics("j"), statistics("f")),
    allFrames: {
      j: mean(({ allFrames }) => allFrames.j),
      f: mean(({ allFrames }) => allFrames.f),
      jAndF: mean(({ allFrames }) => allFrames.jAndF),
    },
  };
}
