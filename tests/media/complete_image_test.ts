import { equal, ok } from "node:assert/strict";
import sharp from "sharp";
import { findDamage } from "../../lib/media/complete_image.ts";
import { encodeJpeg, encodePng } from "medannotate";
import { noise } from "../work/export/made_sequence.ts";

const image = noise({ width: 40, height: 30 }, 1);

Deno.test("findDamage() finds nothing in whole files, and what is missing in cut ones", async () => {
  const raw = sharp(image.data, {
    raw: { width: 40, height: 30, channels: 3 },
  });
  const files = {
    png: await encodePng(image),
    jpeg: await encodeJpeg(image),
    progressive: new Uint8Array(
      await raw.clone().jpeg({ progressive: true }).toBuffer(),
    ),
    webp: new Uint8Array(await raw.clone().webp().toBuffer()),
  };
  for (const [name, bytes] of Object.entries(files)) {
    equal(findDamage(bytes), undefined, name);
    for (const share of [0.1, 0.5, 0.9]) {
      const cut = bytes.subarray(0, Math.floor(share * bytes.length));
      ok(findDamage(cut), `${name} cut to ${share}`);
    }
  }
});

Deno.test("findDamage() is not deceived by the thumbnail of a photo", async () => {
  const jpeg = await encodeJpeg(image);
  // A segment that holds a whole JPEG of its own, as EXIF does.
  const thumbnail = await encodeJpeg(noise({ width: 8, height: 8 }, 2));
  const length = thumbnail.length + 2;
  const segment = [0xff, 0xe1, length >> 8, length & 255, ...thumbnail];
  const photo = Uint8Array.from([
    ...jpeg.subarray(0, 2),
    ...segment,
    ...jpeg.subarray(2),
  ]);
  equal(findDamage(photo), undefined);
  equal(
    findDamage(photo.subarray(0, photo.length - 100)),
    "it ends before its end marker",
  );
});

Deno.test("findDamage() finds a changed bit in a PNG by its checksums", async () => {
  const png = await encodePng(image);
  png[png.length - 60] ^= 4;
  equal(findDamage(png), "the checksum of chunk IDAT is wrong");
});
