// detections.jsonl: what was found, one line for each frame.
//
// The file grows while detection runs and is never rewritten, so that whatever
// ends the run, the lines that are whole count. Numbers are rounded once, when
// a line is made, and everything later (tracks, pictures, tables) is computed
// from the rounded ones: a run that was resumed then ends with the same bytes.

import { z } from "zod";
import { decodeCounts, encodeCounts } from "../../masks/rle.ts";
import { rleAreaPx } from "../../masks/rle.ts";
import { writeCsv } from "../../formats/csv.ts";
import type { Size } from "../../base/tensor.ts";
import type { Detection } from "../../yolo/detection.ts";

const ObjectShape = z.object({
  /** x0, y0, x1, y1 in pixels of the frame. */
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly(),
  /** 0..1 */
  confidence: z.number(),
  /** Class number of the model. */
  class: z.int().nonnegative(),
  /** Class name. */
  name: z.string(),
  /** Identity over the frames, from 1. */
  track: z.int().positive().optional(),
  /** Compressed run lengths, as COCO has them. */
  rle: z.object({
    size: z.tuple([z.int().positive(), z.int().positive()]).readonly(),
    counts: z.string(),
  }).readonly().optional(),
}).readonly();
/** One object of a line. */
export type FoundObject = z.infer<typeof ObjectShape>;

const LineShape = z.object({
  frame: z.int().nonnegative(),
  /** File name in a folder; empty in a video. */
  name: z.string(),
  /** Presentation time; null where the source has no times. */
  timeMs: z.number().nullable(),
  /** Width and height. */
  size: z.tuple([z.int().positive(), z.int().positive()]).readonly(),
  detections: z.array(ObjectShape).readonly(),
}).readonly();
/** What was found on a frame. */
export type DetectionLine = z.infer<typeof LineShape>;

/** Which frame a line is of. */
export type LinePlace = {
  readonly frame: number;
  readonly name: string;
  readonly timeMs: number | null;
  readonly size: Size;
};

/** Makes a line: boxes to a thousandth of a pixel, scores to five decimals. */
export function lineOf(
  { frame, name, timeMs, size: { width, height } }: LinePlace,
  detections: readonly Detection[],
  classNames: readonly string[],
): DetectionLine {
  return {
    frame,
    name,
    timeMs: timeMs === null ? null : rounded(timeMs, 1e3),
    size: [width, height],
    detections: detections.map(({ box, confidence, classNumber, mask }) => ({
      box: [box.x0, box.y0, box.x1, box.y1]
        .map((side) => rounded(side, 1e3)) as unknown as FoundObject["box"],
      confidence: rounded(confidence, 1e5),
      class: classNumber,
      name: classNames[classNumber],
      ...(mask && {
        rle: { size: mask.size, counts: encodeCounts(mask.counts) },
      }),
    })),
  };
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}

/** An object of a line as a detection. */
export function detectionOf(
  { box: [x0, y0, x1, y1], confidence, class: classNumber, rle }: FoundObject,
): Detection {
  const found = { box: { x0, y0, x1, y1 }, confidence, classNumber };
  if (!rle) return found;
  return {
    ...found,
    mask: { size: rle.size, counts: decodeCounts(rle.counts) },
  };
}

/** Reads the lines of a file one by one; a last line that is not whole is left out. */
export async function* readDetectionLines(
  path: string,
): AsyncGenerator<DetectionLine> {
  let number = 0;
  for await (const { text } of readWholeLines(path)) {
    yield parseLine(text, path, ++number);
  }
}

function parseLine(text: string, path: string, number: number): DetectionLine {
  try {
    return LineShape.parse(JSON.parse(text));
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${path}: line ${number} is none of detections.jsonl`,
      { cause: error },
    );
  }
}

/** Lines that end, with where they end; memory does not grow with the file. */
export async function* readWholeLines(
  path: string,
): AsyncGenerator<{ readonly text: string; readonly end: number }> {
  const file = await Deno.open(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (!file) return;
  let end = 0;
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of file.readable) {
    let bytes = joined(rest, chunk);
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10)) {
      end += at + 1;
      yield { text: new TextDecoder().decode(bytes.subarray(0, at)), end };
      bytes = bytes.subarray(at + 1);
    }
    rest = bytes;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** A file of JSON lines that grows. */
export type GrowingLines = {
  /** Lines that were there already. */
  readonly before: number;
  append(value: unknown): Promise<void>;
  close(): void;
};

/**
 * Opens a file to go on with; what stands after its last whole line is cut off.
 *
 * @throws Error while somebody else has it open so
 */
export async function openLines(path: string): Promise<GrowingLines> {
  const file = await Deno.open(path, { create: true, write: true });
  if (!await file.tryLock(true)) {
    file.close();
    throw new Error(
      `Cannot write to ${path}: another run is writing to it. Expected that it ends first`,
    );
  }
  let before = 0;
  let end = 0;
  for await (const line of readWholeLines(path)) {
    before++;
    end = line.end;
  }
  await file.truncate(end);
  await file.seek(end, Deno.SeekMode.Start);
  return {
    before,
    append: async (value) => {
      const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
      let done = 0;
      while (done < bytes.length) {
        done += await file.write(bytes.subarray(done));
      }
    },
    close: () => file.close(),
  };
}

const header = [
  "frame",
  "name",
  "time_ms",
  "class",
  "class_name",
  "confidence",
  "x0",
  "y0",
  "x1",
  "y1",
  "track",
  "mask_area_px",
];

/** Writes the lines as a table with a row for each object, whole or not at all. */
export async function writeDetectionTable(
  path: string,
  lines: AsyncIterable<DetectionLine>,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const file = await Deno.open(temporary, { createNew: true, write: true });
  const writer = file.writable.getWriter();
  const write = (rows: readonly (readonly string[])[]) =>
    writer.write(new TextEncoder().encode(writeCsv(rows)));
  try {
    await write([header]);
    for await (const line of lines) await write(rowsOf(line));
    await writer.close();
    await Deno.rename(temporary, path);
  } catch (error) {
    await writer.abort().catch(() => {}); // the first error tells more
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

function rowsOf({ frame, name, timeMs, detections }: DetectionLine) {
  return detections.map((found) => {
    const { confidence, class: classNumber, box, track } = found;
    const { mask } = detectionOf(found);
    return [
      frame,
      name,
      timeMs ?? "",
      classNumber,
      found.name,
      confidence,
      ...box,
      track ?? "",
      mask ? rleAreaPx(mask) : "",
    ].map(String);
  });
}
