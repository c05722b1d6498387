// The conditions of a stored sequence: what a person stands behind, and names
// for what masks were tracked from.

import type { Condition } from "../propagate/propagate.ts";
import { canonicalSha256 } from "../store/canonical.ts";
import type { Store } from "../store/database.ts";
import { listMasks, readMaskBitmap } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts, promptsSha256 } from "../store/prompts.ts";
import { toFramePrompt } from "./annotate.ts";
import type { RunIdentity } from "./run_identity.ts";

/** A condition of the store. */
export type StoredCondition = Condition & {
  /** A short name for what was given on the frame. */
  readonly name: string;
};

/** The conditions of every object. */
export type StoredConditions = ReadonlyMap<number, readonly StoredCondition[]>;

/**
 * Lists the conditions of every object: prompted frames, and masks that a person
 * made or verified. Masks are decoded when they are looked at, so that a clip of
 * which every frame is verified takes no more memory than its run lengths.
 */
export async function readConditions(
  store: Store,
  sequenceId: number,
): Promise<StoredConditions> {
  const prompts = await listPrompts(store, sequenceId);
  const conditions = new Map<number, readonly StoredCondition[]>();
  for (const { id } of await listObjects(store, sequenceId)) {
    const byFrame = new Map<number, StoredCondition>();
    const own = prompts.filter(({ objectId }) => objectId === id);
    for (const [frame, group] of Map.groupBy(own, ({ frame }) => frame)) {
      byFrame.set(frame, {
        frame,
        prompts: group.map(({ prompt }) => toFramePrompt(prompt)),
        name: nameOf(promptsSha256(group.map((p) => ({ ...p, objectId: 0 })))),
      });
    }
    const only = { objectId: id, personal: true };
    for (const mask of await listMasks(store, sequenceId, only)) {
      const { frame, width, height, counts, origin } = mask;
      byFrame.set(frame, {
        frame,
        prompts: [{
          kind: "mask",
          get mask() {
            return readMaskBitmap({ width, height, counts });
          },
        }],
        name: nameOf(canonicalSha256({ width, height, counts })),
        isAccepted: origin === "propagated",
      });
    }
    if (byFrame.size > 0) conditions.set(id, [...byFrame.values()]);
  }
  return conditions;
}

function nameOf(sha256: string): string {
  return sha256.slice(0, 16);
}

/** Names what a mask of an object on a frame is tracked from. */
export type BasisOf = (object: number, frame: number) => string;

/**
 * What a basis is made of: model and options, and the condition on either side;
 * then those that it may name from before masks between were accepted.
 */
export type OriginsOf = (object: number, frame: number) => {
  readonly made: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
};

/** Names the origins of every place between the conditions. */
export function originsBetween(
  conditions: StoredConditions,
  { modelSha256, options }: Pick<RunIdentity, "modelSha256" | "options">,
): OriginsOf {
  const made = canonicalSha256({ modelSha256, options }).slice(0, 16);
  const named = new Map(
    [...conditions].map(([object, list]) => [
      object,
      list.map(({ frame, name, isAccepted }) => ({
        frame,
        name: `${frame}:${name}`,
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
