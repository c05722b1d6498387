// Propagate: from the conditions of a stored sequence to a mask on every frame.
//
// Each frame is one transaction: masks, the memories that the next frame reads,
// and how far the run is. What is left to do is read off what is there, so a
// cancelled or killed run goes on where it stopped, with the same bytes as an
// undisturbed one, and a correction costs only what lies between its
// neighbours. What a person verified, drew or clicked is a condition and never
// overwritten.

import { CancelledError, untilCancelled } from "../base/errors.ts";
import { startProgress } from "../base/progress.ts";
import { type Frames, framesSha256 } from "../media/frames.ts";
import { DriftParts } from "../propagate/drift.ts";
import { planSteps } from "../propagate/plan.ts";
import {
  type PropagatedStep,
  propagateMasks,
  type TrackedMask,
  type TrackedPast,
} from "../propagate/propagate.ts";
import type { FrameMemory } from "../sam2/memory.ts";
import { inTransaction, type Store } from "../store/database.ts";
import { commitFrame, findMask, readMaskBitmap } from "../store/masks.ts";
import { deletePropagated } from "../store/delete_propagated.ts";
import {
  finishRun,
  listRunMemories,
  listRuns,
  resumeRun,
  type Run,
  type RunMemory,
  startRun,
} from "../store/runs.ts";
import { discard, markStale } from "../store/stale.ts";
import type { SequenceWriter } from "../store/writer.ts";
import { type Annotator, openFeatures } from "./annotate.ts";
import {
  type BasisOf,
  originsBetween,
  readConditions,
  type StoredConditions,
} from "./conditions.ts";
import type { WorkOptions } from "./import.ts";
import { type Plan, planSequence } from "./plan_sequence.ts";
import {
  type Asked,
  askedOf,
  identityOf,
  propagationRun,
  refuseDifference,
  type RunIdentity,
} from "./run_identity.ts";
import { separateMasks } from "./separate.ts";

/** How a propagation goes, and which frames it may fill. */
export type PropagateOptions = WorkOptions & Partial<Asked> & {
  /** Forgets an earlier run, and the masks it left, where anything differs. */
  readonly restart?: boolean;
  /** Goes on from an earlier run that had other frames or directions: a person fills a clip piece by piece. */
  readonly anyRange?: boolean;
};

/** What a propagation did. */
export type PropagateResult = {
  readonly run: Run;
  /** Frames that this call tracked; fewer than the run has when it was resumed. */
  readonly framesTracked: number;
  readonly msPerFrame: number;
  /** How many frames were encoded, how many read from disk, and why none could be kept. */
  readonly features?: {
    readonly encoded: number;
    readonly cached: number;
    readonly trouble: string | undefined;
  };
};

/**
 * Carries all objects of a sequence to its other frames, or goes on with it.
 *
 * @throws RangeError when an earlier run differs in more than its prompts and `restart` is not set, or when no object has a prompt
 * @throws CancelledError when the signal fires; what is committed stays
 */
