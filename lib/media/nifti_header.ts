// The header of a NIfTI file, as far as ITK's reader leaves it to others.
//
// ITK fills what a cut-off file lacks with zeros and does not read NIfTI-2. So
// the promised length is compared with the file's, and a NIfTI-2 header is
// written anew as NIfTI-1, which says the same in smaller numbers. Byte offsets
// follow nifti1.h and nifti2.h of nifti.nimh.nih.gov. Values, scaling and
// orientation are ITK's work.

/** What is checked before ITK reads the file. */
export type NiftiHeader = {
  readonly version: 1 | 2;
  readonly isLittleEndian: boolean;
  /** Number of dimensions, then their sizes. */
  readonly dims: readonly number[];
  readonly bitsPerVoxel: number;
  /** Where the voxels begin. */
  readonly offset: number;
};

const headerBytes = { 1: 348, 2: 540 } as const;
const dataBytes = 352; // where voxels begin in a NIfTI-1 file without extensions

/**
 * Parses the header of an unpacked NIfTI file.
 *
 * @throws RangeError when it is none, holds more than one value for each voxel
 * of one volume, or the file is shorter than it promises
 */
export function parseNiftiHeader(bytes: Uint8Array): NiftiHeader {
  const header = findHeader(bytes);
  if (!header) {
    throw new RangeError(
      `it has no NIfTI header: expected 348 or 540 as its first number and the mark n+1 or n+2`,
    );
  }
  const { dims, bitsPerVoxel, offset } = header;
  const [rank, ...sizes] = dims;
  const used = sizes.slice(0, rank);
  if (rank < 1 || rank > 7 || used.some((size) => size < 1)) {
    throw new RangeError(`it holds no image: its dimensions are ${dims}`);
  }
  const [, , , series = 1, vector = 1] = used;
  if (series > 1) throw new RangeError(`it is a series of ${series} volumes`);
  if (vector > 1) throw new RangeError(`it has ${vector} values a voxel`);
  const voxels = used.reduce((product, size) => product * size, 1);
  const expected = offset + Math.ceil(voxels * bitsPerVoxel / 8);
  if (bytes.length < expected) {
    throw new RangeError(
      `it is cut off: ${bytes.length} bytes, expected ${expected} for ${
        used.join("x")
      } voxels of ${bitsPerVoxel} bits`,
    );
  }
  return header;
}

/**
 * Writes a NIfTI-2 file as NIfTI-1, voxels unchanged.
 *
 * @throws RangeError for sides that NIfTI-1 cannot count
 */
export function toNifti1(
  bytes: Uint8Array,
  { dims, isLittleEndian, offset }: NiftiHeader,
): Uint8Array {
  if (dims.some((size) => size > 32767)) {
    throw new RangeError(
      `its sides are ${dims.slice(1)}, expected up to 32767`,
    );
  }
  const from = viewOf(bytes);
  const packed = new Uint8Array(dataBytes + bytes.length - offset);
  const to = viewOf(packed);
  const little = isLittleEndian;
  to.setInt32(0, headerBytes[1], little);
  for (let i = 0; i < 8; i++) {
    to.setInt16(40 + 2 * i, dims[i], little);
    to.setFloat32(76 + 4 * i, from.getFloat64(104 + 8 * i, little), little); // pixdim
  }
  to.setInt16(70, from.getInt16(12, little), little); // datatype
  to.setInt16(72, from.getInt16(14, little), little); // bitpix
  to.setFloat32(108, dataBytes, little);
  to.setFloat32(112, from.getFloat64(176, little), little); // scl_slope
  to.setFloat32(116, from.getFloat64(184, little), little); // scl_inter
  packed[123] = from.getInt32(500, little); // xyzt_units
  to.setInt16(68, from.getInt32(504, little), little); // intent_code
  to.setInt16(252, from.getInt32(344, little), little); // qform_code
  to.setInt16(254, from.getInt32(348, little), little); // sform_code
  for (let i = 0; i < 18; i++) { // quaternion, its offset, three rows of the matrix
    to.setFloat32(256 + 4 * i, from.getFloat64(352 + 8 * i, little), little);
  }
  packed.set([0x6e, 0x2b, 0x31, 0], 344); // "n+1"
  packed.set(bytes.subarray(offset), dataBytes);
  return packed;
}

function findHeader(bytes: Uint8Array): NiftiHeader | undefined {
  const view = viewOf(bytes);
  for (const version of [1, 2] as const) {
    const length = headerBytes[version];
    if (bytes.length < length) continue;
    for (const isLittleEndian of [true, false]) {
      if (view.getInt32(0, isLittleEndian) !== length) continue;
      const mark = bytes.subarray(version === 1 ? 344 : 4);
      if (mark[0] !== 0x6e || mark[1] !== 0x2b) return undefined; // "n+"
      return version === 1
        ? readFirst(view, isLittleEndian)
        : readSecond(view, isLittleEndian);
    }
  }
  return undefined;
}

function readFirst(view: DataView, isLittleEndian: boolean): NiftiHeader {
  return {
    version: 1,
    isLittleEndian,
    dims: eight((i) => view.getInt16(40 + 2 * i, isLittleEndian)),
    bitsPerVoxel: view.getInt16(72, isLittleEndian),
    offset: view.getFloat32(108, isLittleEndian),
  };
}

function readSecond(view: DataView, isLittleEndian: boolean): NiftiHeader {
  return {
    version: 2,
    isLittleEndian,
    dims: eight((i) => Number(view.getBigInt64(16 + 8 * i, isLittleEndian))),
    bitsPerVoxel: view.getInt16(14, isLittleEndian),
    offset: Number(view.getBigInt64(168, isLittleEndian)),
  };
}

function eight(read: (i: number) => number): number[] {
  return Array.from({ length: 8 }, (_, i) => read(i));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
