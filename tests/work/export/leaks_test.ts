import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  exportDataSet,
  type ExportSequence,
  maxNearShare,
  nearBits,
  parseSplit,
} from "medannotate";
import type { RgbImage } from "../../../lib/base/image.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { madeSequence, ring, tags } from "./made_sequence.ts";

const size = { width: 36, height: 32 };
const mask = ring(size, { x: 12, y: 12, outer: 6 });

/** Sequences of three frames, by patient and procedure. */
function sequences(
  ...rows: readonly (readonly [patient: string, procedure: string])[]
): ExportSequence[] {
  return rows.map(([patient, procedure], i) => ({
    ...madeSequence(i + 1, [{ 1: mask }, {}, { 1: mask }], { size, patient }),
    procedure,
  }));
}

const two = [["A", "1"], ["A", "2"], ["B", "3"], ["B", "4"]] as const;

Deno.test(
  "exportDataSet() refuses a split by sequence or procedure that shares patients, and marks what is forced",
  inFolder(async (folder) => {
    for (const kind of ["sequence", "procedure"]) {
      const options = {
        ...{ format: "coco", out: `${folder}/set`, tags } as const,
        sequences: sequences(...two),
        split: parseSplit(`${kind},train=0.75,val=0.25`),
      };
      await rejects(
        exportDataSet(options),
        new RegExp(`1 patients would be in two parts, split by ${kind}s`),
      );
      deepEqual([...Deno.readDirSync(folder)], []);
      const { certificate } = await exportDataSet({ ...options, force: true });
      equal(certificate.sharedPatients, 1);
      equal(certificate.independentValidation, false);
      deepEqual(certificate.marks, [
        `split by ${kind}s, forced: 1 patients are in more than one part`,
        "no independent validation",
      ]);
      deepEqual(certificate.split, {
        kind: `${kind}s`,
        shares: { train: 0.75, val: 0.25 },
        seed: 1,
      });
      const text = await Deno.readTextFile(`${folder}/set/certificate.md`);
      ok(text.includes(`Split: by ${kind}, seed 1`));
      await Deno.remove(`${folder}/set`, { recursive: true });
    }
  }),
);

Deno.test(
  "exportDataSet() takes a split by procedure where no patient has two",
  inFolder(async (folder) => {
    const { certificate } = await exportDataSet({
      ...{ format: "coco", out: `${folder}/set`, tags } as const,
      sequences: sequences(["A", "1"], ["A", "1"], ["B", "2"]),
      split: parseSplit("procedure,train=0.6,val=0.4"),
    });
    equal(certificate.independentValidation, true);
    deepEqual(certificate.marks, []);
    deepEqual(certificate.parts.map(({ patients }) => patients), [["A"], [
      "B",
    ]]);
  }),
);

/** Frames of a slow sweep: neighbours look alike, far ones do not. */
function sweep(index: number, base: number): RgbImage {
  const data = new Uint8Array(3 * size.width * size.height);
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / 3) % size.width;
    const y = Math.floor(i / 3 / size.width);
    data[i] = 128 + 100 * Math.sin(0.4 * x + 0.3 * y + base + 0.02 * index);
  }
  return { ...size, data };
}

function swept(id: number, patient: string, base: number): ExportSequence {
  return {
    ...madeSequence(id, [{ 1: mask }, {}, {}], { size, patient }),
    frames: [0, 1, 2].map((index) => ({
      ...{ index, name: `${index}`, sha256: `${base} ${index}` },
    })),
    readImage: (index) => Promise.resolve(sweep(index, base)),
  };
}

Deno.test(
  "exportDataSet() refuses parts that look alike, and counts near-duplicates when forced",
  inFolder(async (folder) => {
    const options = { format: "coco", out: `${folder}/set`, tags } as const;
    const alike = [swept(1, "A", 0), swept(2, "B", 0.01)];
    await rejects(
      exportDataSet({ ...options, sequences: alike }),
      /3 of 3 frames of val look like a frame of train \(at most 5 of 64 bits differ\), expected at most 5 %/,
    );
    deepEqual([...Deno.readDirSync(folder)], []);
    const { certificate } = await exportDataSet({
      ...{ ...options, sequences: alike, force: true },
    });
    deepEqual(certificate.nearDuplicates, {
      thresholdBits: nearBits,
      between: [{ parts: ["train", "val"], frames: 3, of: 3 }],
    });
    ok(certificate.nearest[0].distanceBits <= nearBits);
    equal(certificate.independentValidation, false);
    ok(certificate.marks[0].startsWith("forced: 3 of 3 frames of val look"));

    const { certificate: clean } = await exportDataSet({
      ...{ ...options, sequences: [swept(1, "A", 0), swept(2, "B", 3)] },
    });
    deepEqual(clean.nearDuplicates.between.map(({ frames }) => frames), [0]);
    equal(clean.independentValidation, true);
    equal(maxNearShare, 0.05);
  }),
);

Deno.test(
  "exportDataSet() says how many frames lie between the parts of a sequence",
  inFolder(async (folder) => {
    const frames = Array.from({ length: 12 }, () => ({ 1: mask }));
    const options = {
      ...{ format: "davis", out: `${folder}/set`, tags } as const,
      sequences: [madeSequence(1, frames, { size, patient: "A" })],
    };
    const { certificate } = await exportDataSet({
      ...options,
      split: parseSplit("time,train=0.5,val=0.5", {
        gapFrames: 3,
        force: true,
      }),
    });
    equal(certificate.leastDistanceFrames, 4); // a gap of 3 lies between
    ok(
      (await Deno.readTextFile(`${folder}/set/certificate.md`)).includes(
        "in different parts: 4 frames",
      ),
    );
    const { certificate: whole } = await exportDataSet(options);
    equal("leastDistanceFrames" in whole, false);
  }),
);

Deno.test(
  "exportDataSet() lets the same pixels into two parts when forced, and marks them",
  inFolder(async (folder) => {
    const [a] = sequences(["A", "1"]);
    const copy = { ...a, id: 2, patient: "B" };
    const options = { format: "coco", out: `${folder}/set`, tags } as const;
    const both = [a, copy];
    await rejects(
      exportDataSet({ ...options, sequences: both }),
      /3 frames of one part have the same pixels .* or add --force/,
    );
    const { certificate } = await exportDataSet({
      ...{ ...options, sequences: both, force: true },
    });
    equal(certificate.exactDuplicates, 3);
    equal(certificate.independentValidation, false);
    ok(certificate.marks.includes(
      "forced: 3 frames have the same pixels as a frame of another part",
    ));
  }),
);
