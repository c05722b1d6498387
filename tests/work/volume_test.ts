import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  framesSha256,
  importSequence,
  openMemoryStore,
  openSequence,
  readTruth,
} from "medannotate";
import { openFrames } from "../../lib/media/open_frames.ts";
import { nifti1 } from "../media/made_volume.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../shared.ts";

const image = nifti1({
  dims: [4, 3, 2],
  values: Array.from({ length: 24 }, (_, i) => i),
  spacingMm: [1, 2, 3],
});

Deno.test(
  "importSequence() remembers the axis and window of a volume, so that it opens with the same frames",
  inFolder(async (folder) => {
    const path = `${folder}/a.nii`;
    await Deno.writeFile(path, image);
    const store = await openMemoryStore(`${folder}/store`);
    const volume = { axis: "x", window: { level: 5, width: 4 } } as const;
    const { sequence, frames } = await importSequence(store, path, { volume });
    equal(sequence.kind, "volume");
    equal(sequence.frameCount, 4);
    deepEqual(sequence.view, {
      axis: "x",
      spacingMm: { row: 2, column: 3, slice: 1 },
      level: 5,
      width: 4,
    });
    const again = await openSequence(store, sequence.id);
    for (const { index } of frames.infos) {
      equal(
        framesSha256(await again.frames.read(index)),
        framesSha256(await frames.read(index)),
      );
    }
    // seen otherwise it is another sequence, seen alike the same one
    const other = await importSequence(store, path);
    equal(other.sequence.view?.axis, "z");
    equal(other.sequence.id === sequence.id, false);
    const same = await importSequence(store, path, { volume });
    equal(same.sequence.id, sequence.id);
    for (const { frames } of [again, other, same]) await frames.close();
    await frames.close();
    await store.close();
  }),
);

Deno.test(
  "importSequence() follows a volume that lies elsewhere with other values but the same grey",
  inFolder(async (folder) => {
    const values = Array.from({ length: 24 }, (_, i) => i);
    const made = { dims: [4, 3, 2], values };
    await Deno.writeFile(`${folder}/a.nii`, nifti1(made));
    await Deno.writeFile(`${folder}/b.nii`, nifti1({ ...made, slope: 10 }));
    const store = await openMemoryStore(`${folder}/store`);
    const first = await importSequence(store, `${folder}/a.nii`);
    const second = await importSequence(store, `${folder}/b.nii`);
    equal(second.sequence.id, first.sequence.id);
    equal(second.sequence.view?.width, 10 * (first.sequence.view?.width ?? 0));
    const { frames } = await openSequence(store, first.sequence.id);
    equal(
      framesSha256(await frames.read(1)),
      framesSha256(await first.frames.read(1)),
    );
    for (const each of [first, second]) await each.frames.close();
    await frames.close();
    await store.close();
  }),
);

Deno.test(
  "readTruth() takes a label volume beside a volume, turned as that is",
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.nii`, image);
    const labels = [0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, ...Array(12).fill(0)];
    const made = { dims: [4, 3, 2], values: labels, spacingMm: [1, 2, 3] };
    await Deno.writeFile(`${folder}/label.nii`, nifti1(made));
    const frames = await openFrames(`${folder}/a.nii`, {
      volume: { axis: "z" },
    });
    const truth = await readTruth(`${folder}/label.nii`, frames);
    deepEqual(truth.objects, [1, 3]);
    deepEqual(truth.frames, [0, 1]);
    const inside = async (object: number, frame: number) => {
      const { data } = await truth.maskAt(object, frame);
      return [...data.keys()].filter((i) => data[i]);
    };
    deepEqual(await inside(3, 0), [2]);
    deepEqual(await inside(1, 0), [11]);
    deepEqual(await inside(1, 1), []);
    await frames.close();
  }),
);

Deno.test(
  "readTruth() refuses labels that do not fit the volume",
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.nii`, image);
    const frames = await openFrames(`${folder}/a.nii`);
    const write = async (dims: readonly number[], value: number) => {
      const values = [value, ...Array(23).fill(0)];
      const path = `${folder}/label.nii`;
      await Deno.writeFile(path, nifti1({ dims, values }));
      return path;
    };
    await rejects(
      readTruth(await write([3, 4, 2], 1), frames),
      /2 slices of 3x4 across z, the volume 2 of 4x3/,
    );
    await rejects(readTruth(await write([4, 3, 2], -1), frames), /value -1/);
    await rejects(
      readTruth(await write([4, 3, 2], 1), { ...frames, volume: undefined }),
      /the clip is none/,
    );
    await frames.close();
  }),
);

sharedTest(
  "readTruth() reads a real label volume, and refuses that of another scan",
  async () => {
    const at = (path: string) =>
      new URL(`data/msd-hippocampus/${path}`, sharedUrl).pathname;
    const name = "hippocampus_004.nii.gz";
    const frames = await openFrames(at(`dev/images/${name}`));
    const truth = await readTruth(at(`dev/labels/${name}`), frames);
    deepEqual(truth.objects, [1, 2]); // front and back
    equal(truth.frames.length, frames.count);
    const other = await openFrames(at("dev/images/hippocampus_042.nii.gz"));
    await rejects(readTruth(at(`dev/labels/${name}`), other), RangeError);
    await frames.close();
    await other.close();
  },
);
