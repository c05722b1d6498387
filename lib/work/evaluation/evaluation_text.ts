// An evaluation for a terminal: tables, intervals, what a clinician asks, marks.

import type { Interval } from "../../yolo/evaluation/bootstrap.ts";
import type { DetectorEvaluation } from "./detector_evaluation.ts";
import type { LesionMeasures, PatientsLesions } from "./evaluate_lesions.ts";
import { aligned, detectorMeasuresText } from "./measures_text.ts";

/** The lines of an evaluation; marks are not among them. */
export function evaluationText(evaluation: DetectorEvaluation): string[] {
  const { model, part, data, settings, failureCounts: counts } = evaluation;
  return [
    `${model.id} (sha256 ${
      model.sha256.slice(0, 12)
    }…) on ${part} of ${data.folder}, ${settings.side} px`,
    ...detectorMeasuresText(evaluation),
    "",
    ...intervalLines(evaluation),
    "",
    ...clinicalLines(evaluation),
    "",
    `failures at confidence ${settings.confidence}: ${counts.missed} missed, ${
      counts["false positive"]
    } false positive, ${counts["wrong class"]} of a wrong class, ${
      counts["poorly placed"]
    } poorly placed`,
  ];
}

function intervalLines({ intervals }: DetectorEvaluation): string[] {
  const { boxes, masks, patients, missing } = intervals;
  if (missing !== undefined) return [missing];
  const rows = [["boxes", boxes] as const, ["masks", masks] as const]
    .flatMap(([what, found]) =>
      found
        ? [
          [`${what} mAP50`, intervalText(found.map50)],
          [`${what} mAP50-95`, intervalText(found.map50to95)],
        ]
        : []
    );
  return [
    ...aligned(rows),
    `intervals of 95 %, ${patients} patients drawn again; rule of Ultralytics 8.4`,
  ];
}

function clinicalLines(
  { clinical, clinicalMissing = "no clinical measures" }: DetectorEvaluation,
): string[] {
  if (!clinical) return [clinicalMissing];
  const groups = groupsOf(clinical);
  const rows = clinicalRows(clinical).map(({ name, cellOf }) => [
    name,
    ...groups.map(([, measures]) => cellOf(measures)),
  ]);
  return [
    ...aligned([["clinical", ...groups.map(([name]) => name)], ...rows]),
    ...clinicalNotes(clinical),
  ];
}

/** All patients, and those seen and unseen where they are told apart. */
export function groupsOf(
  { all, seen, unseen }: LesionMeasures,
): (readonly [name: string, measures: PatientsLesions])[] {
  return [
    ["all", all] as const,
    ...(seen && unseen
      ? [["seen", seen] as const, ["unseen", unseen] as const]
      : []),
  ];
}

/** The rows of the clinical table, each with what stands in it. */
export function clinicalRows(
  { hasTimes, hasLesions }: LesionMeasures,
): { name: string; cellOf(measures: PatientsLesions): string }[] {
  const rows: [boolean, string, (measures: PatientsLesions) => string][] = [
    [true, "patients", (m) => String(m.patients)],
    [true, "sequences", (m) => String(m.sequences)],
    [true, "frames", (m) => String(m.frames)],
    [hasLesions, "lesions found", (m) => `${m.lesionsFound} of ${m.lesions}`],
    [
      hasLesions,
      "sensitivity per lesion",
      (m) => intervalText(m.lesionSensitivity),
    ],
    [true, "sensitivity per frame", (m) => intervalText(m.frameSensitivity)],
    [
      true,
      "quiet frames without lesion",
      (m) => intervalText(m.emptyFrameSpecificity),
    ],
    [
      true,
      "false positives per frame",
      (m) => intervalText(m.falsePositivesPerFrame),
    ],
    [
      hasTimes,
      "false positives per minute",
      (m) => intervalText(m.falsePositivesPerMinute),
    ],
    [
      hasLesions && hasTimes,
      "median delay, seconds",
      (m) => intervalText(m.medianDelayS),
    ],
    [
      hasLesions,
      "median delay, frames",
      (m) => intervalText(m.medianDelayFrames),
    ],
  ];
  return rows.filter(([isShown]) => isShown)
    .map(([, name, cellOf]) => ({ name, cellOf }));
}

/** What the clinical numbers are made of, and what is missing. */
export function clinicalNotes(
  { hasTimes, hasLesions, leastIou, leastConfidence }: LesionMeasures,
): string[] {
  return [
    `a detection counts from confidence ${leastConfidence} and IoU ${leastIou} on; a lesion is found when it is detected on one frame`,
    ...(hasTimes ? [] : [
      "the frame rate is not known: delays are in frames, nothing is said per minute",
    ]),
    ...(hasLesions ? [] : [
      "the data set does not tell which labels are one object: nothing is said per lesion",
    ]),
  ];
}

/** `0.750 (0.500 to 0.914)`; the value alone where there is no interval. */
export function intervalText({ value, low, high }: Interval): string {
  if (value === null) return "–";
  if (low === null || high === null) return value.toFixed(3);
  return `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
