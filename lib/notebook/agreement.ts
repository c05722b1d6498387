// How well the masks of a clip agree with a truth that is known.

import type { Truth } from "../work/truth.ts";
import {
  evaluateClip,
  type FrameMeasure,
  type ObjectMeasure,
  type StoredClip,
  summariseMeasures,
} from "../work/evaluate_clip.ts";
import { type Displayable, displayed } from "./display.ts";
import { withProgress } from "./progress.ts";
import { tableLook } from "./table.ts";

/** A clip against its truth, as a cell shows it and as `compare` takes it. */
export type AgreementView = Displayable & {
  readonly name: string;
  /** Every mask. */
  readonly rows: readonly FrameMeasure[];
  /** Every object. */
  readonly objects: readonly ObjectMeasure[];
};

/**
 * Compares the masks of every object with the truth, frame by frame.
 *
 * @param truth a file or a folder of masks
 * @param options.name what `compare` calls it; default the clip's name
 */
export async function agreement(
  clip: StoredClip,
  truth: string | Truth,
  { name = clip.sequence.name }: { name?: string } = {},
): Promise<AgreementView> {
  const rows = await withProgress((onProgress) =>
    evaluateClip(clip, truth, { onProgress })
  );
  const objects = summariseMeasures(rows);
  return displayed({ name, rows, objects }, tableLook(objects));
}
