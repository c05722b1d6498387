// Reading a range of bytes of an open file, all of it or an error.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** An open file that is read by position. */
export type RandomAccessFile = {
  readonly path: string;
  readonly size: number;
  /** Reads `length` bytes at `offset`; throws RangeError when the file does not hold them. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
  close(): void;
};

/** Opens a file for reading by position. */
export function openForReading(path: string): RandomAccessFile {
  const handle = openSync(path, "r");
  const size = fstatSync(handle).size;
  const read = (offset: number, length: number) => {
    if (offset < 0 || length < 0 || offset + length > size) {
      throw new RangeError(
        `Cannot read ${path}: bytes ${offset} to ${
          offset + length
        } were asked, the file has ${size}`,
      );
    }
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(handle, bytes, done, length - done, offset + done);
      if (count === 0) {
        throw new RangeError(`Cannot read ${path}: it became shorter`);
      }
      done += count;
    }
    return bytes;
  };
  return { path, size, read, close: () => closeSync(handle) };
}
