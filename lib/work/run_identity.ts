// What a propagation is asked and made from, so that a run is only gone on with
// when it is the same.

import { decodeCounts } from "../masks/rle.ts";
import type { Direction } from "../propagate/plan.ts";
import { graphVersion } from "../sam2/engine.ts";
import { listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts, promptsSha256 } from "../store/prompts.ts";
import type { Run } from "../store/runs.ts";
import type { Annotator } from "./annotate.ts";

/** How the store calls a run that propagates. */
export const propagationRun = "propagate";

/** What was asked of a propagation. */
export type Asked = {
  /** Default both. */
  readonly direction: "both" | Direction;
  /** Tracks what lies between two conditions from both (default); otherwise only from the nearer one. */
  readonly agreement: boolean;
  /** Cuts masks where they lie in another object's, when all are there; default false. */
  readonly nonOverlap: boolean;
  /** First and last frame, both included; default all. */
  readonly from: number;
  readonly to: number;
};

/** Fills in what was left out; throws RangeError for frames that are not there. */
export function askedOf(
  { direction = "both", agreement = true, nonOverlap = false, ...range }:
    Partial<Asked>,
  frameCount: number,
): Asked {
  const { from, to } = requireRange(frameCount, range);
  return { direction, agreement, nonOverlap, from, to };
}

/** The frames that may be filled, both included; throws RangeError where the sequence has none. */
export function requireRange(
  frameCount: number,
  { from = 0, to = frameCount - 1 }: Partial<Pick<Asked, "from" | "to">>,
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

/** What makes a run the same run. */
export type RunIdentity = Pick<
  Run,
  "framesSha256" | "promptsSha256" | "modelSha256" | "options"
>;

/** The checksums that a run is known by: frames, prompts and personal masks, model, options. */
export async function identityOf(
  { writer: { store, sequence }, model }: Annotator,
  options: Asked,
): Promise<RunIdentity> {
  const prompts = await listPrompts(store, sequence.id);
  const masks = await listMasks(store, sequence.id, { personal: true });
  const personal = masks
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

/** Thrown where an earlier run was made from something else; `restart` forgets that run. */
export class DifferentRunError extends RangeError {
  override name = "DifferentRunError";
}

/** Throws {@link DifferentRunError} that says what differs from an earlier run. */
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
    throw new DifferentRunError(
      `Cannot go on with ${what}: these differ: ${
        different.join(", ")
      }. --restart forgets it and begins anew`,
    );
  }
}
