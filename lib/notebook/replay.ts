// Replay in a cell: the same clicks on another model, and how good its masks are.

import {
  evaluateClip,
  type FrameMeasure,
  readTruthOf,
  truthOfMasks,
} from "../work/evaluate_clip.ts";
import { type ModelChoice, openModel } from "../work/open_model.ts";
import { openDataStore } from "../work/open_store.ts";
import { type ReplayResult, replaySequence } from "../work/replay.ts";
import type { ComparedRun } from "./compare.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { withProgress } from "./progress.ts";

/** A replay as a cell shows it and as `compare` takes it. */
export type ReplayView =
  & Displayable
  & Omit<ComparedRun, "rows" | "msPerFrame">
  & Pick<ReplayResult, "prompts" | "framesTracked" | "msPerFrame">
  & {
    readonly rows: readonly FrameMeasure[];
    /** Where its store is. */
    readonly folder: string;
  };

/**
 * Gives all prompts of a clip, in their order, to another model, size or precision,
 * and propagates them.
 *
 * @param options.folder a folder of its own, for the store of the replay
 * @param options.truth a file or a folder of masks; without it the masks of the clip itself
 * @param options.name what `compare` calls it; default the model, its size and precision
 */
export async function replay(
  clip: OpenClip,
  { folder, truth, name, ...choice }: ModelChoice & {
    readonly folder: string;
    readonly truth?: string;
    readonly name?: string;
  },
): Promise<ReplayView> {
  const known = truth === undefined
    ? await truthOfMasks(clip)
    : await readTruthOf(clip, truth);
  await using opening = new AsyncDisposableStack();
  const model = await openModel(choice);
  opening.defer(() => model.close());
  const store = await openDataStore({ folder });
  opening.defer(() => store.close());
  const { result, rows } = await withProgress(async (onProgress) => {
    const result = await replaySequence(clip, { store, model, onProgress });
    const { sequence } = result;
    return { result, rows: await evaluateClip({ store, sequence }, known) };
  });
  const { prompts, framesTracked, msPerFrame } = result;
  const { id, engine: { side, precision } } = model;
  const means = `${id} ${side} px${precision === "int8" ? " int8" : ""}`;
  const line =
    `${means}: ${prompts} prompts replayed, ${framesTracked} frames tracked, ${
      msPerFrame.toFixed(0)
    } ms each`;
  return displayed({
    name: name ?? means,
    rows,
    folder,
    prompts,
    framesTracked,
    msPerFrame,
  }, { text: line });
}
