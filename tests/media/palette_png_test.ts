import { deepEqual, equal, throws } from "node:assert/strict";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { decodePalettePng, encodePalettePng, type Rgb } from "medannotate";

const PALETTE: Rgb[] = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [0, 0, 128]];

Deno.test("encodePalettePng() keeps all 256 numbers, also with equal colours", () => {
  const data = Uint8Array.from({ length: 256 }, (_, i) => i);
  const image = { width: 16, height: 16, data };
  const palette = Array.from({ length: 256 }, (): Rgb => [9, 9, 9]);
  const png = encodePalettePng(image, palette);
  deepEqual(decodePalettePng(png), { image, palette });
});

Deno.test("encodePalettePng() writes what an image library shows in the right colours", async () => {
  const image = { width: 2, height: 2, data: Uint8Array.of(0, 1, 2, 3) };
  const png = encodePalettePng(image, PALETTE);
  const { data, info } = await sharp(png).raw()
    .toBuffer({ resolveWithObject: true });
  equal(info.channels, 3);
  deepEqual([...data], PALETTE.flat());
});

Deno.test("encodePalettePng() refuses a number without a colour", () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(4) };
  throws(() => encodePalettePng(image, PALETTE), /number is 4.*4 colours/);
});

Deno.test("decodePalettePng() undoes the five row filters", () => {
  const png = makePng({
    size: [3, 5],
    rows: [
      [0, 1, 2, 3], // as it is: 1 2 3
      [1, 1, 1, 1], // plus left: 1 2 3
      [2, 0, 1, 0], // plus above: 1 3 3
      [3, 1, 1, 0], // plus half of left and above: 1+0, 1+2, 0+3
      [4, 1, 0, 0], // plus the Paeth neighbour: 1+1, 0+3, 0+3
    ],
  });
  const { image } = decodePalettePng(png);
  deepEqual([...image.data], [
    ...[1, 2, 3],
    ...[1, 2, 3],
    ...[1, 3, 3],
    ...[1, 3, 3],
    ...[2, 3, 3],
  ]);
});

Deno.test("decodePalettePng() unpacks 1, 2 and 4 bits, the leftmost pixel highest", () => {
  const numbers = (depth: number, bytes: number[]) => [
    ...decodePalettePng(makePng({ size: [3, 1], depth, rows: [[0, ...bytes]] }))
      .image.data,
  ];
  deepEqual(numbers(1, [0b101_00000]), [1, 0, 1]);
  deepEqual(numbers(2, [0b11_00_10_00]), [3, 0, 2]);
  deepEqual(numbers(4, [0x31, 0x20]), [3, 1, 2]);
});

Deno.test("decodePalettePng() reads what an image library has written", async () => {
  const rgb = Uint8Array.from([1, 3, 2, 0].flatMap((i) => PALETTE[i]));
  const raw = { raw: { width: 4, height: 1, channels: 3 } } as const;
  const png = await sharp(rgb, raw).png({ palette: true, effort: 1 })
    .toBuffer();
  const { image, palette } = decodePalettePng(png);
  const shown = await sharp(png).raw().toBuffer(); // the library moves colours by 1
  deepEqual([...image.data].flatMap((i) => [...palette[i]]), [...shown]);
});

Deno.test("decodePalettePng() says what it refuses", async () => {
  const image = { width: 8, height: 8, data: new Uint8Array(64) };
  const png = encodePalettePng(image, PALETTE);
  const hurt = png.slice();
  hurt[45] ^= 1; // within the palette
  const raw = { raw: { width: 8, height: 8, channels: 1 } } as const;
  const grey = await sharp(image.data, raw).toColourspace("b-w").png()
    .toBuffer();
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(20), /signature/],
    [png.subarray(0, png.length - 20), /before its end mark/],
    [hurt, /checksum of its PLTE/],
    [grey, /colour type is 0, expected 3/],
    [makePng({ size: [1, 1], interlace: 1, rows: [[0, 0]] }), /interlaced/],
    [makePng({ size: [2 ** 30, 2 ** 30], rows: [[0, 0]] }), /pixels, expected/],
    [makePng({ size: [3, 1], rows: [[7, 0, 0, 0]] }), /unknown filter 7/],
    [makePng({ size: [3, 9], rows: [[0, 0, 0, 0]] }), /bytes of pixels/],
    [makePng({ size: [1, 1], rows: [[0, ...Array(999).fill(0)]] }), /Cannot/],
  ];
  for (const [bytes, message] of cases) {
    throws(() => decodePalettePng(bytes), message);
  }
});

/** A palette PNG with given rows, the filter first. */
function makePng({ size, depth = 8, interlace = 0, rows }: {
  size: [width: number, height: number];
  depth?: number;
  interlace?: number;
  rows: number[][];
}): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, size[0]);
  header.setUint32(4, size[1]);
  [depth, 3, 0, 0, interlace].forEach((byte, i) =>
    header.setUint8(8 + i, byte)
  );
  return Uint8Array.from([
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk("IHDR", new Uint8Array(header.buffer)),
    ...chunk("PLTE", Uint8Array.from(PALETTE.flat())),
    ...chunk("IDAT", deflateSync(Uint8Array.from(rows.flat()))),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): number[] {
  const body = [...new TextEncoder().encode(type), ...data];
  const words = new DataView(new ArrayBuffer(8));
  words.setUint32(0, data.length);
  words.setUint32(4, crc32(Uint8Array.from(body)));
  const bytes = [...new Uint8Array(words.buffer)];
  return [...bytes.slice(0, 4), ...body, ...bytes.slice(4)];
}
