// Propagate: from the conditions of a stored sequence to a mask on every frame.
//
// Each frame is one transaction: masks, the memories that the next frame reads,
// and how far the run is. What is left to do is read off what is there, so a
// cancelled or killed run goes on where it stopped, with the same bytes as an
// undisturbed one, and a correction costs only what lies between its
// neighbours. What a person verified, drew or clicked is a condition and never
// overwritten.

import { createHash } from "node:crypto";
import { CancelledError, untilCancelled } from "../base/errors.ts";
import { startProgress } from "../base/progress.ts";
import { type Frames, framesSha256 } from "../media/frames.ts";
import { decodeCounts } from "../masks/rle.ts";
import { DriftParts } from "../propagate/drift.ts";
import {
  type Direction,
  type Gap,
  type GapState,
  listGaps,
  type Pass,
  planGap,
  planSteps,
} from "../propagate/plan.ts";
import {
  type Condition,
  type PropagatedStep,
  propagateMasks,
  type TrackedMask,
  type TrackedPast,
} from "../propagate/propagate.ts";
import { graphVersion } from "../sam2/engine.ts";
import type { FramePrompt } from "../sam2/interact.ts";
import type { FrameMemory } from "../sam2/memory.ts";
import { inTransaction, type Store } from "../store/database.ts";
import {
  commitFrame,
  findMask,
  isPersonal,
  listMasks,
  listMaskStates,
  readMaskBitmap,
  type StoredMask,
} from "../store/masks.ts";
import { canonicalSha256 } from "../store/canonical.ts";
import { deletePropagated } from "../store/delete_propagated.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts, promptsSha256 } from "../store/prompts.ts";
import {
  findResumableRun,
  finishRun,
  listRunMemories,
  listRunMemoryKeys,
  listRuns,
  resumeRun,
  type Run,
  type RunMemory,
  type RunMemoryKey,
  startRun,
} from "../store/runs.ts";
import { discard, listStale, markStale, revive } from "../store/stale.ts";
import type { SequenceWriter } from "../store/writer.ts";
import { type Annotator, openFeatures, toFramePrompt } from "./annotate.ts";
import type { WorkOptions } from "./import.ts";
import { separateMasks } from "./separate.ts";

/** Which frames a propagation may fill. */
export type PropagateOptions = WorkOptions & {
  readonly direction?: "both" | Direction;
  /** First and last frame, both included. */
  readonly from?: number;
  readonly to?: number;
  /** Tracks what lies between two conditions from both (default); otherwise only from the nearer one. */
  readonly agreement?: boolean;
  /** Cuts masks where they lie in another object's, when all are there. */
  readonly nonOverlap?: boolean;
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

/** What was asked of a propagation. */
export type Asked = {
  readonly direction: "both" | Direction;
  readonly agreement: boolean;
  readonly nonOverlap: boolean;
  readonly from: number;
  readonly to: number;
};

/** Fills in what was left out; throws RangeError for frames that are not there. */
export function askedOf(
  { direction = "both", agreement = true, nonOverlap = false, ...range }:
    PropagateOptions,
  frameCount: number,
): Asked {
  const { from, to } = requireRange(frameCount, range);
  return { direction, agreement, nonOverlap, from, to };
}

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
  const { restart = false, onProgress, signal } = options;
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
  const earlier = await findEarlier(annotator, identity, { restart });
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
      const framesDone = run.framesDone + ++done;
      const commit = commitStep(annotator, run, next.value, {
        framesDone,
        basisOf,
      });
      committing = commit.then(() => report(framesDone - run.framesDone));
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
  return { run: finished, framesTracked: done, msPerFrame };
}

/** Marks what a person changed while a run wrote over it. */
async function markChanged(
  store: Store,
  sequenceId: number,
  before: ReadonlyMap<number, readonly Condition[]>,
) {
  const now = await readConditions(store, sequenceId);
  for (const objectId of new Set([...before.keys(), ...now.keys()])) {
    const [then, since] = [before, now].map((conditions) =>
      new Map(
        conditions.get(objectId)?.filter(({ isAccepted }) => !isAccepted)
          .map(({ frame, prompts }) => [frame, nameOf(prompts)]),
      )
    );
    for (const frame of new Set([...then.keys(), ...since.keys()])) {
      if (then.get(frame) === since.get(frame)) continue;
      await markStale(store, { objectId, frame });
    }
  }
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
      const prompts = [{ kind: "mask", mask: bitmap }] as const;
      const isAccepted = mask.origin === "propagated";
      byFrame.set(frame, { frame, prompts, isAccepted });
    }
    if (byFrame.size > 0) conditions.set(id, [...byFrame.values()]);
  }
  return conditions;
}

/** The checksums that a run is known by: frames, prompts and personal masks, model, options. */
export async function identityOf(
  { writer: { store, sequence }, model }: Annotator,
  options: Asked,
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
    options: {
      ...options,
      side: model.engine.side,
      precision: model.engine.precision,
      graphVersion,
      features: model.keepsFeatures ? "half" : "full",
    },
  };
}

/** What is left to do, and the memories that it goes on from. */
type Plan = {
  readonly passes: readonly Pass[];
  readonly keep: readonly RunMemoryKey[];
  /** Gaps that are tracked anew from both sides, as a whole. */
  readonly anew: readonly Gap[];
};

