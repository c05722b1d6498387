import { equal, notEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { checkFrameIndex, framesSha256 } from "medannotate";

Deno.test("framesSha256() hashes the size as text, then the pixels", () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const bytes = new TextEncoder().encode("2x1\n\x01\x02\x03\x04\x05\x06");
  equal(
    framesSha256(image),
    createHash("sha256").update(bytes).digest("hex"),
  );
});

Deno.test("framesSha256() tells pictures of the same bytes and another shape apart", () => {
  const data = new Uint8Array(6);
  notEqual(
    framesSha256({ width: 2, height: 1, data }),
    framesSha256({ width: 1, height: 2, data }),
  );
});

Deno.test("checkFrameIndex() tells the range", () => {
  checkFrameIndex(9, 10, "a.mp4");
  for (const index of [-1, 10, 1.5, NaN]) {
    throws(
      () => checkFrameIndex(index, 10, "a.mp4"),
      (error) => error instanceof RangeError && /0 to 9/.test(error.message),
    );
  }
});
