// Clicks in numbers: over all trials, for each tag and each patient, with
// intervals that resample patients.
//
// A mask that never gets to a quality counts with all clicks (NoC, as in RITM's
// evaluation) and as a failure. Trials without a patient count as one patient.

import {
  bootstrapByGroup,
  type Interval,
} from "../../../yolo/evaluation/bootstrap.ts";
import { clicksNeeded, type ClickTrial } from "../../clicks_to_quality.ts";
import { meanOf } from "../../evaluate_clip.ts";
import { nobody } from "../patients.ts";
import type { CorrectedObject } from "./correct_video.ts";
import { workSeconds } from "./work_seconds.ts";

/** A trial with what it belongs to. */
export type PlacedTrial = ClickTrial & {
  readonly clip: string;
  readonly tag: string | undefined;
  readonly patient: string | undefined;
};

/** A corrected object with what it belongs to. */
export type PlacedObject = CorrectedObject & {
  readonly clip: string;
  readonly patient: string | undefined;
};

/** The IoUs that NoC asks for. */
export const qualities = [0.8, 0.85, 0.9] as const;
/** The clicks after which masks are measured. */
export const clickCounts = [1, 3, 5] as const;

/** What some trials gave. */
export type ClickMeasures = {
  readonly trials: number;
  readonly patients: number;
  readonly noc: readonly {
    readonly quality: number;
    readonly meanClicks: number;
    readonly failures: number;
    /** Mean of the modelled seconds; failures cost all clicks. */
    readonly seconds: number;
  }[];
  readonly after: readonly {
    readonly clicks: number;
    readonly iou: number;
    readonly dice: number;
  }[];
};

/** What some corrected objects gave, after each corrected frame. */
export type VideoMeasures = {
  readonly objects: number;
  readonly after: readonly {
    readonly corrected: number;
    readonly dice: number;
    readonly clicks: number;
    readonly seconds: number;
  }[];
};

/** A measure with its interval over patients, by its name. */
export type NamedIntervals = Readonly<Record<string, Interval>>;

/** Measures trials; undefined where there are none. */
export function measureTrials(
  trials: readonly PlacedTrial[],
  { maxClicks }: { readonly maxClicks: number },
): ClickMeasures | undefined {
  if (trials.length === 0) return undefined;
  return {
    trials: trials.length,
    patients: groupsOf(trials).length,
    noc: qualities.map((quality) => {
      const { meanClicks, reached } = clicksNeeded(trials, quality, {
        maxClicks,
      });
      const seconds = workSeconds({
        firstClicks: 1,
        furtherClicks: meanClicks - 1,
        looks: 1,
      });
      const failures = trials.length - reached;
      return { quality, meanClicks, failures, seconds };
    }),
    after: clickCounts.map((clicks) => ({
      clicks,
      iou: meanOf(trials.map(({ ious }) => valueAfter(ious, clicks))),
      dice: meanOf(trials.map(({ dices }) => valueAfter(dices, clicks))),
    })),
  };
}

/** A value after some clicks; who needed fewer keeps the last one. */
export function valueAfter(values: readonly number[], clicks: number): number {
  return values[clicks - 1] ?? values.at(-1) ?? 0;
}

/** Measures corrected objects; undefined where there are none. */
export function measureVideo(
  objects: readonly PlacedObject[],
): VideoMeasures | undefined {
  const most = Math.max(0, ...objects.map(({ rounds }) => rounds.length));
  if (most === 0) return undefined;
  const roundOf = ({ rounds }: PlacedObject, i: number) =>
    rounds[i] ?? rounds[rounds.length - 1];
  return {
    objects: objects.length,
    after: Array.from({ length: most }, (_, i) => ({
      corrected: i + 1,
      dice: meanOf(objects.map((each) => roundOf(each, i).dice)),
      clicks: meanOf(
        objects.map(({ rounds }) =>
          rounds.slice(0, i + 1).reduce((sum, { clicks }) => sum + clicks, 0)
        ),
      ),
      seconds: meanOf(objects.map((each) => roundOf(each, i).seconds)),
    })),
  };
}

/** Resamples patients: how much NoC, IoU, Dice and video Dice depend on them. */
export function clickIntervals(
  trials: readonly PlacedTrial[],
  objects: readonly PlacedObject[],
  { maxClicks, samples }: {
    readonly maxClicks: number;
    readonly samples?: number;
  },
): NamedIntervals {
  const limits = { maxClicks };
  const intervals: Record<string, Interval> = {};
  const groups = groupsOf(trials);
  for (const [i, quality] of qualities.entries()) {
    intervals[`noc${Math.round(quality * 100)}`] = bootstrapByGroup(
      groups,
      (drawn) => measureTrials(drawn.flat(), limits)?.noc[i].meanClicks,
      { samples },
    );
  }
  for (const [i, clicks] of clickCounts.entries()) {
    for (const measure of ["iou", "dice"] as const) {
      intervals[`${measure}After${clicks}`] = bootstrapByGroup(
        groups,
        (drawn) => measureTrials(drawn.flat(), limits)?.after[i][measure],
        { samples },
      );
    }
  }
  const videoGroups = groupsOf(objects);
  const rounds = measureVideo(objects)?.after.length ?? 0;
  for (let i = 0; i < rounds; i++) {
    intervals[`videoDiceAfter${i + 1}`] = bootstrapByGroup(
      videoGroups,
      (drawn) => {
        const after = measureVideo(drawn.flat())?.after;
        return (after?.[i] ?? after?.at(-1))?.dice;
      },
      { samples },
    );
  }
  return intervals;
}

/** The same measures for each tag or patient, in the order of their names. */
export function measureEach(
  trials: readonly PlacedTrial[],
  objects: readonly PlacedObject[],
  { by, maxClicks }: {
    readonly by: "tag" | "patient";
    readonly maxClicks: number;
  },
) {
  const none = by === "tag" ? "(no tag)" : nobody;
  const nameOf = (each: PlacedTrial | PlacedObject) => each[by] ?? none;
  const names = new Set([...trials, ...objects].map(nameOf));
  return [...names].sort().map((name) => ({
    name,
    stills: measureTrials(trials.filter((each) => nameOf(each) === name), {
      maxClicks,
    }),
    video: measureVideo(objects.filter((each) => nameOf(each) === name)),
  }));
}

/** By patient, in the order in which they come. */
function groupsOf<Placed extends { readonly patient: string | undefined }>(
  rows: readonly Placed[],
): readonly (readonly Placed[])[] {
  return [...Map.groupBy(rows, ({ patient }) => patient ?? nobody).values()];
}
