// Small volumes as files, written byte by byte as the formats say.

/** What a test volume is made of. */
export type MadeVolume = {
  readonly dims: readonly number[];
  readonly values: readonly number[];
  readonly spacingMm?: readonly number[];
  /** Rows of the matrix to right-anterior-superior millimetres, `[3, 4]`. */
  readonly matrix?: readonly number[];
  readonly slope?: number;
  readonly intercept?: number;
  readonly isLittleEndian?: boolean;
};

const int16 = 4;

/** A NIfTI-1 file of 16-bit values. */
export function nifti1(
  {
    dims,
    values,
    spacingMm = [1, 1, 1],
    matrix,
    slope = 1,
    intercept = 0,
    isLittleEndian: little = true,
  }: MadeVolume,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(352 + 2 * values.length));
  view.setInt32(0, 348, little);
  const shape = [dims.length, ...dims, 1, 1, 1, 1, 1, 1].slice(0, 8);
  shape.forEach((size, i) => view.setInt16(40 + 2 * i, size, little));
  view.setInt16(70, int16, little);
  view.setInt16(72, 16, little);
  [1, ...spacingMm].forEach((mm, i) => view.setFloat32(76 + 4 * i, mm, little));
  view.setFloat32(108, 352, little);
  view.setFloat32(112, slope, little);
  view.setFloat32(116, intercept, little);
  if (matrix) {
    view.setInt16(254, 1, little); // sform_code
    matrix.forEach((value, i) => view.setFloat32(280 + 4 * i, value, little));
  }
  view.setUint32(344, 0x6e2b3100); // "n+1"
  values.forEach((value, i) => view.setInt16(352 + 2 * i, value, little));
  return new Uint8Array(view.buffer);
}

/** A NIfTI-2 file of 16-bit values. */
export function nifti2(
  {
    dims,
    values,
    spacingMm = [1, 1, 1],
    matrix,
    slope = 1,
    intercept = 0,
    isLittleEndian: little = true,
  }: MadeVolume,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(544 + 2 * values.length));
  view.setInt32(0, 540, little);
  view.setUint32(4, 0x6e2b3200); // "n+2"
  view.setUint32(8, 0x0d0a1a0a);
  view.setInt16(12, int16, little);
  view.setInt16(14, 16, little);
  const shape = [dims.length, ...dims, 1, 1, 1, 1, 1, 1].slice(0, 8);
  shape.forEach((size, i) =>
    view.setBigInt64(16 + 8 * i, BigInt(size), little)
  );
  [1, ...spacingMm].forEach((mm, i) =>
    view.setFloat64(104 + 8 * i, mm, little)
  );
  view.setBigInt64(168, 544n, little);
  view.setFloat64(176, slope, little);
  view.setFloat64(184, intercept, little);
  if (matrix) {
    view.setInt32(348, 1, little); // sform_code
    matrix.forEach((value, i) => view.setFloat64(400 + 8 * i, value, little));
  }
  values.forEach((value, i) => view.setInt16(544 + 2 * i, value, little));
  return new Uint8Array(view.buffer);
}

/** The header of an NRRD file of 16-bit values; the data follows, or lies in a file. */
export function nrrdHeader(
  { dims, spacingMm = [1, 1, 1] }: MadeVolume,
  dataFile?: string,
): string {
  const axes = spacingMm.map((mm, i) =>
    `(${[0, 1, 2].map((axis) => axis === i ? mm : 0).join(",")})`
  );
  return [
    "NRRD0004",
    "type: short",
    `dimension: ${dims.length}`,
    "space: left-posterior-superior",
    `sizes: ${dims.join(" ")}`,
    `space directions: ${axes.join(" ")}`,
    "kinds: domain domain domain",
    "endian: little",
    "encoding: raw",
    ...(dataFile ? [`data file: ${dataFile}`] : []),
    "",
    "",
  ].join("\n");
}

/** The voxels of an NRRD file. */
export function nrrdData({ values }: MadeVolume): Uint8Array {
  return new Uint8Array(Int16Array.from(values).buffer);
}

/** Bytes behind a text. */
export function joined(text: string, bytes: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(text);
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}
