import { deepEqual, equal } from "node:assert/strict";
import { findFailures } from "medannotate";
import { failureCaption } from "../../../lib/work/evaluation/failure_words.ts";
import {
  countFailures,
  pickFailures,
} from "../../../lib/work/evaluation/find_failures.ts";

/** A box of 20 by 20 pixels at x. */
const boxAt = (x: number) => ({ x0: x, y0: 0, x1: x + 20, y1: 20 });
const label = (x: number, classNumber = 0) => ({ classNumber, box: boxAt(x) });
const found = (x: number, confidence: number, classNumber = 0) => ({
  ...label(x, classNumber),
  confidence,
});

/** The failures of one image without their numbers. */
function kindsOf(
  labels: ReturnType<typeof label>[],
  detections: ReturnType<typeof found>[],
) {
  return findFailures([{ labels, detections }])
    .flatMap(({ failures }) => failures.map(({ kind }) => kind));
}

Deno.test("findFailures() finds nothing on an image where all is well", () => {
  deepEqual(kindsOf([label(0)], [found(1, 0.9)]), []);
  deepEqual(kindsOf([], [found(1, 0.2)]), []); // too unsure to count
});

Deno.test("findFailures() tells missed, poorly placed, wrong class and false positive apart", () => {
  deepEqual(kindsOf([label(0)], []), ["missed"]);
  // 14 of 20 columns: IoU 14 / 26 = 0.54
  deepEqual(kindsOf([label(0)], [found(6, 0.9)]), ["poorly placed"]);
  // 12 of 20 columns: IoU 12 / 28 = 0.43, below 0.5
  deepEqual(kindsOf([label(0)], [found(8, 0.9)]), ["missed", "false positive"]);
  deepEqual(kindsOf([label(0)], [found(0, 0.9, 1)]), ["wrong class"]);
  deepEqual(kindsOf([], [found(0, 0.9)]), ["false positive"]);
});

Deno.test("findFailures() gives a label to its own class first, though another lies better", () => {
  const [{ failures }] = findFailures([{
    labels: [label(0)],
    detections: [found(0, 0.9, 1), found(2, 0.6)],
  }]);
  deepEqual(failures, [
    { kind: "false positive", detection: 0, confidence: 0.9, isDouble: true },
  ]);
});

Deno.test("findFailures() tells how sure it was of what it missed", () => {
  const [{ failures }] = findFailures([{
    labels: [label(0)],
    detections: [found(1, 0.2), found(0, 0.1), found(8, 0.8)],
  }]);
  deepEqual(failures[0], {
    kind: "missed",
    label: 0,
    confidence: 0.2,
    iou: 12 / 28,
  });
});

Deno.test("findFailures() puts the worst image first, equal ones in their order", () => {
  const missed = { labels: [label(0)], detections: [] };
  const alarm = { labels: [], detections: [found(0, 0.5)] };
  const order = findFailures([alarm, missed, alarm, {
    labels: [label(0)],
    detections: [found(100, 0.9)],
  }]).map(({ image }) => image);
  deepEqual(order, [3, 1, 0, 2]); // 1.9, 1, 0.5, 0.5
});

Deno.test("countFailures() counts kinds over images", () => {
  const failed = findFailures([
    { labels: [label(0), label(50)], detections: [found(100, 0.5)] },
    { labels: [label(0)], detections: [] },
  ]);
  deepEqual(countFailures(failed), {
    "missed": 3,
    "false positive": 1,
    "wrong class": 0,
    "poorly placed": 0,
  });
});

Deno.test("pickFailures() takes neighbours of a sequence only where nothing else is left", () => {
  const failed = findFailures(
    [0.9, 0.8, 0.7, 0.3].map((confidence) => ({
      labels: [],
      detections: [found(0, confidence)],
    })),
  );
  const places = [0, 1, 50, 2].map((frame) => ({ sequence: "7", frame }));
  const pick = (count: number) =>
    pickFailures(failed, (image) => places[image], { count })
      .map(({ image }) => image);
  deepEqual(pick(2), [0, 2]);
  deepEqual(pick(3), [0, 1, 2]);
});

Deno.test("failureCaption() names classes, and says what is left unsaid", () => {
  const image = {
    name: "images/val/a.png",
    labels: Array.from({ length: 7 }, (_, i) => label(40 * i)),
    detections: [found(0, 0.1), found(500, 0.83, 1)],
  };
  const [{ failures }] = findFailures([image]);
  const words = failureCaption(image, failures, ["polyp", "forceps"]);
  equal(
    words,
    "images/val/a.png: missed polyp (found at 0.10 only); missed polyp; " +
      "missed polyp; missed polyp; missed polyp; 3 more",
  );
});
