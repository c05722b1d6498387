import {
  deepEqual,
  equal,
  notEqual,
  ok,
  rejects,
  throws,
} from "node:assert/strict";
import {
  type DataSetSnapshot,
  differenceText,
  diffSnapshots,
  exportDataSet,
  exportFormats,
  type ExportOptions,
  parseSnapshot,
  readSnapshot,
} from "medannotate";
import { inFolder } from "../../media/temporary_folder.ts";
import { madeSequence, ring, tags } from "./made_sequence.ts";

const size = { width: 20, height: 16 };
const disc = ring(size, { x: 8, y: 8, outer: 5, inner: 2 });
const dot = ring(size, { x: 15, y: 5, outer: 3 });
const first = madeSequence(1, [{ 1: disc }, { 2: dot }], {
  size,
  patient: "A",
});
const second = madeSequence(2, [{ 1: disc }], { size, patient: "B" });

/** Exports and gives the snapshot with its text. */
async function snapshotOf(
  out: string,
  options: Partial<ExportOptions> = {},
): Promise<{ text: string; snapshot: DataSetSnapshot }> {
  await exportDataSet({
    ...{ format: "coco", tags, sequences: [first, second] },
    ...{ out, force: true, ...options },
  });
  const text = await Deno.readTextFile(`${out}/snapshot.json`);
  return { text, snapshot: parseSnapshot(text) };
}

Deno.test(
  "makeSnapshot() gives the same bytes on another day, and the same labels in every format",
  inFolder(async (folder) => {
    const { text, snapshot } = await snapshotOf(`${folder}/a`, {
      date: new Date("2026-01-02"),
    });
    const again = await snapshotOf(`${folder}/b`, {
      date: new Date("2027-03-04"),
    });
    equal(again.text, text);
    for (const format of exportFormats) {
      const other = (await snapshotOf(`${folder}/c`, { format })).snapshot;
      const known = ({ images }: DataSetSnapshot) =>
        images.map(({ file: _, ...image }) => image);
      deepEqual(known(other), known(snapshot));
      const { formatChanged, relabelled } = diffSnapshots(snapshot, other);
      deepEqual([formatChanged, relabelled], [format !== "coco", []]);
    }
  }),
);

Deno.test(
  "diffSnapshots() finds nothing in the same and each thing that changed",
  inFolder(async (folder) => {
    const { snapshot: before } = await snapshotOf(`${folder}/a`);
    equal(diffSnapshots(before, before).same, true);
    equal(differenceText(diffSnapshots(before, before)), "no difference\n");

    const changed = madeSequence(1, [{ 1: dot, 2: dot }, {}], {
      ...{ size, patient: "A" },
    });
    const added = madeSequence(3, [{}], { size, patient: "B" });
    const { snapshot: after } = await snapshotOf(`${folder}/b`, {
      sequences: [changed, added],
      tags: [{ ...tags[0], name: "adenoma" }, tags[1], {
        ...{ code: "x", name: "x", category: "finding", classNumber: 7 },
      }],
    });
    const difference = diffSnapshots(before, after);
    deepEqual(difference, {
      same: false,
      added: ["clip-3_00000"],
      removed: ["clip-2_00000"],
      repainted: [],
      moved: [],
      relabelled: [
        { image: "clip-1_00000", added: [2], removed: [], changed: [1] },
        { image: "clip-1_00001", added: [], removed: [2], changed: [] },
      ],
      classes: {
        added: [7],
        removed: [],
        renamed: [{ number: 0, from: "polyp (f1)", to: "adenoma (f1)" }],
      },
      splitChanged: false,
      formatChanged: false,
      certificateChanged: true,
    });
    deepEqual(differenceText(difference).split("\n"), [
      "+ image clip-3_00000",
      "- image clip-2_00000",
      "~ labels of clip-1_00000: +2 ~1",
      "~ labels of clip-1_00001: -2",
      "+ class 7",
      "~ class 0 from polyp (f1) to adenoma (f1)",
      "~ certificate",
      "",
    ]);
  }),
);

Deno.test(
  "diffSnapshots() finds images in another part and with other pixels",
  inFolder(async (folder) => {
    const { snapshot: before } = await snapshotOf(`${folder}/a`);
    const other = madeSequence(2, [{ 1: disc }], {
      ...{ size, patient: "A", seed: 77 },
    });
    const { snapshot: after } = await snapshotOf(`${folder}/b`, {
      sequences: [first, other],
    });
    const { moved, repainted, relabelled } = diffSnapshots(before, after);
    deepEqual(moved, [{ image: "clip-2_00000", from: "val", to: "train" }]);
    deepEqual(repainted, ["clip-2_00000"]);
    deepEqual(relabelled, []);
    notEqual(before.certificateSha256, after.certificateSha256);
  }),
);

Deno.test(
  "readSnapshot() reads a folder or the file, and says what it is not",
  inFolder(async (folder) => {
    const { snapshot } = await snapshotOf(`${folder}/a`);
    deepEqual(await readSnapshot(`${folder}/a`), snapshot);
    deepEqual(await readSnapshot(`${folder}/a/snapshot.json`), snapshot);
    await rejects(readSnapshot(folder), /Expected an export/);
    throws(() => parseSnapshot("{}"), { name: "SyntaxError" });
    throws(() => parseSnapshot("{"), { name: "SyntaxError" });
    ok(snapshot.images.every(({ sha256 }) => sha256.length === 64));
  }),
);
