// Clicks to quality of a model: how many clicks a good mask takes, and how many
// corrected frames a good clip.
//
// Stills: from no mask, a simulated person clicks into the worst error until the
// IoU is 0.9 and at least five times, to tell Dice after 1, 3 and 5 clicks.
// Clips: correct_video.ts. The same model on the same data leaves the same
// clicks.json; only the page carries a date.

import { join } from "node:path";
import { throwIfCancelled } from "../../../base/errors.ts";
import type { WorkOptions } from "../../import.ts";
import { simulateClicks } from "../../clicks_to_quality.ts";
import { madeWith } from "../../made_with.ts";
import type { OpenModel } from "../../open_model.ts";
import type { Zoom } from "../../segment.ts";
import type { Truth } from "../../truth.ts";
import { requireWritable, writeFileWhole } from "../../write_file.ts";
import type { ClickClip, ClickSource } from "./click_clip.ts";
import {
  clickCounts,
  clickIntervals,
  measureEach,
  measureTrials,
  measureVideo,
  type PlacedObject,
  type PlacedTrial,
  qualities,
} from "./click_measures.ts";
import { clicksPage } from "./clicks_page.ts";
import { correctVideo } from "./correct_video.ts";
import { workTimes, workTimesText } from "./work_seconds.ts";
import { collectWorst, type WorstTrial } from "./worst_trials.ts";

/** How clicks are measured. */
export type EvaluateClicksOptions = WorkOptions & {
  /** Default off. */
  readonly zoom?: Zoom;
  /** Clicks on a mask, at most; default 20, at least 5. */
  readonly maxClicks?: number;
  /** Every so many known frames of a clip are clicked; default 10. */
  readonly every?: number;
  /** Frames of a clip that are corrected; default 3, 0 for pictures that are no clip. */
  readonly corrections?: number;
  /** Resamples of an interval; default 1000. */
  readonly samples?: number;
  /** A folder for clicks.json and clicks.html; nothing is written without it. */
  readonly out?: string;
  /** As it was called, for the record. */
  readonly command?: string;
};

/** What was measured, and how. */
export type ClicksEvaluation = ReturnType<typeof summarise>;

/**
 * Measures the clicks that a model needs on clips whose masks are known.
 *
 * With `out` it leaves clicks.json, with every trial, and clicks.html, a page
 * with curves, tables and the worst masks.
 *
 * @throws RangeError when no object is there to be clicked
 * @throws CancelledError when the signal fires
 *
 * @example Five clicks on two frames of the sample clip
 * ```ts
 * import { evaluateClicks, filesWithTruth, openModel } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const model = await openModel({ size: 64, device: "cpu" });
 * const clip = filesWithTruth("data/sample/clip.mp4", "data/sample/truth.json");
 * const options = { every: 80, maxClicks: 5, corrections: 0 };
 * const { stills } = await evaluateClicks(model, [clip], options);
 * equal(stills?.after.length, 3); // after 1, 3 and 5 clicks
 * await model.close();
 * ```
 */
export async function evaluateClicks(
  model: OpenModel,
  sources: readonly ClickSource[],
  options: EvaluateClicksOptions = {},
): Promise<ClicksEvaluation> {
  const { out, signal, maxClicks = 20 } = options;
  const least = Math.max(...clickCounts);
  if (maxClicks < least) {
    throw new RangeError(
      `Cannot measure ${maxClicks} clicks, expected at least ${least}`,
    );
  }
  if (out !== undefined) await requireWritable(out);
  const trials: PlacedTrial[] = [];
  const objects: PlacedObject[] = [];
  const worst = collectWorst();
  for (const source of sources) {
    throwIfCancelled(signal, `measuring clicks on ${source.name}`);
    const clip = await source.open();
    try {
      const place = { clip: clip.name, patient: clip.patient };
      const found = await clickClip(model, clip, { ...options, worst });
      trials.push(...found.map((trial) => ({ ...trial, ...place })));
      const corrected = await correctClip(model, clip, options);
      objects.push(...corrected.map((object) => ({ ...object, ...place })));
    } finally {
      await clip.close();
    }
  }
  if (trials.length === 0) {
    throw new RangeError(
      `Cannot measure clicks: on the chosen frames of ${
        sources.map(({ name }) => name).join(", ")
      } no mask holds an object`,
    );
  }
  const evaluation = summarise(model, { trials, objects }, options);
  if (out !== undefined) await write(out, evaluation, worst.list());
  return evaluation;
}

