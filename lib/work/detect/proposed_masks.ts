// The masks of what was detected: the detector's own, or what SAM 2 makes of
// its boxes.
//
// SAM 2 is slow beside a detector, so its masks go into a file beside the lines,
// frame by frame, and a run that was stopped goes on from them.

import { join } from "node:path";
import { z } from "zod";
import { throwIfCancelled } from "../../base/errors.ts";
import { startProgress } from "../../base/progress.ts";
import { decodeCounts, encodeCounts, type Rle } from "../../masks/rle.ts";
import type { Frames } from "../../media/frames.ts";
import type { WorkOptions } from "../import.ts";
import type { OpenModel } from "../open_model.ts";
import { detectFiles, type DetectIdentity } from "./detection_folder.ts";
import { openLines, readWholeLines } from "./detection_lines.ts";
import type { ProposedMask, ProposedObject } from "./plan_proposals.ts";
import { segmentBoxes } from "./segment_boxes.ts";

/** How masks are found. */
export type SegmentOptions = WorkOptions & {
  /** The folder that detection left. */
  readonly out: string;
  /** What the detection is known by. */
  readonly identity: DetectIdentity;
  /** Turns boxes into masks; not needed where the detector gives masks. */
  readonly segmenter?: OpenModel;
};

/** A mask with what the model that made it thinks of it. */
export type FoundMask = {
  readonly mask: Rle;
  readonly predictedIou: number | null;
  readonly source: string;
};

/** Finds the mask of what is proposed; undefined where there is none. */
export type MasksOf = (proposed: ProposedMask) => FoundMask | undefined;

/** The masks of all objects: the detector's own, or what SAM 2 makes of its boxes. */
export async function findProposedMasks(
  frames: Frames,
  objects: readonly ProposedObject[],
  options: SegmentOptions,
): Promise<MasksOf> {
  const bare = objects.flatMap(({ masks }) => masks)
    .filter(({ mask }) => mask === undefined);
  const segmented = bare.length === 0
    ? new Map<string, FoundMask>()
    : await segmentAll(frames, bare, options);
  return ({ frame, at, mask }) =>
    mask
      ? { mask, predictedIou: null, source: "detector" }
      : segmented.get(`${frame} ${at}`);
}

const SegmentedLine = z.object({
  frame: z.int(),
  masks: z.array(z.object({
    at: z.int(),
    size: z.tuple([z.int(), z.int()]),
    counts: z.string(),
    predictedIou: z.number(),
  })),
});
const SegmentedHead = z.object({
  segmenter: z.string(),
  side: z.int(),
  detections: z.string(),
});

/** Segments frame after frame into a file beside the lines, so that a killed run goes on. */
async function segmentAll(
  frames: Frames,
  bare: readonly ProposedMask[],
  { out, identity, segmenter, onProgress, signal }: SegmentOptions,
): Promise<ReadonlyMap<string, FoundMask>> {
  if (!segmenter) {
    throw new RangeError(
      `Cannot propose ${bare.length} boxes: the detector gives no masks, expected a model of SAM 2 that makes them`,
    );
  }
  const path = join(out, detectFiles.masks);
  const head = {
    segmenter: segmenter.sha256,
    side: segmenter.engine.side,
    detections: JSON.stringify(identity),
  };
  const done = await readSegmented(path, head);
  if (!done) await Deno.remove(path).catch(() => {}); // it may not be there
  const lines = await openLines(path);
  const found = new Map(done);
  try {
    if (lines.before === 0) await lines.append(head);
    const byFrame = Map.groupBy(bare, ({ frame }) => frame);
    const todo = [...byFrame].filter(([frame]) => !found.has(frame))
      .sort(([a], [b]) => a - b);
    const report = startProgress("segment", todo.length, { onProgress });
    for (const [i, [frame, boxes]] of todo.entries()) {
      throwIfCancelled(signal, `segmenting at frame ${frame}`);
      const image = await frames.read(frame);
      const answers = await segmentBoxes(
        segmenter,
        image,
        boxes.map(({ box }) => box),
      );
      const masks = answers.flatMap((answer, k) =>
        answer
          ? [{
            at: boxes[k].at,
            size: [...answer.mask.size] as [number, number],
            counts: encodeCounts(answer.mask.counts),
            predictedIou: answer.predictedIou,
          }]
          : []
      );
      await lines.append({ frame, masks });
      found.set(frame, masks);
      report(i + 1);
    }
  } finally {
    lines.close();
  }
  const source = `detector, ${segmenter.id}`;
  return new Map(
    [...found].flatMap(([frame, masks]) =>
      masks.map(({ at, size, counts, predictedIou }): [string, FoundMask] => [
        `${frame} ${at}`,
        {
          mask: { size, counts: decodeCounts(counts) },
          predictedIou,
          source,
        },
      ])
    ),
  );
}

/** What an earlier sitting segmented, by frame; undefined where it is of another detection or model. */
async function readSegmented(
  path: string,
  head: z.infer<typeof SegmentedHead>,
) {
  const found = new Map<number, z.infer<typeof SegmentedLine>["masks"]>();
  let isFirst = true;
  for await (const { text } of readWholeLines(path)) {
    if (isFirst) {
      const there = SegmentedHead.safeParse(JSON.parse(text));
      const isSame = JSON.stringify(there.data) === JSON.stringify(head);
      if (!isSame) return undefined;
      isFirst = false;
      continue;
    }
    const { frame, masks } = SegmentedLine.parse(JSON.parse(text));
    found.set(frame, masks);
  }
  return isFirst ? undefined : found;
}