export async function propagateSequence(
  annotator: Annotator,
  options: PropagateOptions = {},
): Promise<PropagateResult> {
  const { restart = false, anyRange = false, onProgress, signal } = options;
  const { writer, frames } = annotator;
  const { store, sequence } = writer;
  const asked = askedOf(options, sequence.frameCount);
  const conditions = await readConditions(store, sequence.id);
  if (conditions.size === 0) {
    throw new RangeError(
      `Cannot propagate sequence ${sequence.id}: no object has a prompt or a verified mask`,
    );
  }
  const identity = await identityOf(annotator, asked);
  const earlier = await findEarlier(annotator, identity, {
    restart,
    anyRange,
  });
  if (earlier && restart) await deletePropagated(writer);
  const originsOf = originsBetween(conditions, identity);
  const basisOf = (object: number, frame: number) => {
    const { made, before, after } = originsOf(object, frame);
    return `${made} ${before[0]} ${after[0]}`;
  };
  const plan = await planSequence(store, sequence.id, conditions, {
    ...asked,
    originsOf,
  });
  const steps = planSteps(plan.passes);
  const firstFrame = steps[0]?.frame ?? asked.from;
  await checkPixels(frames, store, sequence.id, firstFrame);
  if (
    steps.length === 0 && earlier && !restart &&
    isSamePrompts(earlier, identity)
  ) {
    const run = await endRun(writer, earlier, asked);
    return { run, framesTracked: 0, msPerFrame: 0 };
  }
  const run = await openRun(annotator, identity, plan, {
    earlier: restart ? undefined : earlier,
    steps: steps.length,
  });

  const past = await readPast(store, run);
  const features = await openFeatures(annotator);
  let committing: Promise<unknown> = Promise.resolve();
  const source = {
    engine: annotator.model.engine,
    frameCount: sequence.frameCount,
    frameSize: { width: sequence.width, height: sequence.height },
    conditions,
    readFeatures: features.read,
    prepare: features.prepare,
    readForward: async (place: { object: number; frame: number }) => {
      await committing; // may be the step before
      return await readForward(store, place);
    },
  };
  const report = startProgress("propagate", steps.length, { onProgress });
  const startMs = performance.now();
  let done = 0;
  try {
    const masks = propagateMasks(source, steps, {
      past: (object, way) => past.get(`${object} ${way}`) ?? [],
      signal,
    });
    while (true) {
      // a frame of a large model takes seconds: whoever cancels does not wait for it
      const next = await untilCancelled(
        masks.next(),
        signal,
        `propagation after ${done} of ${steps.length} steps`,
      );
      if (next.done) break;
      await committing; // one frame is written while the next is computed
      const step = ++done;
      const commit = commitStep(annotator, run, next.value, {
        framesDone: run.framesDone + step,
        basisOf,
      });
      committing = commit.then(() => report(step));
      committing.catch(() => {}); // whoever awaits it next gets the error
    }
    await committing;
  } catch (error) {
    await committing.catch(() => {}); // the first error tells more
    await markChanged(store, sequence.id, conditions).catch(() => {});
    const status = error instanceof CancelledError ? "cancelled" : "failed";
    await finishRun(store, run.id, status).catch(() => {}); // on a full disk too
    throw error;
  }
  await features.settle();
  await markChanged(store, sequence.id, conditions);
  const framesDone = run.framesDone + done;
  const finished = await endRun(writer, { ...run, framesDone }, asked);
  const msPerFrame = (performance.now() - startMs) / Math.max(done, 1);
  const trouble = features.trouble();
  return {
    run: finished,
    framesTracked: done,
    msPerFrame,
    features: { ...features.counts, trouble },
  };
}

/** Marks what a person changed while a run wrote over it. */
async function markChanged(
  store: Store,
  sequenceId: number,
  before: StoredConditions,
) {
  const now = await readConditions(store, sequenceId);
  for (const objectId of new Set([...before.keys(), ...now.keys()])) {
    const [then, since] = [before, now].map((conditions) =>
      new Map(
        conditions.get(objectId)?.filter(({ isAccepted }) => !isAccepted)
          .map(({ frame, name }) => [frame, name]),
      )
    );
    for (const frame of new Set([...then.keys(), ...since.keys()])) {
      if (then.get(frame) === since.get(frame)) continue;
      await markStale(store, { objectId, frame });
    }
  }
}

/**
 * The last run of the sequence. Other prompts are corrections, which are worked
 * in; anything else that differs is refused.
 */
async function findEarlier(
  { writer: { store, sequence } }: Annotator,
  identity: RunIdentity,
  { restart, anyRange }: {
    readonly restart: boolean;
    readonly anyRange: boolean;
  },
): Promise<Run | undefined> {
  const runs = await listRuns(store, sequence.id);
  const earlier = runs.filter((run) => run.kind === propagationRun).at(-1);
  if (earlier && !restart) {
    const { promptsSha256 } = earlier;
    const what = `run ${earlier.id} of sequence ${sequence.id}`;
    const { direction, from, to } = earlier.options;
    const options = anyRange
      ? { ...identity.options, direction, from, to }
      : identity.options;
    refuseDifference(earlier, { ...identity, promptsSha256, options }, what);
  }
  return earlier;
}

