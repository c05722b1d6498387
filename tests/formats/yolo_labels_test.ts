import { deepEqual, equal } from "node:assert/strict";
import { readYoloLabels } from "medannotate";

/** The kinds of the problems by line, for classes 0 to 2. */
function kindsOf(text: string, overshoot = 0.001) {
  const { problems } = readYoloLabels(text, { classCount: 3, overshoot });
  return problems.map(({ line, kind, consequence }) => [
    line,
    kind,
    consequence,
  ]);
}

Deno.test("readYoloLabels() takes byte order marks, CRLF, CR and empty lines", () => {
  const text =
    "\uFEFF0 0.5 0.5 0.2 0.2\r\n\r\n1 0.5 0.5 0.2 0.2\r 2 .5 5e-1 +.2 0.2\t\n";
  const { rows, problems } = readYoloLabels(text, { classCount: 3 });
  deepEqual(problems, []);
  deepEqual(rows.map(({ line, row }) => [line, row.classNumber]), [
    [1, 0],
    [3, 1],
    [4, 2],
  ]);
});

Deno.test("readYoloLabels() names what leaves the truth unknown", () => {
  const unknown = "truth unknown";
  deepEqual(
    kindsOf([
      "3 0.5 0.5 0.2 0.2",
      "-1 0.5 0.5 0.2 0.2",
      "0.5 0.5 0.5 0.2 0.2",
      "polyp 0.5 0.5 0.2 0.2",
      "0 0.5 nan 0.2 0.2",
      "0 0,5 0.5 0.2 0.2",
      "0 0x1 0.5 0.2 0.2",
      "0 0.5 0.5 0.2",
      "0 0.5 0.5 0.2 0.2 0.9",
      "0 0.5 1.5 0.2 0.2",
      "0 0.5 0.5 -0.2 0.2",
      "0 0.1 0.1 0.9 0.1 0.5 -0.01",
    ].join("\n")),
    [
      [1, "class out of range", unknown],
      [2, "class out of range", unknown],
      [3, "not a number", unknown],
      [4, "not a number", unknown],
      [5, "not a number", unknown],
      [6, "not a number", unknown],
      [7, "not a number", unknown],
      [8, "wrong count of numbers", unknown],
      [9, "wrong count of numbers", unknown],
      [10, "value out of range", unknown],
      [11, "negative size", unknown],
      [12, "value out of range", unknown],
    ],
  );
});

Deno.test("readYoloLabels() mends what is a thousandth outside", () => {
  const text = "0 1.001 0.5 0.2 0.2\n0 0.1 0.1 0.9 -0.0005 0.5 1.0009\n";
  const { rows, problems } = readYoloLabels(text, { overshoot: 0.001 });
  deepEqual(problems.map(({ consequence }) => consequence), [
    "mended",
    "mended",
  ]);
  deepEqual(rows.map(({ row }) => row), [
    {
      kind: "detect",
      classNumber: 0,
      boxNorm: { x: 1, y: 0.5, width: 0.2, height: 0.2 },
    },
    {
      kind: "segment",
      classNumber: 0,
      ringNorm: [{ x: 0.1, y: 0.1 }, { x: 0.9, y: 0 }, { x: 0.5, y: 1 }],
    },
  ]);
  equal(kindsOf(text, 0).length, 2);
});

Deno.test("readYoloLabels() leaves out rows that cover nothing or come twice", () => {
  const text = [
    "0 0.5 0.5 0 0.2",
    "0 0.5 0.5 0.2 0.2",
    "0 0.50 0.5 0.2 0.2",
    "0 0.1 0.1 0.2 0.2 0.3 0.3",
  ].join("\n");
  deepEqual(kindsOf(text), [
    [1, "empty box", "left out"],
    [3, "duplicate row", "left out"],
    [4, "empty ring", "left out"],
  ]);
});

Deno.test("readYoloLabels() keeps its messages short and on one line", () => {
  const { problems } = readYoloLabels(`0 ${"9".repeat(5000)}x\u0007 1 1 1`);
  equal(problems.length, 1);
  equal(problems[0].message.length < 100, true);
  equal(/\p{C}/u.test(problems[0].message), false);
});
