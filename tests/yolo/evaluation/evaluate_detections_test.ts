import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  bitmapToRle,
  confusionMatrix,
  evaluateDetections,
  type EvaluatedImage,
  measureIntervals,
} from "medannotate";

const box = { x0: 10, y0: 10, x1: 30, y1: 30 };
const far = { x0: 60, y0: 60, x1: 70, y1: 70 };
const found = { classNumber: 0, confidence: 0.9, box };

Deno.test("evaluateDetections() counts images, labels and detections of each class", () => {
  const measures = evaluateDetections([
    {
      labels: [{ classNumber: 0, box }, { classNumber: 0, box: far }],
      detections: [found, { ...found, classNumber: 1 }],
    },
    { labels: [{ classNumber: 0, box, isCrowd: true }], detections: [] },
  ], ["polyp", "bubble"]);
  deepEqual([measures.images, measures.labels, measures.detections], [2, 2, 2]);
  deepEqual(measures.classCounts, [
    { classNumber: 0, name: "polyp", images: 1, labels: 2, detections: 1 },
    { classNumber: 1, name: "bubble", images: 0, labels: 0, detections: 1 },
  ]);
  equal(measures.masks, undefined);
  equal(measures.boxes.ultralytics84.classes[0].recall, 0.5);
});

Deno.test("evaluateDetections() is indifferent to the order of detections", () => {
  const detections = [0.3, 0.9, 0.6].map((confidence, i) => ({
    classNumber: 0,
    confidence,
    box: { ...box, x0: 10 + i },
  }));
  const labels = [{ classNumber: 0, box }, { classNumber: 0, box: far }];
  const measure = (list: typeof detections) =>
    evaluateDetections([{ labels, detections: list }], ["polyp"]);
  deepEqual(measure(detections), measure(detections.toReversed()));
});

Deno.test("evaluateDetections() survives JSON as it is", () => {
  const measures = evaluateDetections([
    { labels: [{ classNumber: 0, box }], detections: [found] },
  ], ["polyp"]);
  deepEqual(JSON.parse(JSON.stringify(measures)), measures);
});

Deno.test("evaluateDetections() compares masks, of a ring too", () => {
  const data = new Uint8Array(40 * 40);
  for (let y = 10; y < 30; y++) data.fill(1, y * 40 + 10, y * 40 + 20);
  const mask = bitmapToRle({ width: 40, height: 40, data }); // the left half of the box
  const corners = [[10, 10], [30, 10], [30, 30], [10, 30]];
  const ring = corners.map(([x, y]) => ({ x, y }));
  const { boxes, masks } = evaluateDetections([{
    labels: [{ classNumber: 0, box, ring }],
    detections: [{ ...found, mask }],
  }], ["polyp"]);
  equal(boxes.ultralytics84.map50to95.toFixed(3), "0.995");
  ok(masks);
  // the overlap is exactly a half: right at 0.50 alone
  equal(masks.ultralytics84.map50.toFixed(3), "0.995");
  equal(masks.ultralytics84.map50to95.toFixed(4), "0.0995");
});

Deno.test("evaluateDetections() says which mask or class is missing", () => {
  const labels = [{ classNumber: 0, box, ring: [{ x: 0, y: 0 }] }];
  throws(
    () =>
      evaluateDetections([{ labels, detections: [found] }], ["polyp"], {
        masks: true,
      }),
    { name: "RangeError", message: /size of the image is not given/ },
  );
  throws(
    () =>
      evaluateDetections([{
        labels: [],
        detections: [{ ...found, classNumber: 3 }],
      }], ["polyp"]),
    { name: "RangeError", message: /has class 3, expected 0 to 0/ },
  );
});

Deno.test("confusionMatrix() passes over unsure detections, and those on crowds", () => {
  const { counts } = confusionMatrix([{
    iousDL: Float64Array.of(0.9, 0, 0.9, 0, 0, 0.9),
    detectionClasses: [0, 0, 0],
    confidences: [0.9, 0.2, 0.8],
    labelClasses: [0, -1],
  }], 1);
  deepEqual(counts, [[1, 0], [0, 0]]);
});

Deno.test("confusionMatrix() gives each label the detection that overlaps it most", () => {
  const { counts } = confusionMatrix([{
    iousDL: Float64Array.of(0.6, 0.8),
    detectionClasses: [0, 1],
    confidences: [0.9, 0.5],
    labelClasses: [0],
  }], 2);
  deepEqual(counts, [[0, 0, 1], [1, 0, 0], [0, 0, 0]]);
});

Deno.test("measureIntervals() has the whole set's value, and an interval from its patients", () => {
  const images = Array.from(
    { length: 12 },
    (_, i): EvaluatedImage & { patient: string } => ({
      patient: `P${i % 4}`,
      labels: [{ classNumber: 0, box }],
      detections: [{
        ...found,
        confidence: 0.5 + i / 40,
        box: i % 4 === 0 ? far : box,
      }],
    }),
  );
  const { map50, map50to95 } = measureIntervals(
    images,
    ({ patient }) => patient,
    { samples: 200 },
  );
  const whole = evaluateDetections(images, ["polyp"]).boxes.ultralytics84;
  equal(map50.value, whole.map50);
  equal(map50to95.value?.toFixed(12), whole.map50to95.toFixed(12));
  equal(map50.groups, 4);
  ok(map50.low !== null && map50.high !== null && map50.value !== null);
  ok(map50.low < map50.value && map50.value < map50.high);
});
