import { deepEqual, equal } from "node:assert/strict";
import { evaluateLesions } from "../../../lib/work/evaluation/evaluate_lesions.ts";
import { clinicalRows } from "../../../lib/work/evaluation/evaluation_text.ts";

const box = { x0: 10, y0: 10, x1: 30, y1: 30 };
const size = { width: 100, height: 100 };

/** Frames of one patient; the lesion is found where it is said. */
function frames(
  group: string,
  found: readonly boolean[],
  more: { fps?: number } = {},
) {
  return found.map((isFound, frame) => ({
    image: {
      path: "",
      name: `${group}-${frame}`,
      size,
      labels: [{ classNumber: 0, box }],
      ...{ group, sequence: group, frame },
      ...more,
    },
    detections: isFound ? [{ classNumber: 0, confidence: 0.9, box }] : [],
  }));
}

const options = {
  objectsOf: () => ["1"],
  seenPatients: new Set(["A"]),
  leastConfidence: 0.25,
  samples: 100,
};

Deno.test("evaluateLesions() counts delays in frames, and in seconds where the rate is known", () => {
  const images = [
    ...frames("A", [false, false, true], { fps: 10 }),
    ...frames("B", [false, false, false], { fps: 10 }),
  ];
  const measures = evaluateLesions(images, options);
  equal(measures?.hasTimes, true);
  equal(measures?.all.lesionSensitivity.value, 0.5);
  equal(measures?.all.medianDelayFrames.value, 2);
  equal(measures?.all.medianDelayS.value, 0.2);
  equal(measures?.seen?.lesionsFound, 1);
  equal(measures?.unseen?.lesionsFound, 0);
  deepEqual(
    measures?.lesions.map(({ delayS, delayFrames }) => [delayS, delayFrames]),
    [
      [0.2, 2],
      [null, null],
    ],
  );
});

Deno.test("evaluateLesions() says nothing per minute or in seconds without the rate", () => {
  const measures = evaluateLesions(frames("A", [false, true]), options);
  equal(measures?.hasTimes, false);
  deepEqual(
    [measures?.all.minutes, measures?.all.falsePositivesPerMinute.value],
    [null, null],
  );
  equal(measures?.all.medianDelayS.value, null);
  equal(measures?.lesions[0].delayS, null);
  equal(measures?.lesions[0].delayFrames, 1);
  const names = measures ? clinicalRows(measures).map(({ name }) => name) : [];
  equal(names.includes("false positives per minute"), false);
  equal(names.includes("median delay, frames"), true);
});

Deno.test("evaluateLesions() needs the sequence and the frame of every image", () => {
  const [first, { image, ...rest }] = frames("A", [true, true]);
  const { frame: _, ...alone } = image;
  equal(
    evaluateLesions([first, { ...rest, image: alone }], options),
    undefined,
  );
});
