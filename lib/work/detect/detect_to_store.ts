// Detect into the store: the input is imported, what is found is proposed, and,
// where that is wanted, carried along by SAM 2.

import { showMissing } from "../annotate.ts";
import { importSequence } from "../import.ts";
import type { Store } from "../../store/database.ts";
import { openForWriting } from "../../store/writer.ts";
import type { OpenDetector } from "../open_detector.ts";
import { type ModelChoice, openModel } from "../open_model.ts";
import { type PropagateResult, propagateSequence } from "../propagate.ts";
import { openScanShelf } from "../scan_shelf.ts";
import {
  detectIn,
  type DetectInOptions,
  type DetectSummary,
} from "./detect_in.ts";
import { isLiveName } from "./detect_source.ts";
import { type Proposed, proposeDetections } from "./propose.ts";

/** In what to detect, and what becomes of it. */
export type DetectToStoreOptions = DetectInOptions & {
  /** The SAM 2 that makes masks of boxes; default `sam2-nano`. */
  readonly segmentModel?: ModelChoice;
  /** Gives the surest box of each track to SAM 2, and propagates it; implies tracking. */
  readonly isPropagated?: boolean;
};

/** What a detection into the store left. */
export type StoredDetection = DetectSummary & {
  readonly sequenceId: number;
  readonly proposed: Proposed;
  /** Null where nothing was propagated. */
  readonly propagation: PropagateResult | null;
};

/**
 * Detects in an input and puts what is found into the store as proposals.
 *
 * @throws RangeError for a live source, or a folder of images of several sizes
 */
export async function detectToStore(
  detector: OpenDetector,
  store: Store,
  { segmentModel, isPropagated = false, ...options }: DetectToStoreOptions,
): Promise<StoredDetection> {
  const { input, onProgress, signal, restart } = options;
  if (options.isLive || isLiveName(input)) {
    throw new RangeError(
      `Cannot put ${input} into the store: what comes live has no frames to come back to. Expected an image, a folder or a video`,
    );
  }
  const work = { onProgress, signal };
  await using open = new AsyncDisposableStack();
  const { sequence, frames } = await importSequence(store, input, work);
  open.defer(() => frames.close());
  const summary = await detectIn(detector, {
    ...options,
    isTracked: options.isTracked || isPropagated,
    scans: openScanShelf(store),
  });
  const needsSegmenter = isPropagated || detector.engine.task === "detect";
  const segmenter = needsSegmenter ? await openModel(segmentModel) : undefined;
  if (segmenter) open.defer(() => segmenter.close());
  const writer = await openForWriting(store, sequence.id);
  open.defer(() => writer.close());
  const { out, identity } = summary;
  const proposed = await proposeDetections(writer, frames, {
    ...{ ...work, out, identity, segmenter, restart },
    as: isPropagated ? "keyFrames" : "masks",
  });
  const stored = { ...summary, sequenceId: sequence.id, proposed };
  if (!isPropagated || !segmenter || summary.detections === 0) {
    return { ...stored, propagation: null };
  }
  const annotator = { writer, frames, model: segmenter };
  await showMissing(annotator);
  const propagation = await propagateSequence(annotator, { ...work, restart });
  return { ...stored, propagation };
}
