import { deepEqual, equal, notDeepEqual, throws } from "node:assert/strict";
import { parseSplit } from "medannotate";
import { planSplit } from "../../../lib/work/export/split.ts";

/** Sequences by patient and count of frames. */
function sequencesOf(...rows: readonly [patient: string, count: number][]) {
  return rows.map(([patient, count], id) => ({
    id,
    ...(patient ? { patient } : {}),
    frames: Array.from({ length: count }, (_, index) => ({
      index,
      name: String(index),
      sha256: "",
    })),
  }));
}

function partsOf(
  sequences: ReturnType<typeof sequencesOf>,
  split: Parameters<typeof planSplit>[1],
) {
  const partOf = planSplit(sequences, split);
  return sequences.map((sequence) => partOf(sequence, 0));
}

const patients = parseSplit("train=0.8,val=0.2");

Deno.test("planSplit() keeps a patient together and meets the shares", () => {
  const sequences = sequencesOf(["A", 50], ["B", 20], ["A", 30]);
  deepEqual(partsOf(sequences, patients), ["train", "val", "train"]);
});

Deno.test("planSplit() counts sequences without a patient as one patient", () => {
  const sequences = sequencesOf(["", 10], ["", 10], ["", 10]);
  deepEqual(partsOf(sequences, patients), ["train", "train", "train"]);
});

Deno.test("planSplit() fills every part when there are patients enough", () => {
  const sequences = sequencesOf(["A", 1000], ["B", 10], ["C", 10]);
  const parts = partsOf(sequences, parseSplit("train=0.6,val=0.2,test=0.2"));
  deepEqual(parts.toSorted(), ["test", "train", "val"]);
  equal(parts[0], "train");
});

Deno.test("planSplit() follows the seed, not the order of the sequences", () => {
  const rows = Array.from(
    { length: 20 },
    (_, i) => [`P${i}`, 10] as [string, number],
  );
  const sequences = sequencesOf(...rows);
  const first = partsOf(sequences, patients);
  deepEqual(partsOf(sequences.toReversed(), patients).toReversed(), first);
  equal(first.filter((part) => part === "val").length, 4); // 0.2 * 20
  const other = parseSplit("train=0.8,val=0.2", { seed: 2 });
  notDeepEqual(partsOf(sequences, other), first);
});

Deno.test("planSplit() leaves a gap at each cut in time", () => {
  const split = parseSplit("time,train=0.5,val=0.25,test=0.25", {
    gapFrames: 1,
    force: true,
  });
  const [sequence] = sequencesOf(["A", 10]);
  const partOf = planSplit([sequence], split);
  const letters = sequence.frames.map(({ index }) =>
    partOf(sequence, index)?.slice(0, 2) ?? ".."
  );
  // 10 frames less 2 gaps are 8: 4, 2 and 2
  equal(letters.join(" "), "tr tr tr tr .. va va .. te te");
});

Deno.test("planSplit() refuses a clip that the gaps swallow", () => {
  const split = parseSplit("time", { gapFrames: 9, force: true });
  throws(() => planSplit(sequencesOf(["A", 10]), split), /leave 1$/);
});

Deno.test("parseSplit() refuses a cut in time that is not forced", () => {
  throws(() => parseSplit("time"), /add --force/);
});

Deno.test("parseSplit() refuses shares that make no whole", () => {
  throws(() => parseSplit("train=0.8,val=0.1"), /add up to 0.9/);
  throws(() => parseSplit("val=1"), /some for train/);
  throws(() => parseSplit("train=1,train=0"), /found train=0/);
  throws(() => parseSplit("training=1"), /found training=1/);
});

Deno.test("parseSplit() reads what is kept together", () => {
  const kindOf = (text: string) => parseSplit(text).kind;
  deepEqual(
    ["train=1", "patient", "procedure,train=0.5,val=0.5", "sequence"]
      .map(kindOf),
    ["patients", "patients", "procedures", "sequences"],
  );
  throws(() => parseSplit("frame,train=0.5,val=0.5"), /found frame/);
});

Deno.test("planSplit() keeps procedures and sequences together", () => {
  const rows = Array.from(
    { length: 10 },
    () => ["A", 10] as [string, number],
  );
  const sequences = sequencesOf(...rows).map((sequence, i) => ({
    ...sequence,
    procedure: String(Math.floor(i / 2)), // two sequences each
  }));
  const byProcedure = partsOf(
    sequences,
    parseSplit("procedure,train=0.8,val=0.2"),
  );
  for (let i = 0; i < 10; i += 2) equal(byProcedure[i], byProcedure[i + 1]);
  equal(byProcedure.filter((part) => part === "val").length, 2);
  const bySequence = partsOf(
    sequences,
    parseSplit("sequence,train=0.7,val=0.3"),
  );
  equal(bySequence.filter((part) => part === "val").length, 3);
});
