// Decoding every image once before training, so that one that is damaged is
// named and left out now, not met hours later.
//
// What was decoded stays with the loader, as far as its memory reaches.

import { messageOf, throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import type {
  SampleLoader,
  TrainingSample,
} from "../../yolo/training/sample.ts";
import type { DataSetProblem } from "../data_set/read_data_set.ts";

/** The samples whose image can be decoded, and what is wrong with the others. */
export async function checkImages(
  samples: readonly TrainingSample[],
  { load, onProgress, signal }: {
    readonly load: SampleLoader;
    readonly onProgress?: OnProgress;
    readonly signal?: AbortSignal;
  },
): Promise<{
  readonly kept: readonly TrainingSample[];
  readonly problems: readonly DataSetProblem[];
}> {
  const report = startProgress("check images", samples.length, { onProgress });
  const kept: TrainingSample[] = [];
  const problems: DataSetProblem[] = [];
  for (const [i, sample] of samples.entries()) {
    throwIfCancelled(signal, `checking image ${sample.name}`);
    try {
      await load(sample);
      kept.push(sample);
    } catch (error) {
      problems.push({
        kind: "image cannot be decoded",
        file: sample.name,
        message: messageOf(error),
        consequence: "image left out",
      });
    }
    report(i + 1);
  }
  return { kept, problems };
}
