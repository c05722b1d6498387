import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import sharp from "sharp";
import {
  encodeJpeg,
  encodeMaskPng,
  encodePng,
  readImage,
  readMask,
  resizeImage,
} from "medannotate";
import { inFolder } from "./temporary_folder.ts";

const TWO = { width: 2, height: 1, data: Uint8Array.of(250, 0, 0, 0, 0, 250) };

Deno.test("readImage() gives back what encodePng() was given", async () => {
  deepEqual(await readImage(await encodePng(TWO)), TWO);
});

Deno.test("readImage() turns a picture upright by its EXIF orientation", async () => {
  // Orientation 6: turn by 90 degrees clockwise, so left comes to the top.
  const raw = { raw: { width: 2, height: 1, channels: 3 } } as const;
  const png = await sharp(TWO.data, raw).withMetadata({ orientation: 6 })
    .png().toBuffer();
  const upright = await readImage(png);
  deepEqual([upright.width, upright.height], [1, 2]);
  deepEqual([...upright.data], [250, 0, 0, 0, 0, 250]);
});

Deno.test("readImage() makes RGB of grey", async () => {
  const raw = { raw: { width: 2, height: 1, channels: 1 } } as const;
  const png = await sharp(Uint8Array.of(7, 200), raw).toColourspace("b-w")
    .png().toBuffer();
  deepEqual([...(await readImage(png)).data], [7, 7, 7, 200, 200, 200]);
});

Deno.test("readImage() keeps the upper byte of 16 bits", async () => {
  const raw = { raw: { width: 2, height: 1, channels: 1 } } as const;
  const png = await sharp(Uint16Array.of(0x0700, 0xc8ff), raw)
    .toColourspace("grey16").png().toBuffer();
  deepEqual([...(await readImage(png)).data], [7, 7, 7, 200, 200, 200]);
});

Deno.test("readImage() drops alpha and keeps the colours below it", async () => {
  const raw = { raw: { width: 1, height: 1, channels: 4 } } as const;
  const png = await sharp(Uint8Array.of(9, 8, 7, 0), raw).png().toBuffer();
  deepEqual([...(await readImage(png)).data], [9, 8, 7]);
});

Deno.test(
  "readImage() names a file that is cut off, empty, text or missing",
  inFolder(async (folder) => {
    const jpeg = await encodeJpeg(noise(64, 64));
    const png = await encodePng(noise(64, 64));
    const files = {
      "cut.jpg": jpeg.subarray(0, jpeg.length * 0.6),
      "cut.png": png.subarray(0, png.length * 0.6),
      "empty.jpg": new Uint8Array(),
      "text.png": new TextEncoder().encode("not a picture"),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      await rejects(readImage(`${folder}/${name}`), new RegExp(name));
    }
    await rejects(readImage(`${folder}/none.png`), /none\.png.*missing/);
  }),
);

Deno.test(
  "readImage() sees a file that has changed",
  inFolder(async (folder) => {
    const path = `${folder}/a.png`;
    for (const value of [10, 20]) {
      const data = new Uint8Array(3).fill(value);
      await Deno.writeFile(
        path,
        await encodePng({ width: 1, height: 1, data }),
      );
      equal((await readImage(path)).data[0], value);
    }
  }),
);

Deno.test("readMask() puts pixels above the threshold inside", async () => {
  const raw = { raw: { width: 4, height: 1, channels: 1 } } as const;
  const png = await sharp(Uint8Array.of(0, 127, 128, 255), raw).png()
    .toBuffer();
  deepEqual([...(await readMask(png)).data], [0, 0, 1, 1]);
  deepEqual([...(await readMask(png, { threshold: 0 })).data], [0, 1, 1, 1]);
});

Deno.test("encodeMaskPng() writes 8-bit grey of 0 and 255", async () => {
  const mask = { width: 3, height: 1, data: Uint8Array.of(0, 1, 1) };
  const png = await encodeMaskPng(mask);
  deepEqual([...png.subarray(24, 26)], [8, 0]); // IHDR: 8 bits, colour type grey
  deepEqual([...(await readImage(png)).data], [0, 0, 0, ...Array(6).fill(255)]);
  deepEqual(await readMask(png), mask);
});

Deno.test("encodeJpeg() stays near the picture", async () => {
  const data = new Uint8Array(16 * 16 * 3).fill(90);
  const jpeg = await encodeJpeg({ width: 16, height: 16, data });
  const back = await readImage(jpeg);
  ok(back.data.every((value) => Math.abs(value - 90) <= 2));
});

Deno.test("resizeImage() gives the wanted size", async () => {
  const data = new Uint8Array(8 * 4 * 3).fill(33);
  const small = await resizeImage({ width: 8, height: 4, data }, {
    width: 2,
    height: 3,
  });
  deepEqual(small, { width: 2, height: 3, data: new Uint8Array(18).fill(33) });
});

function noise(width: number, height: number) {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => (i * i * 31 + i * 7) % 251,
  );
  return { width, height, data };
}
