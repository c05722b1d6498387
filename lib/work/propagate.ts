// Propagate: from the conditions of a stored sequence to a mask on every frame.
//
// Each frame is one transaction: masks, the memories that the next frame reads,
// and how far the run is. A cancelled or killed run goes on where it stopped,
// with the same bytes as an undisturbed one. What a person verified, drew or
// clicked is a condition and never overwritten.

import { CancelledError } from "../base/errors.ts";
import { startProgress } from "../base/progress.ts";
import { type Frames, framesSha256 } from "../media/frames.ts";
import { decodeCounts } from "../masks/rle.ts";
import { type Direction, planSteps, type Step } from "../propagate/plan.ts";
import {
  type Condition,
  type PropagatedStep,
  propagateMasks,
  type TrackedPast,
} from "../propagate/propagate.ts";
import { graphVersion } from "../sam2/engine.ts";
import { normaliseImage } from "../sam2/preprocess.ts";
import type { FrameMemory } from "../sam2/memory.ts";
import type { Store } from "../store/database.ts";
import {
  commitFrame,
  findMask,
  listMasks,
  readMaskBitmap,
  type StoredMask,
} from "../store/masks.ts";
import { deletePropagated } from "../store/delete_propagated.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts, promptsSha256 } from "../store/prompts.ts";
import {
  finishRun,
  listRunMemories,
  listRuns,
  resumeRun,
  type Run,
  type RunMemory,
  startRun,
} from "../store/runs.ts";
import { type Annotator, toFramePrompt } from "./annotate.ts";
import type { WorkOptions } from "./import.ts";

/** Which frames a propagation may fill. */
export type PropagateOptions = WorkOptions & {
  readonly direction?: "both" | Direction;
  /** First and last frame, both included. */
  readonly from?: number;
  readonly to?: number;
  /** Forgets an earlier run, and the masks it left, where anything differs. */
  readonly restart?: boolean;
};

/** What a propagation did. */
export type PropagateResult = {
  readonly run: Run;
  /** Frames that this call tracked; fewer than the run has when it was resumed. */
  readonly framesTracked: number;
  readonly msPerFrame: number;
};

/** What makes a run the same run. */
export type RunIdentity = Pick<
  Run,
  "framesSha256" | "promptsSha256" | "modelSha256" | "options"
>;

const kind = "propagate";

/**
 * Carries all objects of a sequence to its other frames, or goes on with it.
 *
 * @throws RangeError when an earlier run differs and `restart` is not set, or when no object has a prompt
 * @throws CancelledError when the signal fires; what is committed stays
 */
export async function propagateSequence(
  annotator: Annotator,
  { direction = "both", from, to, restart = false, onProgress, signal }:
    PropagateOptions = {},
): Promise<PropagateResult> {
  const { writer, frames } = annotator;
  const { store, sequence } = writer;
  const range = requireRange(sequence.frameCount, { from, to });
  const conditions = await readConditions(store, sequence.id);
  if (conditions.size === 0) {
    throw new RangeError(
      `Cannot propagate sequence ${sequence.id}: no object has a prompt or a verified mask`,
    );
  }
  const framesByObject = new Map(
    [...conditions].map(([id, list]) => [id, list.map(({ frame }) => frame)]),
  );
  const steps = planSteps(framesByObject, { direction, ...range });
  const identity = await identityOf(annotator, { direction, ...range });
  const run = await openRun(annotator, identity, steps, restart);
  if (run.status === "done") return { run, framesTracked: 0, msPerFrame: 0 };

  const left = steps.slice(run.framesDone);
  const past = await readPast(store, run);
  const images = prefetcher(frames, annotator.model.engine.side);
  const source = {
    engine: annotator.model.engine,
    frameCount: sequence.frameCount,
    frameSize: { width: sequence.width, height: sequence.height },
    conditions,
    readFeatures: async (frame: number) =>
      await annotator.model.engine.encodeImage(await images.take(frame)),
    prepare: images.prepare,
  };
  const report = startProgress("propagate", left.length, { onProgress });
  const startMs = performance.now();
  let done = 0;
  try {
    for await (
      const found of propagateMasks(source, left, {
        past: (object, way) => past.get(`${object} ${way}`),
        signal,
      })
    ) {
      done++;
      await commit(annotator, run, found, run.framesDone + done);
      report(done);
    }
  } catch (error) {
    const status = error instanceof CancelledError ? "cancelled" : "failed";
    await finishRun(store, run.id, status).catch(() => {}); // on a full disk the first error tells more
    throw error;
  }
  const finished = await finishRun(store, run.id, "done");
  const msPerFrame = (performance.now() - startMs) / Math.max(done, 1);
  return { run: finished, framesTracked: done, msPerFrame };
}

