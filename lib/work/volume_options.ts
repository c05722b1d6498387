// Opening the volume of a sequence as it was opened first.

import type { VolumeOptions } from "../media/volume.ts";
import type { Sequence } from "../store/sequences.ts";

/** The axis and window of a stored volume; undefined for folders and videos. */
export function volumeOptionsOf(
  { view }: Pick<Sequence, "view">,
): VolumeOptions | undefined {
  return view ? { axis: view.axis, window: view } : undefined;
}
