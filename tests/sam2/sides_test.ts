// Any input side that is a multiple of 32, against the official code.

import { ok } from "node:assert/strict";
import { z } from "zod";
import type { Tensor } from "../../lib/base/tensor.ts";
import { openRuntime } from "../../lib/runtime/runtime.ts";
import { openEngine } from "../../lib/sam2/engine.ts";
import type { FrameMemory } from "../../lib/sam2/memory.ts";
import {
  promptFrame,
  rememberFrame,
  trackFrame,
} from "../../lib/sam2/track.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { fillTensor } from "../../lib/work/parity/filler.ts";

const golden = new URL("../golden/sam2/", import.meta.url);
const Summary = z.object({
  shape: z.array(z.int()),
  mean: z.number(),
  std: z.number(),
  samples: z.array(z.number()),
});
const Sides = z.record(
  z.string(),
  z.record(z.string(), z.union([Summary, z.number()])),
);

/** The largest difference of the samples, against the spread of the whole. */
function errorOf(found: Float32Array, expected: z.infer<typeof Summary>) {
  const { samples, std, shape } = expected;
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (found.length !== size) return Infinity;
  const worst = Math.max(
    ...samples.map((value, i) =>
      Math.abs(value - found[Math.floor(i * size / samples.length)])
    ),
  );
  return worst / Math.max(std, 1e-3);
}

Deno.test("openEngine() at any multiple of 32 encodes, prompts, remembers and tracks as the official code", async () => {
  const sides = Sides.parse(
    JSON.parse(await Deno.readTextFile(new URL("sides.json", golden))),
  );
  const cache = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu" });
  const file = openSam2File(new URL("sam2-mini.pt", golden).pathname);
  try {
    for (const [key, expected] of Object.entries(sides)) {
      const side = Number(key);
      const engine = await openEngine(file.weights, runtime, {
        sha256: "mini",
        cache,
        side,
      });
      const image = fillTensor("image", [1, 3, side, side], { scale: 2 });
      const features = await engine.encodeImage(image);
      const maps: [string, Tensor][] = [];
      for (const [name, feed] of Object.entries(features)) {
        maps.push([name, "kind" in feed ? await runtime.read(feed) : feed]);
      }
      const place = { frameCount: 20, reverse: false };
      const click = [{ x: 0.31 * side, y: 0.62 * side, label: 1 }] as const;
      const prompted = await rememberFrame(
        engine,
        features,
        await promptFrame(engine, features, click, { ...place, frame: 0 }),
        { isPrompted: true },
      );
      const bank = {
        conditioning: new Map([[0, prompted]]),
        tracked: new Map(),
      };
      const tracked = await rememberFrame(
        engine,
        features,
        await trackFrame(engine, features, bank, { ...place, frame: 1 }),
        { isPrompted: false },
      );
      const found = new Map<string, Float32Array | number>([
        ...maps.map(([name, { data }]) => [name, data] as const),
        ...partsOf("prompted", prompted),
        ...partsOf("tracked", tracked),
      ]);
      for (const [name, wanted] of Object.entries(expected)) {
        const value = found.get(name);
        const error = typeof wanted === "number"
          ? Math.abs(wanted - Number(value))
          : errorOf(value as Float32Array, wanted);
        ok(error < 1e-3, `${name} at ${side} differs by ${error}`);
      }
      await engine.releaseFeatures(features);
      await engine.close();
    }
  } finally {
    file.close();
    runtime.close();
    await Deno.remove(cache, { recursive: true });
  }
});

function partsOf(name: string, memory: FrameMemory) {
  return [
    [`${name}.lowRes`, memory.lowRes],
    [`${name}.pointer`, memory.pointer],
    [`${name}.memory`, memory.memory ?? new Float32Array()],
    [`${name}.objectScore`, memory.objectScore],
  ] as const;
}