/** The frames that may be filled, both included; throws RangeError where the sequence has none. */
export function requireRange(
  frameCount: number,
  { from = 0, to = frameCount - 1 }: Pick<PropagateOptions, "from" | "to">,
): { readonly from: number; readonly to: number } {
  if (from < 0 || to >= frameCount || from > to) {
    throw new RangeError(
      `Cannot propagate frames ${from} to ${to}, the sequence has frames 0 to ${
        frameCount - 1
      }`,
    );
  }
  return { from, to };
}

/** The conditions of every object: prompted frames, and masks that a person made or verified. */
export async function readConditions(
  store: Store,
  sequenceId: number,
): Promise<Map<number, readonly Condition[]>> {
  const prompts = await listPrompts(store, sequenceId);
  const conditions = new Map<number, readonly Condition[]>();
  for (const { id } of await listObjects(store, sequenceId)) {
    const byFrame = new Map<number, Condition>();
    const own = prompts.filter(({ objectId }) => objectId === id);
    for (const [frame, group] of Map.groupBy(own, ({ frame }) => frame)) {
      const given = group.map(({ prompt }) => toFramePrompt(prompt));
      byFrame.set(frame, { frame, prompts: given });
    }
    for (const mask of await listMasks(store, sequenceId, { objectId: id })) {
      if (!isPersonal(mask)) continue;
      const bitmap = readMaskBitmap(mask);
      const { frame } = mask;
      byFrame.set(frame, { frame, prompts: [{ kind: "mask", mask: bitmap }] });
    }
    if (byFrame.size > 0) conditions.set(id, [...byFrame.values()]);
  }
  return conditions;
}

/** Whether a person stands behind a mask as it is, not by the prompts that led to it. */
function isPersonal({ origin, verified }: StoredMask): boolean {
  return origin === "drawn" || origin === "imported" ||
    (verified && origin !== "click");
}

/** The checksums that a run is known by: frames, prompts and personal masks, model, options. */
export async function identityOf(
  { writer: { store, sequence }, model }: Annotator,
  options: { direction: string; from: number; to: number },
): Promise<RunIdentity> {
  const prompts = await listPrompts(store, sequence.id);
  const masks = await listMasks(store, sequence.id);
  const personal = masks
    .filter(isPersonal)
    .map(({ objectId, frame, height, width, counts }) => ({
      objectId,
      frame,
      prompt: {
        kind: "mask" as const,
        rle: { size: [height, width] as const, counts: decodeCounts(counts) },
      },
    }));
  // by number, since row ids are another store's business
  const numberOf = new Map(
    (await listObjects(store, sequence.id)).map((
      { id, number },
    ) => [id, number]),
  );
  const byNumber = [...prompts, ...personal].map((prompt) => ({
    ...prompt,
    objectId: numberOf.get(prompt.objectId) ?? prompt.objectId,
  }));
  return {
    framesSha256: sequence.framesSha256,
    promptsSha256: promptsSha256(byNumber),
    modelSha256: model.sha256,
    options: { ...options, side: model.engine.side, graphVersion },
  };
}

/** The run to go on with, or a new one. */
async function openRun(
  { writer, frames }: Annotator,
  identity: RunIdentity,
  steps: readonly Step[],
  restart: boolean,
): Promise<Run> {
  const { store, sequence } = writer;
  const earlier = (await listRuns(store, sequence.id))
    .filter((run) => run.kind === kind).at(-1);
  if (earlier && !restart) {
    refuseDifference(
      earlier,
      identity,
      `run ${earlier.id} of sequence ${sequence.id}`,
    );
    await checkPixels(frames, store, sequence.id, steps);
    return earlier.status === "done"
      ? earlier
      : await resumeRun(store, earlier.id);
  }
  if (earlier) await deletePropagated(writer);
  return await startRun(store, {
    ...identity,
    sequenceId: sequence.id,
    kind,
    framesTotal: steps.length,
  });
}

