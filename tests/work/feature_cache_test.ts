import { deepEqual, equal, ok } from "node:assert/strict";
import { toHalf } from "../../lib/sam2/half_features.ts";
import { fromHalf, type HalfFeatures } from "../../lib/sam2/half_features.ts";
import { openFeatureCache } from "../../lib/work/feature_cache.ts";
import { inFolder } from "../media/temporary_folder.ts";

const engine = {
  side: 32,
  precision: "float32",
  config: { channels: 8 },
} as const;
const model = { sha256: "a".repeat(64), engine };
// fpn0 [1, 1, 8, 8], fpn1 [1, 2, 4, 4], fpn2 [1, 8, 2, 2]: 64 + 32 + 32 values
const values = 128;
const fileBytes = 32 + 2 * values; // a hash, then two bytes for each value

function made(value: number): HalfFeatures {
  return new Float16Array(values).fill(value);
}

async function namesIn(folder: string): Promise<string[]> {
  const [{ name }] = await Array.fromAsync(Deno.readDir(`${folder}/features`));
  const files = await Array.fromAsync(
    Deno.readDir(`${folder}/features/${name}`),
  );
  return files.map(({ name }) => name).sort();
}

Deno.test("toHalf() rounds to eleven bits and fromHalf() gives the maps their shapes back", () => {
  const map = (dims: readonly number[], value: number) => ({
    dims,
    data: new Float32Array(dims.reduce((a, b) => a * b)).fill(value),
  });
  const half = toHalf({
    fpn0: map([1, 1, 8, 8], 1 + 2 ** -11), // half way between two halves
    fpn1: map([1, 2, 4, 4], -2.5),
    fpn2: map([1, 8, 2, 2], 65504), // the largest
  });
  ok(half);
  const { fpn0, fpn1, fpn2 } = fromHalf(half, { channels: 8, side: 32 });
  deepEqual(fpn0, map([1, 1, 8, 8], 1));
  deepEqual(fpn1, map([1, 2, 4, 4], -2.5));
  deepEqual(fpn2, map([1, 8, 2, 2], 65504));
});

Deno.test("toHalf() gives nothing for what half precision cannot hold", () => {
  for (const value of [1e6, -Infinity, NaN]) {
    const map = { dims: [1], data: Float32Array.of(value) };
    equal(toHalf({ fpn0: map, fpn1: map, fpn2: map }), undefined);
  }
});

Deno.test(
  "openFeatureCache() stays within its budget and lets go of what was not read for longest",
  inFolder(async (folder) => {
    const budgetBytes = 4 * fileBytes;
    const cache = openFeatureCache(folder, model, { budgetBytes });
    for (const [i, name] of ["a", "b", "c", "d"].entries()) {
      await cache.write(name, made(i));
      const old = new Date(Date.now() - 60_000 + 1000 * i);
      const [{ name: model }] = await Array.fromAsync(
        Deno.readDir(`${folder}/features`),
      );
      await Deno.utime(`${folder}/features/${model}/${name}.half`, old, old);
    }
    deepEqual([...(await cache.read("a"))!], Array(values).fill(0)); // young again
    await cache.write("e", made(9));
    // at most nine tenths are left when something new comes: e, and a and d
    deepEqual(await namesIn(folder), ["a.half", "d.half", "e.half"]);
    equal(await cache.read("b"), undefined);
    equal(cache.trouble(), undefined);
  }),
);

Deno.test(
  "openFeatureCache() forgets what is damaged or of another length",
  inFolder(async (folder) => {
    const cache = openFeatureCache(folder, model);
    await cache.write("a", made(1));
    await cache.write("b", made(2));
    const [{ name }] = await Array.fromAsync(
      Deno.readDir(`${folder}/features`),
    );
    const path = (file: string) => `${folder}/features/${name}/${file}.half`;
    const bytes = await Deno.readFile(path("a"));
    bytes[40] ^= 1;
    await Deno.writeFile(path("a"), bytes);
    await Deno.writeFile(path("b"), bytes.subarray(0, 99));
    equal(await cache.read("a"), undefined);
    equal(await cache.read("b"), undefined);
    deepEqual(await namesIn(folder), []);
  }),
);

Deno.test(
  "openFeatureCache() tells what keeps it from writing, and stops nothing",
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/features`, "a file in the way");
    const cache = openFeatureCache(folder, model);
    await cache.write("a", made(1));
    ok(cache.trouble());
    equal(await cache.read("a").catch(() => undefined), undefined);
  }),
);
