import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  parseYoloLabels,
  yoloBoxToPixels,
  yoloDetectRow,
  yoloRingToPixels,
  yoloSegRow,
} from "medannotate";

const size = { width: 200, height: 100 };

Deno.test("yoloDetectRow() writes centre and size in shares of the image", () => {
  // x (50 + 100) / 2 / 200, y (20 + 40) / 2 / 100, 50 / 200, 20 / 100
  const box = { x0: 50, y0: 20, x1: 100, y1: 40 };
  equal(
    yoloDetectRow(3, box, size),
    "3 0.375000 0.300000 0.250000 0.200000",
  );
});

Deno.test("yoloDetectRow() clips to the image", () => {
  const box = { x0: -10, y0: 50, x1: 100, y1: 170 };
  equal(
    yoloDetectRow(0, box, size),
    "0 0.250000 0.750000 0.500000 0.500000",
  );
});

Deno.test("yoloDetectRow() refuses a box outside the image and a bad class", () => {
  const outside = { x0: 200, y0: 0, x1: 210, y1: 50 };
  throws(() => yoloDetectRow(0, outside, size), RangeError);
  const box = { x0: 0, y0: 0, x1: 1, y1: 1 };
  throws(() => yoloDetectRow(1.5, box, size), /class is 1.5/);
  throws(() => yoloDetectRow(-1, box, size), RangeError);
});

Deno.test("yoloSegRow() writes every point", () => {
  const ring = [{ x: 0, y: 0 }, { x: 100, y: 0 }, { x: 300, y: 50 }];
  equal(
    yoloSegRow(1, ring, size),
    "1 0.000000 0.000000 0.500000 0.000000 1.000000 0.500000", // 300 clipped
  );
});

Deno.test("yoloSegRow() never writes what would be read as a box", () => {
  const line = [{ x: 0, y: 0 }, { x: 100, y: 0 }];
  throws(() => yoloSegRow(1, line, size), /2 different points/);
  // Three points, two of them the same after clipping.
  const outside = [{ x: 0, y: 0 }, { x: 210, y: 0 }, { x: 220, y: 0 }];
  throws(() => yoloSegRow(1, outside, size), /at least 3/);
});

Deno.test("parseYoloLabels() reads boxes, rings and confidences", () => {
  const rows = parseYoloLabels(
    "0 0.5 0.5 0.2 0.2\n" +
      "\n" +
      "1 0.5 0.5 0.2 0.2 0.9\r\n" +
      "2 0 0 0.5 0 0.5 0.5\n" +
      "3 0 0 0.5 0 0.5 0.5 0.25\n",
  );
  const boxNorm = { x: 0.5, y: 0.5, width: 0.2, height: 0.2 };
  const ringNorm = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 0.5 }];
  deepEqual(rows, [
    { kind: "detect", classNumber: 0, boxNorm },
    { kind: "detect", classNumber: 1, boxNorm, confidence: 0.9 },
    { kind: "segment", classNumber: 2, ringNorm },
    { kind: "segment", classNumber: 3, ringNorm, confidence: 0.25 },
  ]);
  deepEqual(parseYoloLabels(""), []); // background
});

Deno.test("parseYoloLabels() names every line that is wrong", () => {
  const text = "0 0.5 0.5 0.2 0.2\n0 0.5 1.5 0.2 0.2\n0 0.5\nx 0 0 1 1\n";
  throws(() => parseYoloLabels(text), (error: Error) => {
    equal(error.name, "SyntaxError");
    ok(error.message.includes("line 2: value is 1.5, expected 0 to 1"));
    ok(error.message.includes("line 3: 2 numbers"));
    ok(error.message.includes("line 4: class is x"));
    return true;
  });
  throws(
    () => parseYoloLabels("7 0.5 0.5 0.2 0.2", { classCount: 7 }),
    /line 1: class is 7, expected one below 7/,
  );
  throws(() => parseYoloLabels("0 0.5 nan 0.2 0.2"), /value is nan/);
});

Deno.test("yoloBoxToPixels() and yoloRingToPixels() undo the writing", () => {
  const box = { x0: 50, y0: 20, x1: 100, y1: 40 };
  const [row] = parseYoloLabels(yoloDetectRow(3, box, size));
  ok(row.kind === "detect");
  deepEqual(yoloBoxToPixels(row.boxNorm, size), box);
  const ring = [{ x: 0, y: 0 }, { x: 100, y: 0 }, { x: 200, y: 50 }];
  const [segment] = parseYoloLabels(yoloSegRow(3, ring, size));
  ok(segment.kind === "segment");
  deepEqual(yoloRingToPixels(segment.ringNorm, size), ring);
});
