// The header of an NRRD file, as far as it tells whether the voxels are all there.
//
// ITK's reader refuses a cut-off file without saying why. Fields follow
// teem.sourceforge.net/nrrd/format.html; a voxel file that is named by a pattern
// or a list is left to ITK, and so are encodings that are not raw or gzip.

import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { gunzipSync } from "node:zlib";

const bytesOf: readonly (readonly [pattern: RegExp, bytes: number])[] = [
  [/^(signed char|int8(_t)?|uchar|unsigned char|uint8(_t)?)$/, 1],
  [/^(u?short|(signed |unsigned )?short( int)?|u?int16(_t)?)$/, 2],
  [/^(u?int|(signed |unsigned )int|u?int32(_t)?|float)$/, 4],
  [/^(u?longlong|(signed |unsigned )?long long( int)?|u?int64(_t)?)$/, 8],
  [/^double$/, 8],
];

/**
 * Reads an NRRD file as far as needed to see that its voxels are all there.
 *
 * @throws Error saying what is missing
 */
export async function checkNrrd(source: string): Promise<void> {
  const bytes = await readFile(source);
  const { fields, length } = parseHeader(bytes);
  const sizes = (fields.get("sizes") ?? "").split(/\s+/).map(Number);
  if (sizes.length === 0 || sizes.some((size) => !(size >= 1))) {
    throw new Error(`it holds no image: its sizes are ${fields.get("sizes")}`);
  }
  const type = fields.get("type") ?? "";
  const voxelBytes = bytesOf.find(([pattern]) => pattern.test(type))?.[1];
  const encoding = fields.get("encoding") ?? "raw";
  const file = fields.get("data file") ?? fields.get("datafile");
  const isPattern = file !== undefined && (/%|^list\b/i).test(file);
  const isKnown = /^(raw|gz|gzip)$/i.test(encoding);
  if (voxelBytes === undefined || isPattern || !isKnown) return;

  const data = file === undefined
    ? bytes.subarray(length)
    : await readData(source, file);
  const found = /^raw$/i.test(encoding) ? data : gunzipSync(data);
  const expected = sizes.reduce((product, n) => product * n, voxelBytes);
  if (found.length < expected) {
    throw new Error(
      `it is cut off: ${found.length} bytes of voxels, expected ${expected} for ${
        sizes.join("x")
      } of ${type}`,
    );
  }
}

async function readData(source: string, file: string): Promise<Uint8Array> {
  const path = isAbsolute(file) ? file : join(dirname(source), file);
  return await readFile(path).catch((cause) => {
    throw new Error(`its data file ${path} is not there`, { cause });
  });
}

/** The fields by name, in lower case, and where the header ends. */
function parseHeader(bytes: Uint8Array) {
  const decoder = new TextDecoder("latin1");
  const fields = new Map<string, string>();
  let at = 0;
  for (let line = 0; at < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline;
    const text = decoder.decode(bytes.subarray(at, end)).trimEnd();
    at = end + 1;
    if (line === 0 && !/^NRRD\d{4}$/.test(text)) break;
    if (text === "") return { fields, length: at };
    const [, name, value] = text.match(/^([^:#]+):\s(.*)$/) ?? [];
    if (name !== undefined) fields.set(name.toLowerCase(), value.trim());
  }
  // a header without voxels behind it may end with the file
  if (fields.size > 0) return { fields, length: bytes.length };
  throw new Error("it has no NRRD header: expected NRRD and four digits first");
}