/** Finds what is missing or out of date between the conditions of every object. */
async function planSequence(
  store: Store,
  sequenceId: number,
  conditions: ReadonlyMap<number, readonly Condition[]>,
  { originsOf, ...asked }: Asked & { readonly originsOf: OriginsOf },
): Promise<Plan> {
  await reviveMasks(store, sequenceId, conditions, { originsOf, ...asked });
  const masks = Map.groupBy(
    await listMaskStates(store, sequenceId),
    ({ objectId }) => objectId,
  );
  const run = await findResumableRun(store, sequenceId, kind);
  const memories = run ? await listRunMemoryKeys(store, run.id) : [];
  const passes: Pass[] = [];
  const keep: RunMemoryKey[] = [];
  const anew: Gap[] = [];
  for (const [object, list] of conditions) {
    const frames = list.map(({ frame }) => frame);
    const stateOf = new Map(
      masks.get(object)?.map(({ frame, state }) => [frame, state]),
    );
    const own = memories.filter(({ objectId }) => objectId === object);
    for (const gap of listGaps(object, frames, asked)) {
      const inGap = own.filter(({ frame }) =>
        frame >= gap.from && frame <= gap.to
      );
      const left = planGap(gap, gapState(gap, stateOf, inGap), asked);
      passes.push(...left);
      const begins = (way: Direction) =>
        left.some(({ direction, first }) =>
          direction === way && first === (way === "forward" ? gap.from : gap.to)
        );
      keep.push(...inGap.filter(({ direction }) => !begins(direction)));
      const isBoth = left.some(({ opposite }) => opposite !== null);
      if (isBoth && begins("forward")) anew.push(gap);
    }
  }
  return { passes, keep, anew };
}

/** Takes back that masks are stale where they rest on what is there again. */
async function reviveMasks(
  store: Store,
  sequenceId: number,
  conditions: ReadonlyMap<number, readonly Condition[]>,
  { originsOf, ...range }: {
    readonly originsOf: OriginsOf;
    readonly from: number;
    readonly to: number;
  },
) {
  const stale = await listStale(store, sequenceId);
  for (const [objectId, masks] of Map.groupBy(stale, (row) => row.objectId)) {
    const frames = conditions.get(objectId)?.map(({ frame }) => frame) ?? [];
    for (const { from, to } of listGaps(objectId, frames, range)) {
      const inGap = masks.filter(({ frame }) => frame >= from && frame <= to);
      if (inGap.length === 0) continue;
      const { made, before, after } = originsOf(objectId, from);
      const revived = inGap.filter(({ basis }) => {
        const [how, left, right] = basis.split(" ");
        return how === made && before.includes(left) && after.includes(right);
      });
      await revive(store, {
        objectId,
        frames: revived.map(({ frame }) => frame),
      });
    }
  }
}

/** Names what a mask of an object on a frame is tracked from. */
type BasisOf = (object: number, frame: number) => string;

/**
 * What a basis is made of: model and options, and the condition on either side;
 * then those that it may name from before masks between were accepted.
 */
type OriginsOf = (object: number, frame: number) => {
  readonly made: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
};

function originsBetween(
  conditions: ReadonlyMap<number, readonly Condition[]>,
  { modelSha256, options }: RunIdentity,
): OriginsOf {
  const made = canonicalSha256({ modelSha256, options }).slice(0, 16);
  const named = new Map(
    [...conditions].map(([object, list]) => [
      object,
      list.map(({ frame, prompts, isAccepted }) => ({
        frame,
        name: `${frame}:${nameOf(prompts)}`,
        isAccepted,
      })).sort((a, b) => a.frame - b.frame),
    ]),
  );
  return (object, at) => {
    const list = named.get(object) ?? [];
    const before = list.filter(({ frame }) => frame < at).reverse();
    const after = list.filter(({ frame }) => frame > at);
    return {
      made,
      before: reachable(before, "-1:"),
      after: reachable(after, "Infinity:"),
    };
  };
}

/** The names of the nearest condition and of those behind accepted masks. */
function reachable(
  nearestFirst: readonly {
    readonly name: string;
    readonly isAccepted?: boolean;
  }[],
  none: string,
): readonly string[] {
  const first = nearestFirst.findIndex(({ isAccepted }) => !isAccepted);
  const names = nearestFirst.map(({ name }) => name);
  return first < 0 ? [...names, none] : names.slice(0, first + 1);
}

/** A short name for what was given on a frame. */
function nameOf(prompts: readonly FramePrompt[]): string {
  const hash = createHash("sha256");
  for (const prompt of prompts) {
    hash.update(JSON.stringify(prompt.kind === "mask" ? "mask" : prompt));
    if (prompt.kind === "mask") hash.update(prompt.mask.data);
  }
  return hash.digest("hex").slice(0, 16);
}

function gapState(
  { from, to }: Gap,
  stateOf: ReadonlyMap<number, StoredMask["state"]>,
  memories: readonly RunMemoryKey[],
): GapState {
  const missing = new Set<number>();
  const provisional = new Set<number>();
  for (let frame = from; frame <= to; frame++) {
    const state = stateOf.get(frame) ?? "stale";
    if (state === "stale") missing.add(frame);
    if (state === "provisional") provisional.add(frame);
  }
  const framesOf = (way: Direction) =>
    memories.filter(({ direction }) => direction === way)
      .map(({ frame }) => frame);
  return {
    missing,
    provisional,
    memories: { forward: framesOf("forward"), backward: framesOf("backward") },
  };
}

/**
 * The last run of the sequence. Other prompts are corrections, which are worked
 * in; anything else that differs is refused.
 */
async function findEarlier(
  { writer: { store, sequence } }: Annotator,
  identity: RunIdentity,
  { restart }: { readonly restart: boolean },
): Promise<Run | undefined> {
  const runs = await listRuns(store, sequence.id);
  const earlier = runs.filter((run) => run.kind === kind).at(-1);
  if (earlier && !restart) {
    const { promptsSha256 } = earlier;
    const what = `run ${earlier.id} of sequence ${sequence.id}`;
    refuseDifference(earlier, { ...identity, promptsSha256 }, what);
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
    const run = { ...identity, sequenceId: sequence.id, kind };
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
