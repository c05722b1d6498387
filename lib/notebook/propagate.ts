// Propagation in a cell: progress while it runs, then what it did.

import { isDeepStrictEqual } from "node:util";
import { listRuns, type Run } from "../store/runs.ts";
import {
  type PropagateOptions,
  type PropagateResult,
  propagateSequence,
} from "../work/propagate.ts";
import { askedOf, identityOf, type RunIdentity } from "../work/run_identity.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { withProgress } from "./progress.ts";

/** What a propagation did, as a cell shows it. */
export type PropagationView = Displayable & PropagateResult;

/**
 * Carries the masks of all objects to the other frames.
 *
 * What was stopped goes on; after another click only what lies between the
 * clicked frames around it is computed anew. Frames that were clicked, drawn or
 * accepted are never overwritten.
 *
 * @throws RangeError when nothing was clicked yet
 */
export async function propagate(
  clip: OpenClip,
  options: Omit<PropagateOptions, "onProgress" | "restart"> = {},
): Promise<PropagationView> {
  const restart = await hasChanged(clip, options);
  const startMs = performance.now();
  const result = await withProgress((onProgress) =>
    propagateSequence(clip, { ...options, restart, onProgress })
  );
  const seconds = (performance.now() - startMs) / 1000;
  const line = result.framesTracked === 0
    ? "nothing to do: no click since the last propagation"
    : `${result.framesTracked} frames tracked in ${seconds.toFixed(1)} s, ${
      result.msPerFrame.toFixed(0)
    } ms each`;
  return displayed(result, { text: line });
}

/** Whether model or options are other ones than those of the last run; clicks are worked in. */
async function hasChanged(
  clip: OpenClip,
  options: PropagateOptions,
): Promise<boolean> {
  const runs = await listRuns(clip.store, clip.sequence.id);
  const last = runs.filter(({ kind }) => kind === "propagate").at(-1);
  if (!last) return false;
  const now = await identityOf(
    clip,
    askedOf(options, clip.sequence.frameCount),
  );
  return !isDeepStrictEqual(pick(last), pick(now));
}

function pick(run: Run | RunIdentity): Partial<RunIdentity> {
  const { framesSha256, modelSha256, options } = run;
  return { framesSha256, modelSha256, options };
}
