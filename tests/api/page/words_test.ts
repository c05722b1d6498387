// Words: what the server tells by a key or in English has words in both languages.

import { deepEqual, equal, ok } from "node:assert/strict";
import { noteWords } from "../../../lib/api/page/export_notes.ts";
import { doubtWords, driftStep } from "../../../lib/api/page/review_words.ts";
import { sayIn } from "../../../lib/api/page/words.ts";
import { english } from "../../../lib/api/page/words_english.ts";
import { russian } from "../../../lib/api/page/words_russian.ts";

/** The labels that the server gives to steps of the history. */
const labels = [
  "createObject",
  "changeObject",
  "deleteObject",
  "point",
  "box",
  "removePrompt",
  "clearPrompts",
  "draw",
  "fillHoles",
  "keepLargest",
  "subtractOthers",
  "subtractFromOthers",
  "copyMask",
  "deleteMasks",
  "verify",
  "unverify",
  "createSpan",
  "changeSpan",
  "deleteSpan",
];

Deno.test("every step of the history has words in both languages", () => {
  for (const label of labels) {
    ok(`step.${label}` in english, label);
    ok(`step.${label}` in russian, label);
  }
});

Deno.test("noteWords() knows what certificates say, and leaves the rest as it is", () => {
  const notes = [
    "no independent validation",
    "there is no val part: in data.yaml, val names the training images",
    "time split, forced: parts share patients, cut inside sequences with a gap of 25 frames",
    "val was asked for and is empty: there are too few patients",
  ];
  const say = sayIn("ru");
  for (const note of notes) ok(/[а-я]/.test(noteWords(say, note)), note);
  ok(noteWords(say, notes[2]).includes("25"));
  ok(noteWords(say, notes[3]).includes("«val»"));
  equal(noteWords(say, "something new"), "something new");
});

Deno.test("doubtWords() gives shares in percent, factors and frames as they are", () => {
  const say = sayIn("en");
  const doubts = [
    { kind: "predictedIou", value: 0.24 },
    { kind: "areaKept", value: 2.04 },
    { kind: "areaKept", value: 0.125 },
    { kind: "distance", value: 12 },
    { kind: "placeKept", value: null },
  ] as const;
  deepEqual(doubts.map((doubt) => doubtWords(say, doubt)), [
    "expected match only 24 %",
    "area 2.0 times that of the frame before",
    "area 0.13 times that of the frame before",
    "frames to the nearest mark: 12",
    "its place jumped",
  ]);
});

Deno.test("driftStep() calls doubtful what lanes show as drifting", () => {
  deepEqual([0.49, 0.5, 0.79, 0.8].map(driftStep), [
    "low",
    "doubtful",
    "doubtful",
    "high",
  ]);
});
