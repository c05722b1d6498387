// What propagation promises of the masks, runs and memories in a store.

import { deepEqual, equal, fail, ok } from "node:assert/strict";
import { driftScore } from "../../lib/propagate/drift.ts";
import { pointerSlots } from "../../lib/sam2/memory.ts";
import { checkFiles } from "../../lib/store/check_files.ts";
import type { StoredMask } from "../../lib/store/masks.ts";
import { listRuns } from "../../lib/store/runs.ts";
import type { PropagateResult } from "../../lib/work/propagate.ts";
import { listDrifting } from "../../lib/work/review.ts";
import type { How } from "./random_scenario.ts";
import {
  conditionsOf,
  masksOf,
  models,
  neighbours,
  propagateOnce,
  type World,
} from "./random_world.ts";

/** Masks that no propagation may touch. */
export function isKept({ origin, verified }: StoredMask): boolean {
  return origin !== "propagated" || verified;
}

export function checkKept(
  before: ReadonlyMap<string, StoredMask>,
  after: ReadonlyMap<string, StoredMask>,
) {
  for (const [key, mask] of before) {
    if (!isKept(mask)) continue;
    deepEqual(after.get(key), mask, `a: mask ${key} of a person was changed`);
  }
  for (const [key, mask] of after) {
    if (before.has(key) && isKept(before.get(key)!)) continue;
    equal(mask.origin, "propagated", `a: mask ${key} came from nowhere`);
    equal(mask.verified, false, `a: mask ${key} verified itself`);
  }
}

/** What holds after every call, finished or not. */
export async function checkAlways(world: World) {
  const { store, writer: { sequence } } = world;
  deepEqual(await checkFiles(store, sequence.id), [], "h: files");
  const runs = await listRuns(store, sequence.id);
  for (const { framesDone, framesTotal, id } of runs) {
    ok(framesDone <= framesTotal, `g: run ${id}: ${framesDone}/${framesTotal}`);
  }
  const memories = await store.db.selectFrom("runMemory")
    .select(["runId", "objectId", "direction", "frame"]).execute();
  const last = runs.at(-1);
  for (const { runId } of memories) {
    equal(runId, last?.id, "g: a memory of an earlier run was left behind");
  }
  const groups = Map.groupBy(
    memories,
    ({ objectId, direction }) => `${objectId} ${direction}`,
  );
  for (const [key, { length }] of groups) {
    ok(length < pointerSlots, `g: ${length} memories of object ${key}`);
  }
  const drifting = await listDrifting(store, sequence.id);
  for (const [i, { drift, frame }] of drifting.entries()) {
    ok(drift !== null && drift >= 0 && drift <= 1, `g: drift ${drift}`);
    if (i === 0) continue;
    const { drift: worse, frame: earlier } = drifting[i - 1];
    ok(
      worse! > drift || (worse === drift && earlier <= frame),
      "g: drift is not sorted",
    );
  }
}

/** What holds after a propagation that ended. */
export async function checkFinished(world: World, { run }: PropagateResult) {
  const { store, how, numbers, frames } = world;
  equal(run.status, "done");
  equal(run.framesDone, run.framesTotal, "g: a run that is done lacks frames");
  const left = await store.db.selectFrom("runMemory").select("frame").execute();
  equal(left.length, 0, "g: memories are left after the run");

  const masks = await masksOf(world);
  const { from = 0, to = frames.count - 1, direction, agreement } = how;
  for (const number of numbers) {
    const conditions = [...(await conditionsOf(world, number)).keys()];
    if (conditions.length === 0) continue;
    for (let frame = from; frame <= to; frame++) {
      if (conditions.includes(frame)) continue; // a person may have deleted its mask
      const { before, after } = neighbours(conditions, frame);
      const isReached = (before >= 0 && direction !== "backward") ||
        (after !== Infinity && direction !== "forward");
      if (!isReached) continue;
      const name = `mask ${number} ${frame}`;
      const mask = masks.get(`${number} ${frame}`);
      ok(mask, `b: ${name} is missing`);
      equal(mask.state, "final", `b: ${name}`);
      if (mask.origin !== "propagated") continue;
      for (const place of placesOf(mask)) {
        if (place === undefined || place <= before || place >= after) continue;
        fail(
          `${name} rests on frame ${place} (${mask.basis}), where nobody stands behind a mask any more`,
        );
      }
    }
  }
  for (const [key, mask] of masks) {
    if (mask.verified) equal(mask.state, "final", `b: verified mask ${key}`);
    if (isKept(mask) || mask.state !== "final") continue;
    equal(
      mask.modelSha256,
      models[how.model].sha256,
      `mask ${key} is another model's`,
    );
    checkSource(key, mask, { direction, agreement });
  }
}

/** The conditions that a mask says it was tracked from. */
export function placesOf({ basis }: StoredMask): (number | undefined)[] {
  const match = /(-?\d+):\S* (\d+|Infinity):\S*$/.exec(basis);
  ok(match, `basis ${basis}`);
  const [before, after] = [Number(match[1]), Number(match[2])];
  return [before < 0 ? undefined : before, isFinite(after) ? after : undefined];
}

/** Whether all masks of an object rest on conditions that are still there. */
export async function restsOnThere(
  world: World,
  number: number,
): Promise<boolean> {
  const conditions = await conditionsOf(world, number);
  return [...await masksOf(world)].every(([key, mask]) =>
    !key.startsWith(`${number} `) || isKept(mask) ||
    placesOf(mask).every((place) =>
      place === undefined || conditions.has(place)
    )
  );
}

/** Whether a mask came from where its conditions and options say. */
export function checkSource(
  key: string,
  mask: StoredMask,
  { direction, agreement }: Pick<How, "direction" | "agreement">,
) {
  const { frame, source } = mask;
  const [before, after] = placesOf(mask);
  const there = direction === "backward" ? undefined : before;
  const back = direction === "forward" ? undefined : after;
  const isForward = there !== undefined &&
    (back === undefined || frame - there <= back - frame);
  equal(source, isForward ? "forward" : "backward", `source of mask ${key}`);
  const parts = JSON.parse(mask.driftParts);
  // more where a mask was accepted halfway through a pass
  const distance = Math.abs(frame - (isForward ? there : back)!);
  ok(parts.distance >= distance, `distance of mask ${key}`);
  const isBoth = there !== undefined && back !== undefined && agreement;
  equal(
    typeof parts.agreement,
    isBoth ? "number" : "undefined",
    `agreement of ${key}`,
  );
  equal(mask.drift, driftScore(parts), `drift of mask ${key}`);
  for (const value of Object.values<unknown>(parts)) {
    ok(typeof value === "number" && isFinite(value), mask.driftParts);
  }
}

/** A second call does nothing. */
export async function checkNothingToDo(world: World, message: string) {
  const before = await masksOf(world);
  const outcome = await propagateOnce(world, world.how, { restart: false });
  ok(outcome.kind === "done", `${message}: ${outcome.kind}`);
  equal(outcome.result.framesTracked, 0, message);
  deepEqual(await masksOf(world), before, message);
}
