import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  bootstrapByGroup,
  evaluateClinically,
  type EvaluatedFrame,
} from "medannotate";

const box = { x0: 10, y0: 10, x1: 30, y1: 30 };
const far = { x0: 60, y0: 60, x1: 80, y1: 80 };
const hit = { classNumber: 0, confidence: 0.9, box };
const stray = { classNumber: 0, confidence: 0.6, box: far };

/** Ten frames a second with lesion 1; the detections of each frame. */
function sequence(
  patient: string,
  name: string,
  detections: readonly EvaluatedFrame["detections"][],
): EvaluatedFrame[] {
  return detections.map((found, i) => ({
    image: `${name}-${i}`,
    patient,
    sequence: name,
    timeS: i / 10,
    labels: [{ classNumber: 0, box, lesion: "1" }],
    detections: found,
  }));
}

Deno.test("evaluateClinically() counts lesions, frames and false positives", () => {
  const frames = [
    ...sequence("P1", "a", [[], [hit], [hit, stray], [stray]]),
    ...sequence("P2", "b", [[], [], [{ ...hit, confidence: 0.2 }]]),
  ];
  const { all, lesions } = evaluateClinically(frames);
  deepEqual(
    lesions.map((
      { patient, frames, framesFound, isFound, delayS },
    ) => [patient, frames, framesFound, isFound, delayS]),
    [["P1", 4, 2, true, 0.1], ["P2", 3, 0, false, null]],
  );
  equal(all.lesionSensitivity.value, 0.5);
  equal(all.frameSensitivity.value, 2 / 7);
  equal(all.falsePositives, 2);
  equal(all.falsePositivesPerFrame.value, 2 / 7);
  // seven frames, a tenth of a second each
  equal(
    all.falsePositivesPerMinute.value?.toFixed(6),
    (2 / (0.7 / 60)).toFixed(6),
  );
  equal(all.medianDelayS.value, 0.1);
});

Deno.test("evaluateClinically() needs a lesion on as many frames as are asked for", () => {
  const frames = sequence("P1", "a", [[hit], [hit], []]);
  const found = (leastFrames: number) =>
    evaluateClinically(frames, { leastFrames }).all.lesionsFound;
  deepEqual([found(2), found(3)], [1, 0]);
});

Deno.test("evaluateClinically() calls a second box on a lesion false, but not one on an ignored label", () => {
  const frame = (
    labels: EvaluatedFrame["labels"],
  ) => [{ image: "0", labels, detections: [hit, { ...hit, confidence: 0.5 }] }];
  const wrong = (labels: EvaluatedFrame["labels"]) =>
    evaluateClinically(frame(labels)).all.falsePositives;
  equal(wrong([{ classNumber: 0, box }]), 1);
  equal(wrong([{ classNumber: 0, box, isIgnored: true }]), 0);
});

Deno.test("evaluateClinically() leaves gaps between stretches out of the minutes", () => {
  const frames = [0, 0.1, 0.2, 100, 100.1, 100.2].map((timeS, i) => ({
    image: `${i}`,
    patient: "P1",
    sequence: "a",
    timeS,
    labels: [],
    detections: [],
  }));
  equal(
    evaluateClinically(frames).all.minutes?.toFixed(6),
    (0.6 / 60).toFixed(6),
  );
});

Deno.test("evaluateClinically() has no rate per minute without times, and no interval of one patient", () => {
  const frames = sequence("P1", "a", [[hit]]).map(({ timeS: _, ...frame }) =>
    frame
  );
  const { all } = evaluateClinically(frames);
  deepEqual([all.minutes, all.falsePositivesPerMinute.value], [null, null]);
  deepEqual(all.lesionSensitivity, {
    value: 1,
    low: null,
    high: null,
    groups: 1,
    samples: 0,
  });
});

Deno.test("evaluateClinically() tells patients seen in training from the others", () => {
  const frames = [
    ...sequence("P1", "a", [[hit]]),
    ...sequence("P2", "b", [[]]),
    ...sequence("P3", "c", [[hit]]),
  ];
  const { seen, unseen } = evaluateClinically(frames, {
    seenPatients: new Set(["P1"]),
  });
  deepEqual([seen?.patients, seen?.lesionSensitivity.value], [1, 1]);
  deepEqual([unseen?.patients, unseen?.lesionSensitivity.value], [2, 0.5]);
});

Deno.test("bootstrapByGroup() gives the same interval for the same seed", () => {
  const mean = (values: readonly number[]) =>
    values.reduce((a, b) => a + b) / values.length;
  const values = Array.from({ length: 40 }, (_, i) => i);
  const once = bootstrapByGroup(values, mean, { seed: 5 });
  deepEqual(bootstrapByGroup(values, mean, { seed: 5 }), once);
  // normal theory: 19.5 ± 1.96 · 11.54 / √40 = 15.9 to 23.1
  ok(once.low !== null && Math.abs(once.low - 15.9) < 0.5, `${once.low}`);
  ok(once.high !== null && Math.abs(once.high - 23.1) < 0.5, `${once.high}`);
});

Deno.test("bootstrapByGroup() is wider when whole groups are drawn than when their members are", () => {
  const groups = Array.from(
    { length: 8 },
    (_, g) => new Array<number>(50).fill(g % 2),
  );
  const mean = (drawn: readonly (readonly number[])[]) =>
    drawn.flat().reduce((a, b) => a + b) / drawn.flat().length;
  const width = ({ low, high }: { low: number | null; high: number | null }) =>
    (high ?? NaN) - (low ?? NaN);
  const byGroup = width(bootstrapByGroup(groups, mean, { samples: 300 }));
  const byMember = width(
    bootstrapByGroup(groups.flat().map((value) => [value]), mean, {
      samples: 300,
    }),
  );
  ok(byGroup > 3 * byMember, `${byGroup} against ${byMember}`);
});

Deno.test("bootstrapByGroup() counts only resamples in which the statistic exists", () => {
  const share = (groups: readonly number[]) =>
    groups.includes(1) ? 1 : undefined;
  const { samples, value } = bootstrapByGroup([1, 2], share, { samples: 400 });
  equal(value, 1);
  ok(samples > 250 && samples < 350, `${samples}`); // three of four draws have a 1
  throws(() => bootstrapByGroup([1], share, { level: 1 }), {
    name: "RangeError",
  });
});