async function clickClip(
  model: OpenModel,
  clip: ClickClip,
  { zoom, maxClicks, every = 10, worst, onProgress, signal }:
    & EvaluateClicksOptions
    & { readonly worst: ReturnType<typeof collectWorst> },
): Promise<readonly Omit<PlacedTrial, "clip" | "patient">[]> {
  const known = [...new Set(clip.objects.flatMap(({ frames }) => frames))]
    .sort((a, b) => a - b);
  const truth: Truth = {
    objects: clip.objects.map(({ number }) => number),
    frames: known,
    maskAt: clip.maskAt, // empty where it is not known
  };
  const tagOf = new Map(clip.objects.map(({ number, tag }) => [number, tag]));
  const trials = await simulateClicks({ model, frames: clip.frames }, truth, {
    frames: known.filter((_, i) => i % every === 0),
    ...{ zoom, maxClicks, onProgress, signal },
    until: Math.max(...qualities),
    leastClicks: Math.max(...clickCounts),
    onTrial: (trial, seen) => worst.add(clip.name, trial, seen),
  });
  return trials.map((trial) => ({ ...trial, tag: tagOf.get(trial.object) }));
}

async function correctClip(
  model: OpenModel,
  clip: ClickClip,
  { corrections = 3, zoom, onProgress, signal }: EvaluateClicksOptions,
) {
  if (corrections === 0 || clip.frames.count < 2) return [];
  const options = { corrections, zoom, onProgress, signal };
  const corrected = await correctVideo(model, clip, options);
  return corrected.filter(({ rounds }) => rounds.length > 0);
}

function summarise(
  { id, sha256, licence, engine, runtime }: OpenModel,
  { trials, objects }: {
    readonly trials: readonly PlacedTrial[];
    readonly objects: readonly PlacedObject[];
  },
  { zoom = "off", maxClicks = 20, every = 10, samples, command }:
    EvaluateClicksOptions,
) {
  const limits = { maxClicks };
  return {
    kind: "medannotate-clicks" as const,
    command: command ?? null,
    model: {
      ...{ id, sha256, licence, side: engine.side },
      precision: engine.precision,
    },
    settings: { zoom, maxClicks, every, device: runtime.device },
    workTimes,
    madeWith: madeWith(),
    notes: notesOf(trials, objects, zoom),
    stills: measureTrials(trials, limits),
    video: measureVideo(objects),
    intervals: clickIntervals(trials, objects, { ...limits, samples }),
    tags: measureEach(trials, objects, { by: "tag", ...limits }),
    patients: measureEach(trials, objects, { by: "patient", ...limits }),
    trials,
    objects,
  };
}

/** What a reader has to know before they believe the numbers. */
function notesOf(
  trials: readonly PlacedTrial[],
  objects: readonly PlacedObject[],
  zoom: Zoom,
): string[] {
  const patients = new Set(trials.map(({ patient }) => patient));
  const isUnknown = patients.has(undefined);
  const few = patients.size < 2
    ? [
      isUnknown
        ? "No patient is known: all frames count as one, and there are no intervals."
        : "All frames are of one patient: there are no intervals.",
    ]
    : isUnknown
    ? ["Frames of unknown patients count as one patient."]
    : [];
  const closer = zoom === "auto" && objects.length > 0
    ? ["On clips the masks found by zoom were propagated as mask prompts."]
    : [];
  return [
    ...few,
    ...closer,
    `Clicks and seconds are modelled: the simulated person clicks into the middle of the worst error; ${workTimesText}.`,
  ];
}

async function write(
  out: string,
  evaluation: ClicksEvaluation,
  worst: readonly WorstTrial[],
) {
  const text = JSON.stringify(evaluation, null, 1) + "\n";
  await writeFileWhole(join(out, "clicks.json"), text);
  const date = new Date().toISOString().slice(0, 10);
  const page = clicksPage(evaluation, { worst, date });
  await writeFileWhole(join(out, "clicks.html"), page);
}
