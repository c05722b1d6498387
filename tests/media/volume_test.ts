import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { openFrames } from "medannotate";
import { parseNiftiHeader } from "../../lib/media/nifti_header.ts";
import { readVolume } from "../../lib/media/read_volume.ts";
import { openVolume, windowOf } from "../../lib/media/volume.ts";
import { stackSlices, thickestAxis } from "../../lib/media/volume_slices.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import {
  joined,
  type MadeVolume,
  nifti1,
  nifti2,
  nrrdData,
  nrrdHeader,
} from "./made_volume.ts";
import { inFolder } from "./temporary_folder.ts";

/** 4 columns, 3 rows, 2 slices; the value of a voxel is its place. */
const made: MadeVolume = {
  dims: [4, 3, 2],
  values: Array.from({ length: 24 }, (_, i) => i),
  spacingMm: [1, 2, 3],
};
const sharedPath = (path: string) =>
  new URL(`data/${path}`, sharedUrl).pathname;

/** Runs a test on files in a folder. */
function withFiles(
  files: Readonly<Record<string, Uint8Array>>,
  test: (folder: string) => Promise<void>,
) {
  return inFolder(async (folder) => {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await test(folder);
  });
}

Deno.test(
  "readVolume() reads NIfTI of both versions and byte orders, packed or not, and NRRD",
  withFiles({
    "a.nii": nifti1(made),
    "b.nii": nifti1({ ...made, isLittleEndian: false }),
    "c.nii": nifti2(made),
    "d e.nii": nifti2({ ...made, isLittleEndian: false }),
    "f.nii.gz": gzipSync(nifti1(made)),
    "g.nii.gz": gzipSync(nifti2(made)),
    "h.nrrd": joined(nrrdHeader(made), nrrdData(made)),
    "i.nhdr": joined(nrrdHeader(made, "i.raw"), new Uint8Array()),
    "i.raw": nrrdData(made),
  }, async (folder) => {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    for (const name of names.filter((name) => !name.endsWith(".raw"))) {
      const volume = await readVolume(`${folder}/${name}`);
      deepEqual([...volume.data], made.values, name);
      deepEqual(volume.size, [4, 3, 2], name);
      deepEqual(volume.spacingMm, [1, 2, 3], name);
    }
  }),
);

Deno.test(
  "readVolume() scales values by slope and intercept",
  withFiles({
    "a.nii": nifti1({ ...made, slope: 2, intercept: -5 }),
    "b.nii": nifti2({ ...made, slope: 2, intercept: -5 }),
  }, async (folder) => {
    for (const name of ["a.nii", "b.nii"]) {
      const { data } = await readVolume(`${folder}/${name}`);
      deepEqual([...data.slice(0, 3)], [-5, -3, -1]); // 2 · 0 - 5, 2 · 1 - 5, …
    }
  }),
);

Deno.test(
  "readVolume() says what is wrong with a file",
  withFiles({
    "cut.nii": nifti1(made).subarray(0, 380),
    "cut.nii.gz": gzipSync(nifti1(made)).subarray(0, 60),
    "empty.nii": new Uint8Array(),
    "zero.nii": nifti1({ ...made, dims: [4, 0, 2] }),
    "series.nii": nifti1({ ...made, dims: [4, 3, 1, 2] }),
    "cut.nrrd": joined(nrrdHeader(made), nrrdData(made).subarray(0, 20)),
    "gone.nhdr": joined(nrrdHeader(made, "gone.raw"), new Uint8Array()),
    "text.nrrd": new TextEncoder().encode("hello"),
  }, async (folder) => {
    const expected = {
      "cut.nii": /cut off: 380 bytes, expected 400 for 4x3x2/, // 352 + 24 · 2
      "cut.nii.gz": /unexpected end/,
      "empty.nii": /no NIfTI header/,
      "zero.nii": /holds no image/,
      "series.nii": /series of 2 volumes/,
      "cut.nrrd": /cut off: 20 bytes of voxels, expected 48/,
      "gone.nhdr": /gone\.raw is not there/,
      "text.nrrd": /no NRRD header/,
      "none.nii": /no such file/,
    };
    for (const [name, message] of Object.entries(expected)) {
      await rejects(readVolume(`${folder}/${name}`), (error: Error) => {
        match(error.message, message);
        ok(error.message.includes(`${folder}/${name}`), "names the file");
        return true;
      });
    }
  }),
);

Deno.test("parseNiftiHeader() finds where voxels begin", () => {
  equal(parseNiftiHeader(nifti1(made)).offset, 352);
  equal(parseNiftiHeader(nifti2(made)).offset, 544);
});

const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const small = {
  source: "",
  size: [2, 2, 2],
  spacingMm: [1, 1, 1],
  direction: identity,
  data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7), // x + 2 y + 4 z
} as const;

Deno.test("stackSlices() cuts across each axis, right on the left and head at the top", () => {
  // x points left, y back, z to the head already
  deepEqual([...stackSlices(small, "z").read(0)], [0, 1, 2, 3]);
  deepEqual([...stackSlices(small, "z").read(1)], [4, 5, 6, 7]);
  deepEqual([...stackSlices(small, "y").read(0)], [4, 5, 0, 1]); // head first
  deepEqual([...stackSlices(small, "x").read(1)], [5, 7, 1, 3]);
});

