// A volume from a file: NIfTI (.nii, .nii.gz) and NRRD (.nrrd, .nhdr).
//
// ITK reads them (@itk-wasm/image-io, Apache-2.0, WebAssembly that comes with
// the package), so scaling, byte order and orientation are those of every tool
// that is built on ITK. Broken files are refused: ITK itself would fill up a
// cut-off one. Colour, vectors and series of volumes are refused too.

import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { parseNiftiHeader, toNifti1 } from "./nifti_header.ts";
import { checkNrrd } from "./nrrd_header.ts";

/** Values of voxels as the file has them. */
export type VoxelArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A volume of one value for each voxel, in the order of its file. */
export type Volume = {
  /** Absolute path. */
  readonly source: string;
  /** Voxels along the three axes of the file; the first one changes fastest. */
  readonly size: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  /**
   * Where the axes point, `[3, 3]`: row x, y, z to the patient's left, back and
   * head, column the axis of the file.
   */
  readonly direction: readonly number[];
  readonly data: VoxelArray;
};

/** File name endings that are read as volumes. */
export const VOLUME_ENDINGS: readonly string[] = [
  ".nii",
  ".nii.gz",
  ".nrrd",
  ".nhdr",
];

/** Whether a file name is that of a volume; hidden files are not. */
export function isVolume(name: string): boolean {
  const lower = name.toLowerCase();
  return !name.startsWith(".") &&
    VOLUME_ENDINGS.some((ending) => lower.endsWith(ending));
}

/**
 * Reads a volume whole.
 *
 * @throws Error naming the file and what is wrong with it
 */
export async function readVolume(path: string): Promise<Volume> {
  const source = resolve(path);
  try {
    const found = await stat(source).catch(() => undefined);
    if (!found?.isFile()) throw new Error("there is no such file");
    const isNrrd = /\.n(rrd|hdr)$/i.test(source);
    const image = isNrrd ? await readNrrd(source) : await readNifti(source);
    return toVolume(source, image);
  } catch (cause) {
    throw new Error(
      `Cannot read volume ${source}: ${messageOf(cause)}. ` +
        `Expected a complete NIfTI or NRRD file with one value for each voxel of one volume`,
      { cause },
    );
  }
}

const Voxels = z.union([
  z.instanceof(Uint8Array),
  z.instanceof(Int8Array),
  z.instanceof(Uint16Array),
  z.instanceof(Int16Array),
  z.instanceof(Uint32Array),
  z.instanceof(Int32Array),
  z.instanceof(Float32Array),
  z.instanceof(Float64Array),
  z.union([z.instanceof(BigInt64Array), z.instanceof(BigUint64Array)])
    .transform((whole) => Float64Array.from(whole, Number)),
]);

const ItkImage = z.object({
  imageType: z.object({ dimension: z.int(), components: z.int() }),
  size: z.array(z.int().positive()),
  spacing: z.array(z.number()),
  direction: z.instanceof(Float64Array),
  data: Voxels,
});
type ItkImage = z.infer<typeof ItkImage>;

const ItkAnswer = z.object({ couldRead: z.literal(true), image: ItkImage });

async function readNrrd(source: string): Promise<ItkImage> {
  const { nrrdReadImageNode } = await import("@itk-wasm/image-io");
  await checkNrrd(source);
  return await asked(() => nrrdReadImageNode(source));
}

async function readNifti(source: string): Promise<ItkImage> {
  const { niftiReadImageNode } = await import("@itk-wasm/image-io");
  const bytes = await readUnpacked(source);
  const header = parseNiftiHeader(bytes);
  if (header.version === 1) {
    return await asked(() => niftiReadImageNode(source));
  }
  const folder = await mkdtemp(join(tmpdir(), "medannotate-"));
  try {
    const path = join(folder, "volume.nii");
    await writeFile(path, toNifti1(bytes, header));
    return await asked(() => niftiReadImageNode(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readUnpacked(source: string): Promise<Uint8Array> {
  const bytes = await readFile(source);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isPacked ? gunzipSync(bytes) : bytes;
}

/** ITK's answer; what it throws without words is given some. */
async function asked(read: () => Promise<unknown>): Promise<ItkImage> {
  const answer = await read().catch((cause) => {
    const words = cause instanceof TypeError ? "" : messageOf(cause).trim();
    const isCode = /^\d*$/.test(words); // the address of a C++ exception
    throw new Error(isCode ? "ITK cannot read it" : `ITK says: ${words}`, {
      cause,
    });
  });
  const parsed = ItkAnswer.safeParse(answer);
  if (!parsed.success) throw new Error("it holds no image that ITK can read");
  return parsed.data.image;
}

function toVolume(source: string, image: ItkImage): Volume {
  const { imageType: { dimension, components }, size, spacing, data } = image;
  if (components !== 1) {
    throw new Error(`it has ${components} values a voxel`);
  }
  const series = size.slice(3).reduce((product, n) => product * n, 1);
  if (series > 1) throw new Error(`it is a series of ${series} volumes`);
  if (dimension < 2) throw new Error(`it has ${dimension} dimension`);
  const voxels = size.reduce((product, n) => product * n, 1);
  if (data.length !== voxels) {
    throw new Error(
      `it has ${data.length} voxels, ${size.join("x")} promise ${voxels}`,
    );
  }
  const [columns, rows, slices = 1] = size;
  const at = (row: number, column: number) =>
    row < dimension && column < dimension
      ? image.direction[row * dimension + column]
      : Number(row === column);
  return {
    source,
    size: [columns, rows, slices],
    spacingMm: [spacing[0], spacing[1], spacing[2] ?? 1],
    direction: [0, 1, 2].flatMap((row) => [0, 1, 2].map((c) => at(row, c))),
    data,
  };
}
