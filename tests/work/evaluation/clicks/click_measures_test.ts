import { deepEqual, equal, ok } from "node:assert/strict";
import {
  clickIntervals,
  measureEach,
  measureTrials,
  measureVideo,
  type PlacedObject,
  type PlacedTrial,
} from "../../../../lib/work/evaluation/clicks/click_measures.ts";

function trial(
  ious: readonly number[],
  { tag, patient }: { tag?: string; patient?: string } = {},
): PlacedTrial {
  const dices = ious.map((iou) => 2 * iou / (1 + iou));
  const place = { clip: "c", object: 1, frame: 0, tag, patient };
  return { ...place, clicks: [], ious, dices };
}

function corrected(
  dices: readonly number[],
  { tag, patient }: { tag?: string; patient?: string } = {},
): PlacedObject {
  const rounds = dices.map((dice, i) => (
    { frame: i, clicks: 3, dice, seconds: 10 * (i + 1) }
  ));
  return { clip: "c", object: 1, frames: 9, tag, patient, rounds };
}

const limits = { maxClicks: 20 };

Deno.test("measureTrials() counts clicks to three qualities, failures with all clicks", () => {
  const trials = [trial([0.5, 0.82, 0.95]), trial([0.2, 0.4, 0.4, 0.4, 0.4])];
  const measures = measureTrials(trials, limits);
  deepEqual(
    measures?.noc.map(({ meanClicks, failures }) => [meanClicks, failures]),
    [[11, 1], [11.5, 1], [11.5, 1]], // (2 + 20) / 2, (3 + 20) / 2
  );
  // one first click, 10 further ones, one look: 2.4 + 10 · 1.5 + 0.5
  equal(measures?.noc[0].seconds.toFixed(3), "17.900");
  const ious = measures?.after.map(({ iou }) => iou.toFixed(3));
  deepEqual(ious, ["0.350", "0.675", "0.675"]); // after 5: (0.95 + 0.4) / 2
  equal(measureTrials([], limits), undefined);
});

Deno.test("measureVideo() keeps the last round of an object that was right earlier", () => {
  const measures = measureVideo([corrected([1]), corrected([0.5, 0.7])]);
  deepEqual(measures?.after.map(({ dice }) => dice), [0.75, 0.85]);
  deepEqual(measures?.after.map(({ clicks }) => clicks), [3, 4.5]);
  deepEqual(measures?.after.map(({ seconds }) => seconds), [10, 15]);
  equal(measureVideo([]), undefined);
});

Deno.test("measureEach() measures each tag and patient apart", () => {
  const trials = [
    trial([0.9], { tag: "polyp", patient: "a" }),
    trial([0.5], { tag: "polyp" }),
    trial([0.3], { patient: "a" }),
  ];
  const objects = [corrected([0.8], { tag: "ulcer", patient: "a" })];
  const tags = measureEach(trials, objects, { by: "tag", ...limits });
  deepEqual(
    tags.map(({ name, stills, video }) => [
      name,
      stills?.trials,
      video?.objects,
    ]),
    [["(no tag)", 1, undefined], ["polyp", 2, undefined], [
      "ulcer",
      undefined,
      1,
    ]],
  );
  const patients = measureEach(trials, objects, { by: "patient", ...limits });
  deepEqual(
    patients.map(({ name, stills }) => [name, stills?.trials]),
    [["(no patient)", 1], ["a", 2]],
  );
});

Deno.test("clickIntervals() resample patients, not masks", () => {
  const many = Array.from({ length: 50 }, (_, i) => trial([i / 50]));
  const alone = clickIntervals(many, [], limits);
  deepEqual(
    [alone.diceAfter1.groups, alone.diceAfter1.low],
    [1, null], // all masks of one patient say nothing about another
  );
  const two = [
    trial([0.9], { patient: "a" }),
    trial([0.1], { patient: "b" }),
  ];
  const { iouAfter1, noc80, videoDiceAfter1 } = clickIntervals(
    two,
    [corrected([0.6], { patient: "a" }), corrected([0.8], { patient: "b" })],
    limits,
  );
  deepEqual([iouAfter1.low, iouAfter1.high], [0.1, 0.9]);
  deepEqual([noc80.low, noc80.high], [1, 20]);
  ok(videoDiceAfter1.value?.toFixed(2) === "0.70");
  deepEqual([videoDiceAfter1.low, videoDiceAfter1.high], [0.6, 0.8]);
});