Deno.test("stackSlices() turns a volume that is stored in another direction", () => {
  // the file runs back to front, left to right, head to feet
  const direction = [0, -1, 0, -1, 0, 0, 0, 0, -1];
  const { read, count } = stackSlices({ ...small, direction }, "z");
  equal(count, 2);
  // feet are z 1; right is y 1, front is x 1: 1 + 2 + 4, then left, then back
  deepEqual([...read(0)], [7, 5, 6, 4]);
});

Deno.test("thickestAxis() takes the longest voxels, and z where none is longer", () => {
  equal(thickestAxis(small), "z");
  equal(thickestAxis({ ...small, spacingMm: [1, 5, 1] }), "y");
  equal(thickestAxis({ ...small, spacingMm: [5, 1, 1] }), "x");
  // the file's first axis runs from front to back
  const direction = [0, 1, 0, 1, 0, 0, 0, 0, 1];
  equal(thickestAxis({ ...small, direction, spacingMm: [5, 1, 1] }), "y");
});

Deno.test("windowOf() leaves a two-hundredth out at both ends", () => {
  const data = Float32Array.from({ length: 1001 }, (_, i) => i);
  data[1000] = 1e6;
  // 0.005 · 1000 = 5 and 0.995 · 1000 = 995
  deepEqual(windowOf({ ...small, data }), { level: 500, width: 990 });
  deepEqual(windowOf({ ...small, data: Float32Array.of(NaN, 3, 3) }), {
    level: 3,
    width: 1,
  });
});

Deno.test(
  "openVolume() gives grey slices and tells axis, spacing and window",
  withFiles({ "a.nii": nifti1(made) }, async (folder) => {
    const window = { level: 6, width: 12 };
    const frames = await openVolume(`${folder}/a.nii`, { axis: "z", window });
    equal(frames.kind, "volume");
    deepEqual(frames.size, { width: 4, height: 3 });
    equal(frames.count, 2);
    deepEqual(frames.volume, {
      axis: "z",
      spacingMm: { row: 1, column: 2, slice: 3 },
      ...window,
    });
    const { data } = await frames.read(0);
    // 0 is black, 6 is 0.5 · 255 = 127.5 rounded up
    deepEqual([data[0], data[3 * 6], data[3 * 11]], [0, 128, 234]);
    deepEqual(new Set((await frames.read(1)).data), new Set([255])); // 12 to 23
    await rejects(frames.read(2), /frames are 0 to 1/);
    const again = await frames.again();
    await frames.close();
    await rejects(frames.read(0), /is closed/);
    deepEqual((await again.read(0)).data, data);
    await rejects(
      openVolume(`${folder}/a.nii`, { window: { level: 0, width: 0 } }),
      RangeError,
    );
  }),
);

Deno.test(
  "openFrames() opens a volume across its thickest slices, and refuses an axis for anything else",
  withFiles({ "a.nii": nifti1(made) }, async (folder) => {
    const frames = await openFrames(`${folder}/a.nii`);
    equal(frames.volume?.axis, "z");
    const across = await openFrames(`${folder}/a.nii`, {
      volume: { axis: "x" },
    });
    deepEqual([across.count, across.size], [4, { width: 3, height: 2 }]);
    await rejects(
      openFrames(folder, { volume: { axis: "x" } }),
      /it is no volume/,
    );
  }),
);

sharedTest(
  "readVolume() agrees over both byte orders of one real volume",
  async () => {
    const big = await readVolume(sharedPath("nifti-readerjs/big.nii.gz"));
    const little = await readVolume(sharedPath("nifti-readerjs/little.nii.gz"));
    deepEqual(big.data, little.data);
    deepEqual(big.size, [64, 64, 21]);
  },
);

sharedTest("readVolume() reads NIfTI-2 as it reads NIfTI-1", async () => {
  const folder = "nifti-readerjs/avg152T1_LR_nifti";
  const first = await readVolume(sharedPath(`${folder}.nii.gz`));
  const second = await readVolume(sharedPath(`${folder}2.nii.gz`));
  deepEqual(second.size, first.size);
  deepEqual(second.direction, first.direction);
  const differing = first.data.findIndex((v, i) =>
    Math.abs(v - second.data[i]) > 0.5 // one is rounded to whole numbers
  );
  equal(differing, -1);
});

sharedTest("readVolume() refuses vectors and what is no NIfTI", async () => {
  const at = (name: string) => sharedPath(`nifti-readerjs/${name}`);
  await rejects(readVolume(at("5D_small.nii")), /3 values a voxel/);
  await rejects(readVolume(at("not-nifti.nii")), /no NIfTI header/);
});

sharedTest(
  "openVolume() turns CT slices that are stored feet up, rows to the left",
  async () => {
    const folder = sharedPath("medsam2-recist/");
    const name = "CT_Lesion_000001_02_01_008-023_img.nii.gz";
    const frames = await openVolume(folder + name);
    deepEqual(frames.volume?.spacingMm.slice, 5);
    equal(frames.count, 16);
    const { data, size: [columns, rows, slices] } = await readVolume(
      folder + name,
    );
    const { level, width } = frames.volume ?? { level: 0, width: 1 };
    const grey = (value: number) =>
      Math.round(255 * Math.min(Math.max((value - level) / width + 0.5, 0), 1));
    // the file's columns run from front to back, its rows from right to left, its
    // slices from head to feet
    const image = await frames.read(3);
    for (const [x, y] of [[100, 200], [250, 260], [300, 33]]) {
      const voxel = y + columns * (x + rows * (slices - 1 - 3));
      equal(image.data[3 * (y * 512 + x)], grey(data[voxel]));
    }
  },
);
