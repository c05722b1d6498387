// Thousands of damaged checkpoints: each is refused by name, or gives whole
// weights with which the model runs.
//
// MUTATIONS=2000 deno test -A tests/weights/mutations_test.ts for the long run;
// SEED=123 for one of them.

import { deepEqual, ok } from "node:assert/strict";
import { openRuntime, type Runtime } from "../../lib/runtime/runtime.ts";
import { openEngine } from "../../lib/sam2/engine.ts";
import { encodeFrame, predictMasks } from "../../lib/sam2/image.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { writeHuggingFace } from "../sam2/hugging_face.ts";
import {
  mutate,
  type WholeFile,
  wholeSafetensors,
  wholeTorchFile,
} from "./mutations.ts";

const mini = "tests/golden/sam2/sam2-mini.pt";
const count = Number(Deno.env.get("MUTATIONS") ?? 60);
const only = Deno.env.get("SEED");
const maxMs = 10_000;
const maxRssBytes = 2e9;

/** The mini model in its three forms. */
function makeForms(folder: string): readonly WholeFile[] {
  const sam2 = Deno.readTextFileSync(mini.replace("pt", "json"));
  const file = openCheckpoint(mini);
  const tensors = new Map(
    [...file.tensors.keys()].map((name) => [name, file.read(name)]),
  );
  file.close();
  writeSafetensors(`${folder}/a.safetensors`, tensors, { metadata: { sam2 } });
  writeHuggingFace(mini, `${folder}/b.safetensors`);
  const read = (path: string) => Deno.readFileSync(path);
  return [
    wholeTorchFile("mini.pt", read(mini)),
    wholeSafetensors("meta.safetensors", read(`${folder}/a.safetensors`)),
    wholeSafetensors("other.safetensors", read(`${folder}/b.safetensors`)),
  ];
}

/** Opens a file and reads every weight; the reason when it is refused. */
function tryFile(path: string): string | undefined {
  let close = () => {};
  try {
    const file = openSam2File(path);
    close = file.close;
    for (const [name, dims] of file.shapes) {
      const { dims: found, data } = file.weights.read(name);
      deepEqual([...found], [...dims], name);
      ok(data.every(Number.isFinite), name);
    }
  } catch (error) {
    const isOurs = error instanceof SyntaxError || error instanceof RangeError;
    if (!isOurs || !error.message.includes(path)) throw error;
    return error.message;
  } finally {
    close();
  }
}

/** Builds the networks of a file that opened and clicks once; an error or a mask of the right size. */
async function clickOnce(
  path: string,
  runtime: Runtime,
  cache: string,
): Promise<void> {
  const { weights, close } = openSam2File(path);
  const sha256 = crypto.randomUUID();
  try {
    const side = 64;
    const engine = await openEngine(weights, runtime, { sha256, cache, side });
    try {
      const features = await encodeFrame(engine, grey);
      const click = { x: 20, y: 12, sign: "+" } as const;
      const { masks } = await predictMasks(engine, features, {
        clicks: [click],
      }, { frame: grey });
      await engine.releaseFeatures(features);
      deepEqual(masks.map(({ lowRes }) => lowRes.length), [256, 256, 256]);
    } finally {
      await engine.close();
    }
  } finally {
    close();
    await Deno.remove(cache, { recursive: true });
  }
}

const grey = {
  width: 40,
  height: 24,
  data: new Uint8Array(40 * 24 * 3).map((_, i) => i % 251),
};

Deno.test("openSam2File() refuses a damaged checkpoint by name, or gives whole weights", async () => {
  const folder = await Deno.makeTempDir();
  const forms = makeForms(folder);
  await Deno.copyFile(mini.replace("pt", "json"), `${folder}/mini.json`);
  const tally: Record<string, { refused: number; opened: number }> = {};
  const most = { ms: 0, seed: 0, rss: 0 };
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  let ran = 0;
  const seeds = only
    ? [Number(only)]
    : Array.from({ length: count }, (_, i) => i);
  for (const seed of seeds) {
    const form = forms[seed % forms.length];
    const { kind, bytes } = mutate(form, seed);
    const path = `${folder}/${form.name}`;
    await Deno.writeFile(path, bytes);
    const startMs = performance.now();
    let message: string | undefined;
    try {
      message = tryFile(path);
      if (message === undefined) {
        await clickOnce(path, runtime, `${folder}/cache`);
        ran++;
      }
    } catch (error) {
      throw new Error(`SEED=${seed}: ${form.name} with ${kind}`, {
        cause: error,
      });
    }
    const ms = performance.now() - startMs;
    const { rss } = Deno.memoryUsage();
    ok(ms < maxMs, `SEED=${seed}: ${form.name} with ${kind} took ${ms} ms`);
    ok(
      rss < maxRssBytes,
      `SEED=${seed}: ${form.name} with ${kind} used ${rss} bytes`,
    );
    if (ms > most.ms) Object.assign(most, { ms, seed });
    most.rss = Math.max(most.rss, rss);
    const row = tally[`${form.name}, ${kind}`] ??= { refused: 0, opened: 0 };
    row[message === undefined ? "opened" : "refused"]++;
    if (only) console.log(kind, message);
  }
  const alive = await runtime.count();
  runtime.close();
  await Deno.remove(folder, { recursive: true });
  deepEqual(alive, { sessions: 0, held: 0 });
  ok(only !== undefined || ran > 0);
  if (!Deno.env.has("MUTATIONS")) return;
  const sum = (key: "refused" | "opened") =>
    Object.values(tally).reduce((total, row) => total + row[key], 0);
  console.table(Object.fromEntries(Object.entries(tally).sort()));
  console.log(
    `${sum("refused")} refused, ${sum("opened")} opened and ran; longest ${
      most.ms.toFixed(0)
    } ms (SEED=${most.seed}), most memory ${(most.rss / 1e6).toFixed(0)} MB`,
  );
});