function isSamePrompts(earlier: Run, identity: RunIdentity): boolean {
  return earlier.promptsSha256 === identity.promptsSha256;
}

/** The run to go on with, where it was stopped and nothing was changed since, or a new one. */
function openRun(
  { writer: { store, sequence } }: Annotator,
  identity: RunIdentity,
  { keep, anew }: Plan,
  { earlier, steps }: {
    readonly earlier: Run | undefined;
    readonly steps: number;
  },
): Promise<Run> {
  return inTransaction(store, async (store) => {
    for (const { object, from, to } of anew) {
      await discard(store, { objectId: object, from, to });
    }
    const goesOn = earlier && earlier.status !== "done" &&
      isSamePrompts(earlier, identity) &&
      earlier.framesDone + steps === earlier.framesTotal;
    if (goesOn) return await resumeRun(store, earlier.id, { keep });
    const run = { ...identity, sequenceId: sequence.id, kind: propagationRun };
    return await startRun(store, { ...run, framesTotal: steps }, { keep });
  });
}

/** Ends a run that has nothing left to track. */
async function endRun(
  writer: SequenceWriter,
  run: Run,
  { nonOverlap, from, to }: Asked,
): Promise<Run> {
  if (run.status === "done") return run;
  if (nonOverlap) await separateMasks(writer, run, { from, to });
  return await finishRun(writer.store, run.id, "done");
}

/** Proves on the first frame to come that the source still shows what was imported. */
async function checkPixels(
  frames: Frames,
  store: Store,
  sequenceId: number,
  first: number,
) {
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

async function commitStep(
  { writer, model }: Annotator,
  run: Run,
  { step, masks, forget }: PropagatedStep,
  { framesDone, basisOf }: {
    readonly framesDone: number;
    readonly basisOf: BasisOf;
  },
) {
  const { direction, frame } = step;
  await commitFrame(writer, {
    runId: run.id,
    framesDone,
    masks: masks.map(({ object, mask, parts, isProvisional, ...scores }) => ({
      objectId: object,
      frame,
      bitmap: mask,
      origin: "propagated",
      modelSha256: model.sha256,
      presenceScore: scores.presenceScore,
      predictedIou: scores.predictedIou,
      drift: scores.drift,
      source: scores.source,
      state: isProvisional ? "provisional" : "final",
      driftParts: JSON.stringify(parts),
      basis: isProvisional ? "" : basisOf(object, frame),
    })),
    memories: masks.map(({ object, memory }) => ({
      objectId: object,
      direction,
      frame,
      isConditioning: false,
      objectScore: memory.objectScore,
      predictedIou: memory.iou,
      lowRes: memory.lowRes,
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

/** What the forward pass gave; undefined where a person's mask has taken its place. */
async function readForward(
  store: Store,
  { object, frame }: { readonly object: number; readonly frame: number },
): Promise<TrackedMask | undefined> {
  const mask = await findMask(store, { objectId: object, frame });
  if (mask?.state !== "provisional") return undefined;
  return {
    mask: readMaskBitmap(mask),
    presenceScore: mask.presenceScore ?? 0,
    predictedIou: mask.predictedIou ?? 0,
    parts: DriftParts.parse(JSON.parse(mask.driftParts)),
  };
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
  return new Map(
    [...groups].map(([key, group]) => [key, group.map(toFrameMemory)]),
  );
}

function toFrameMemory(memory: RunMemory): FrameMemory {
  const { frame, lowRes, objectScore, pointer } = memory;
  return {
    frame,
    lowRes,
    iou: memory.predictedIou,
    objectScore,
    pointer,
    memory: memory.memory.length > 0 ? memory.memory : undefined,
  };
}