/** Throws RangeError that says what differs from an earlier run. */
export function refuseDifference(
  earlier: RunIdentity,
  now: RunIdentity,
  what: string,
): void {
  const names = {
    framesSha256: "frames",
    promptsSha256: "prompts",
    modelSha256: "model",
  } as const;
  const different = Object.entries(names).flatMap(([key, name]) => {
    const [a, b] = [earlier, now].map((identity) =>
      identity[key as keyof typeof names].slice(0, 12)
    );
    return a === b ? [] : [`${name} (sha256 ${a}… then, ${b}… now)`];
  });
  const options = new Set([
    ...Object.keys(earlier.options),
    ...Object.keys(now.options),
  ]);
  for (const option of options) {
    const [a, b] = [earlier.options[option], now.options[option]];
    if (a !== b) different.push(`${option} (${a} then, ${b} now)`);
  }
  if (different.length > 0) {
    throw new RangeError(
      `Cannot go on with ${what}: these differ: ${
        different.join(", ")
      }. --restart forgets it and begins anew`,
    );
  }
}

/** Proves on the first frame to come that the source still shows what was imported. */
async function checkPixels(
  frames: Frames,
  store: Store,
  sequenceId: number,
  steps: readonly Step[],
) {
  const first = steps[0]?.frame;
  if (first === undefined) return;
  const { sha256 } = await store.db.selectFrom("frame").select("sha256")
    .where("sequenceId", "=", sequenceId).where("index", "=", first)
    .executeTakeFirstOrThrow();
  const found = framesSha256(await frames.read(first));
  if (found !== sha256) {
    throw new RangeError(
      `Cannot go on with sequence ${sequenceId}: frame ${first} of ${frames.source} has other pixels than the one imported`,
    );
  }
}

async function commit(
  { writer, model }: Annotator,
  run: Run,
  { step, masks, forget }: PropagatedStep,
  framesDone: number,
) {
  const { direction, frame } = step;
  await commitFrame(writer, {
    runId: run.id,
    framesDone,
    masks: masks.map(({ object, mask, ...scores }) => ({
      objectId: object,
      frame,
      bitmap: mask,
      origin: "propagated",
      modelSha256: model.sha256,
      presenceScore: scores.presenceScore,
      predictedIou: scores.predictedIou,
      drift: scores.drift,
      source: direction,
    })),
    memories: masks.map(({ object, memory }) => ({
      objectId: object,
      direction,
      frame,
      isConditioning: false,
      objectScore: memory.objectScore,
      predictedIou: memory.iou,
      lowRes: new Float32Array(), // the next frame does not read it
      pointer: memory.pointer,
      memory: memory.memory ?? new Float32Array(),
    })),
    forget: forget.map((key) => ({
      objectId: key.object,
      frame: key.frame,
      direction,
    })),
  });
}

/** What each object's pass left before the run stopped. */
async function readPast(
  store: Store,
  run: Run,
): Promise<ReadonlyMap<string, TrackedPast>> {
  const memories = await listRunMemories(store, run.id);
  const groups = Map.groupBy(
    memories,
    ({ objectId, direction }) => `${objectId} ${direction}`,
  );
  const past = new Map<string, TrackedPast>();
  for (const [key, group] of groups) {
    const [{ objectId, direction }] = group;
    const sign = direction === "forward" ? 1 : -1;
    const sorted = group.toSorted((a, b) => (a.frame - b.frame) * sign);
    const last = sorted[sorted.length - 1].frame;
    const mask = await findMask(store, { objectId, frame: last });
    past.set(key, {
      memories: sorted.map(toFrameMemory),
      lastMask: mask && { frame: last, mask: readMaskBitmap(mask) },
    });
  }
  return past;
}

function toFrameMemory(memory: RunMemory): FrameMemory {
  const { frame, lowRes, objectScore, pointer } = memory;
  return {
    frame,
    lowRes,
    iou: memory.predictedIou,
    objectScore,
    pointer,
    memory: memory.memory,
  };
}

/** Decodes and normalises the next frame while the model works on this one. */
function prefetcher(frames: Frames, side: number) {
  let ahead: { frame: number; image: ReturnType<typeof load> } | undefined;
  const load = async (frame: number) =>
    normaliseImage(await frames.read(frame), side);
  return {
    prepare: (frame: number) => {
      const image = load(frame);
      image.catch(() => {}); // whoever takes it gets the error
      ahead = { frame, image };
    },
    take: (frame: number) => {
      const image = ahead?.frame === frame ? ahead.image : load(frame);
      ahead = undefined;
      return image;
    },
  };
}
