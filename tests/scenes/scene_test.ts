import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { makeScene, type Scene, type SceneFamily } from "medannotate";

const FAMILIES: readonly SceneFamily[] = [
  "endoscopy",
  "everyday",
  "greyscale",
  "volume",
];

Deno.test("makeScene() gives the same bytes for the same seed and options", () => {
  for (const family of FAMILIES) {
    const options = { side: 64, frames: 3, family };
    const once = makeScene(11, options);
    makeScene(12, options);
    deepEqual(makeScene(11, options), once, family);
  }
});

Deno.test("makeScene() gives another scene for another seed", () => {
  const [a, b] = [3, 4].map((seed) => makeScene(seed, { family: "volume" }));
  notDeepEqual(a.frames[0].image, b.frames[0].image);
});

Deno.test("makeScene() shows one object on 0.2 % of frame 0 or more, in any family", () => {
  for (let seed = 0; seed < 80; seed++) {
    const scene = makeScene(seed, { side: 64 });
    const areas = areasOf(scene, 0);
    ok(Math.max(...areas.values()) >= 0.002 * 64 * 64, `seed ${seed}`);
  }
});

Deno.test("makeScene() marks no pixel with a number that its list lacks", () => {
  for (let seed = 0; seed < 40; seed++) {
    const scene = makeScene(seed, { side: 48, frames: 2 });
    const ids = scene.objects.map(({ id }) => id);
    deepEqual(ids, ids.map((_, k) => k + 1), `seed ${seed}`);
    for (
      const id of [...areasOf(scene, 0).keys(), ...areasOf(scene, 1).keys()]
    ) {
      ok(ids.includes(id), `seed ${seed}: object ${id} of ${ids}`);
    }
  }
});

Deno.test("makeScene() draws every family when none is asked for", () => {
  const counts = new Map<SceneFamily, number>();
  for (let seed = 0; seed < 200; seed++) {
    const { family } = makeScene(seed, { side: 16 });
    counts.set(family, (counts.get(family) ?? 0) + 1);
  }
  // 84, 66, 30 and 20 are expected of 200; three deviations are at most 21.
  ok(Math.abs(counts.get("endoscopy")! - 84) <= 21);
  ok(Math.abs(counts.get("everyday")! - 66) <= 20);
  ok(Math.abs(counts.get("greyscale")! - 30) <= 16);
  ok(Math.abs(counts.get("volume")! - 20) <= 13);
});

Deno.test("makeScene() names polyps by their Paris form and gives each class of the detector", () => {
  const forms = new Set<string>();
  const classes = new Set<string>();
  for (let seed = 0; seed < 120; seed++) {
    const scene = makeScene(seed, { side: 32, family: "endoscopy" });
    for (const { paris, detectorClass } of scene.objects) {
      if (paris) forms.add(paris);
      if (detectorClass) classes.add(detectorClass);
    }
  }
  deepEqual([...forms].sort(), [
    "0-III",
    "0-IIa",
    "0-IIb",
    "0-IIc",
    "0-Ip",
    "0-Is",
    "0-Isp",
  ]);
  deepEqual([...classes].sort(), [
    "depression",
    "fluid artefact",
    "instrument",
    "protrusion",
  ]);
});

Deno.test("makeScene() lets objects of clips leave and return", () => {
  let returns = 0;
  for (let seed = 0; seed < 60; seed++) {
    const scene = makeScene(seed, { side: 32, frames: 8 });
    const seen = scene.frames.map((_, t) => areasOf(scene, t));
    returns += scene.objects.filter(({ id }) =>
      /1+0+1/.test(
        seen.map((areas) => areas.has(id) ? 1 : 0).join(""),
      )
    ).length;
  }
  ok(returns >= 5, `${returns} returns`);
});

Deno.test("makeScene() keeps the pictures of these seeds", async () => {
  const hashes = await Promise.all(FAMILIES.map(async (family) => {
    const { frames } = makeScene(2026, { side: 64, frames: 2, family });
    const bytes = frames.flatMap(({ image, identities }) => [
      ...image.data,
      ...identities.data,
    ]);
    const digest = await crypto.subtle.digest(
      "SHA-256",
      Uint8Array.from(bytes),
    );
    return `${family} ${new Uint8Array(digest).toHex().slice(0, 16)}`;
  }));
  const kept = new URL("scene_hashes.txt", import.meta.url);
  if (Deno.env.get("UPDATE_SCENES")) {
    await Deno.writeTextFile(kept, hashes.join("\n") + "\n");
  }
  deepEqual(
    hashes,
    (await Deno.readTextFile(kept)).trim().split("\n"),
    "Scenes changed. If that is meant: " +
      "UPDATE_SCENES=1 deno test -A tests/scenes/scene_test.ts",
  );
});

Deno.test("makeScene() makes pictures of the side that is asked for", () => {
  const large = makeScene(5, { side: 128, family: "endoscopy" });
  equal(large.frames[0].image.width, 128);
  equal(large.frames[0].identities.data.length, 128 * 128);
});

Deno.test("makeScene() refuses sides and counts that make no picture", () => {
  throws(() => makeScene(1, { side: 8 }), /side 8.*expected/);
  throws(() => makeScene(1, { frames: 0 }), /frames 0/);
  throws(() => makeScene(1.5), /seed 1.5/);
});

/** The visible pixels of each object that is seen on a frame. */
function areasOf({ frames }: Scene, frame: number): Map<number, number> {
  const areas = new Map<number, number>();
  for (const id of frames[frame].identities.data) {
    if (id > 0) areas.set(id, (areas.get(id) ?? 0) + 1);
  }
  return areas;
}
