import { deepEqual, equal, ok } from "node:assert/strict";
import { seededRandom } from "../../../lib/base/random.ts";
import { varyClip } from "../../../lib/sam2/training/vary_clip.ts";

const side = 8;

Deno.test("varyClip() moves the masks with the pixels", () => {
  // the object is the bright part, whatever happens to the colours
  const identities = Uint8Array.from(
    { length: side * side },
    (_, i) => i % side > 4 && i < 30 ? 1 : 0,
  );
  const image = new Uint8Array(side * side * 3);
  identities.forEach((id, i) => image.fill(id ? 230 : 20, 3 * i, 3 * i + 3));
  const random = seededRandom(4);
  const seen = new Set<string>();
  for (let n = 0; n < 60; n++) {
    const clip = { side, images: [image], identities: [identities] };
    const varied = varyClip(clip, random);
    seen.add(varied.identities[0].join(""));
    varied.identities[0].forEach((id, i) => {
      equal(varied.images[0][3 * i] > 128, id === 1);
    });
  }
  equal(seen.size, 8); // four turns, mirrored or not
});

Deno.test("varyClip() never begins a clip backwards where nothing is left", () => {
  const thing = new Uint8Array(side * side).fill(1, 0, 9);
  const nothing = new Uint8Array(side * side);
  const image = new Uint8Array(side * side * 3);
  const random = seededRandom(1);
  for (let n = 0; n < 40; n++) {
    const { identities } = varyClip(
      { side, images: [image, image], identities: [thing, nothing] },
      random,
    );
    ok(identities[0].includes(1));
    deepEqual(identities[1], nothing);
  }
});
