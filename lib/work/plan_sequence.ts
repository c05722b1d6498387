// What is left to propagate of a stored sequence: read off its masks, so that a
// stopped run goes on and a correction costs only what lies around it.

import {
  type Direction,
  type Gap,
  type GapState,
  listGaps,
  type Pass,
  planGap,
} from "../propagate/plan.ts";
import type { Condition } from "../propagate/propagate.ts";
import type { Store } from "../store/database.ts";
import { listMaskStates, type StoredMask } from "../store/masks.ts";
import {
  findResumableRun,
  listRunMemoryKeys,
  type RunMemoryKey,
} from "../store/runs.ts";
import { listStale, revive } from "../store/stale.ts";
import type { OriginsOf } from "./conditions.ts";
import type { Asked } from "./run_identity.ts";
import { propagationRun } from "./run_identity.ts";

/** What is left to do, and the memories that it goes on from. */
export type Plan = {
  readonly passes: readonly Pass[];
  readonly keep: readonly RunMemoryKey[];
  /** Gaps that are tracked anew from both sides, as a whole. */
  readonly anew: readonly Gap[];
};

/** Finds what is missing or out of date between the conditions of every object. */
export async function planSequence(
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
  const run = await findResumableRun(store, sequenceId, propagationRun);
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

/** Takes back that masks are stale where they rest on what is there again. */
export async function reviveMasks(
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
