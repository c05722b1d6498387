import { deepEqual, equal } from "node:assert/strict";
import { matchCoco, measureByCoco } from "medannotate";

const label = {
  classNumber: 0,
  areaPx: 2000,
  isCrowd: false,
  isIgnored: false,
};
const detection = { classNumber: 0, areaPx: 2000, confidence: 0.9 };

/** The bits at threshold 0.5 of the range of all sizes. */
function at50(
  { matchedAD, passedAD, confidences }: ReturnType<typeof matchCoco>[number],
) {
  const bits = (of: Uint16Array) =>
    [...of.subarray(0, confidences.length)].map((row) => row & 1).join("");
  return { matched: bits(matchedAD), passed: bits(passedAD) };
}

Deno.test("matchCoco() lets a crowd take many detections, none of which count", () => {
  const [matches] = matchCoco(
    [{ ...label, isCrowd: true }],
    [detection, { ...detection, confidence: 0.8 }],
    Float64Array.of(0.9, 0.8),
  );
  deepEqual(at50(matches), { matched: "11", passed: "11" });
  equal(matches.wantedA[0], 0);
});

Deno.test("matchCoco() prefers a label that counts to an ignored one that fits better", () => {
  const [matches] = matchCoco(
    [{ ...label, isIgnored: true }, label],
    [detection],
    Float64Array.of(0.9, 0.6),
  );
  // taken: the second; at 0.65 it no longer fits, and the ignored one is taken
  deepEqual(at50(matches), { matched: "1", passed: "0" });
  equal(matches.passedAD[0] & (1 << 3), 1 << 3);
});

Deno.test("matchCoco() passes over what lies outside the range of sizes", () => {
  const [matches] = matchCoco(
    [label], // 2000 px: medium
    [{ ...detection, areaPx: 100 }], // small, and overlaps nothing
    Float64Array.of(0),
  );
  deepEqual(matches.wantedA, [1, 0, 1, 0]);
  deepEqual([...matches.matchedAD], [0, 0, 0, 0]);
  // unmatched: wrong among all and among small ones, nothing among the others
  deepEqual([...matches.passedAD].map((row) => row & 1), [0, 0, 1, 1]);
});

Deno.test("matchCoco() keeps the hundred most confident of a class", () => {
  const many = Array.from({ length: 120 }, (_, i) => ({
    ...detection,
    confidence: i / 120,
  }));
  const [{ confidences }] = matchCoco([], many, new Float64Array());
  equal(confidences.length, 100);
  deepEqual([confidences[0], confidences[99]], [119 / 120, 20 / 120]);
});

Deno.test("measureByCoco() is null where nothing is to be found", () => {
  const { ap, ap50, arLarge, classes } = measureByCoco([
    matchCoco([], [detection], new Float64Array()),
  ]);
  deepEqual([ap, ap50, arLarge], [null, null, null]);
  deepEqual(classes.map(({ classNumber, labels }) => [classNumber, labels]), [
    [0, 0],
  ]);
});

Deno.test("measureByCoco() takes the mean of the precision at 101 recalls", () => {
  // right, wrong, right with two labels: precision 1, 1/2, 2/3
  const images = [0.9, 0.8, 0.7].map((confidence, i) =>
    matchCoco(
      i === 1 ? [] : [label],
      [{ ...detection, confidence }],
      i === 1 ? new Float64Array() : Float64Array.of(0.97),
    )
  );
  const { ap50, ar1, apSmall } = measureByCoco(images);
  // 51 recalls (0 to 0.50) at 1, 50 (to 1.00) at 2/3
  equal(ap50?.toFixed(9), ((51 + 50 * 2 / 3) / 101).toFixed(9));
  deepEqual([ar1, apSmall], [1, null]);
});
