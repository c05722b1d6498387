// What 8-bit products cost in masks and give in time.
//
// Masks: the trained model on two real clips, three clicks on the first frame,
// the same for both precisions; each frame's mask of int8 is compared with that
// of float32, and both with the truth. Where float32 itself loses the object,
// small differences grow from frame to frame; so each frame is tracked by int8
// from the memories of float32 as well. Numbers: how far the features and the
// conditioned features of a full-size model are off. Time: the stages of a
// propagated frame, float32 and int8 in turn. Memory: a process for each, which
// loads the model and tracks a frame.

import { seededRandom } from "../../lib/base/random.ts";
import { sizeOf, type Tensor } from "../../lib/base/tensor.ts";
import type { Call } from "../../lib/cli/command.ts";
import { createBitmap } from "../../lib/masks/bitmap.ts";
import type { Bitmap } from "../../lib/base/image.ts";
import { iou } from "../../lib/masks/metrics.ts";
import { nextClick } from "../../lib/masks/next_click.ts";
import { readMask } from "../../lib/media/image.ts";
import type { Frames } from "../../lib/media/frames.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { propagateMasks, toFrameMask } from "../../lib/propagate/propagate.ts";
import {
  type Feed,
  openRuntime,
  type Runtime,
} from "../../lib/runtime/runtime.ts";
import { type Engine, openEngine } from "../../lib/sam2/engine.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { addPrompt, type Interaction } from "../../lib/sam2/interact.ts";
import type { FrameMemory } from "../../lib/sam2/memory.ts";
import { rememberFrame, trackFrame } from "../../lib/sam2/track.ts";
import type { Sam2Weights } from "../../lib/sam2/weights.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { planWhole } from "../propagate/plan_whole.ts";
import { hasShared, sharedUrl } from "../shared.ts";
import { measurePeak, msOf, tinyByFormula } from "./measure.ts";
import { stagesOf } from "./propagate_bench.ts";

const clips = ["kvasir-capsule-run1", "davis16-blackswan"];
const precisions = ["float32", "int8"] as const;
const clicks = 3;

/** Compares int8 with float32: masks, features, time and memory. */
export async function benchInt8(call: Call) {
  if (!hasShared) {
    call.say("int8: skipped, its clips are in ../shared");
    return {};
  }
  const size = call.count("size", { least: 32 });
  const masks: Record<string, unknown> = {};
  for (const side of size === undefined ? [128, 512] : [size]) {
    for (const clip of clips) {
      masks[`${clip}@${side}`] = await compareMasks(call, clip, side);
    }
  }
  const tiny = await benchTiny(call, size === undefined ? [512, 1024] : [size]);
  const memory = await benchPeaks(call, size ?? 1024);
  return { masks, tiny, memory };
}

async function compareMasks(call: Call, clip: string, side: number) {
  const folder = new URL(`data/${clip}/`, sharedUrl).pathname;
  const frames = await openFrames(`${folder}images`);
  const names = [...Deno.readDirSync(`${folder}masks`)].map(({ name }) => name);
  const truth = await Promise.all(
    names.sort().map((name) => readMask(`${folder}masks/${name}`)),
  );
  const models = {
    float32: await openModel({ device: "cpu", size: side }),
    int8: await openModel({ device: "cpu", size: side, precision: "int8" }),
  };
  const { engine } = models.float32;
  const prompts = await clickFirst(engine, frames, truth[0]);
  const exact = await track(engine, frames, prompts);
  const rounded = await track(models.int8.engine, frames, prompts);
  const steps = await compareSteps(
    { exact: engine, rounded: models.int8.engine },
    frames,
    prompts,
  );
  for (const model of Object.values(models)) await model.close();
  await frames.close();

  const ious = [...exact].map(([i, mask]) => iou(mask, rounded.get(i)!));
  const withTruth = (masks: ReadonlyMap<number, Bitmap>) =>
    mean([...masks].map(([i, mask]) => iou(mask, truth[i])));
  const result = {
    frames: ious.length,
    meanIou: mean(ious),
    worstIou: Math.min(...ious),
    meanStepIou: mean(steps),
    worstStepIou: Math.min(...steps),
    float32WithTruth: withTruth(exact),
    int8WithTruth: withTruth(rounded),
  };
  call.say(
    `${clip} at ${side}: IoU of int8 with float32 ${
      result.meanIou.toFixed(4)
    } in the mean, ${
      result.worstIou.toFixed(3)
    } at worst, over ${result.frames} frames; from the same memories ${
      result.meanStepIou.toFixed(4)
    } and ${result.worstStepIou.toFixed(3)}; with the truth ${
      result.int8WithTruth.toFixed(4)
    }, float32 ${result.float32WithTruth.toFixed(4)}`,
  );
  return result;
}

type Prompts = Awaited<ReturnType<typeof clickFirst>>;

/** Simulated clicks on frame 0, each at the largest error left. */
async function clickFirst(engine: Engine, frames: Frames, truth: Bitmap) {
  const features = await encodeFrame(engine, await frames.read(0));
  const prompts = [];
  let shown = createBitmap(frames.size);
  let given: Interaction | undefined;
  for (let i = 0; i < clicks; i++) {
    const click = nextClick(truth, shown);
    if (!click) break;
    const prompt = { kind: "point", ...click } as const;
    prompts.push(prompt);
    const place = { frame: 0, frameSize: frames.size };
    given = await addPrompt(engine, features, given, prompt, place);
    shown = toFrameMask(given.result.lowRes, frames.size);
  }
  await engine.releaseFeatures(features);
  return prompts;
}

/** The masks of all frames after the first. */
async function track(
  engine: Engine,
  frames: Frames,
  prompts: Prompts,
): Promise<ReadonlyMap<number, Bitmap>> {
  const source = {
    engine,
    frameCount: frames.count,
    frameSize: frames.size,
    conditions: new Map([[1, [{ frame: 0, prompts }]]]),
    readFeatures: async (frame: number) =>
      await encodeFrame(engine, await frames.read(frame)),
  };
  const found = new Map<number, Bitmap>();
  const steps = planWhole(1, [0], frames.count);
  for await (const { step, masks } of propagateMasks(source, steps)) {
    found.set(step.frame, masks[0].mask);
  }
  return found;
}

/** For every frame, the IoU of both masks tracked from the memories of float32. */
async function compareSteps(
  { exact, rounded }: { readonly exact: Engine; readonly rounded: Engine },
  frames: Frames,
  prompts: Prompts,
): Promise<readonly number[]> {
  const features = await encodeFrame(exact, await frames.read(0));
  let given: Interaction | undefined;
  for (const prompt of prompts) {
    const place = { frame: 0, frameSize: frames.size };
    given = await addPrompt(exact, features, given, prompt, place);
  }
  const condition = await rememberFrame(exact, features, given!.result, {
    isPrompted: true,
  });
  await exact.releaseFeatures(features);
  const tracked = new Map<number, FrameMemory>();
  const bank = { conditioning: new Map([[0, condition]]), tracked };
  const ious: number[] = [];
  for (let frame = 1; frame < frames.count; frame++) {
    const context = { frame, frameCount: frames.count, reverse: false };
    const image = await frames.read(frame);
    const masks = [];
    for (const engine of [rounded, exact]) {
      const features = await encodeFrame(engine, image);
      const result = await trackFrame(engine, features, bank, context);
      masks.push(toFrameMask(result.lowRes, frames.size));
      if (engine === exact) {
        const options = { isPrompted: false };
        tracked.set(
          frame,
          await rememberFrame(exact, features, result, options),
        );
      }
      await engine.releaseFeatures(features);
    }
    ious.push(iou(masks[0], masks[1]));
  }
  return ious;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

async function benchTiny(call: Call, sides: readonly number[]) {
  const weights = await tinyByFormula();
  if (!weights) return undefined;
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu" });
  const results: Record<number, unknown> = {};
  try {
    for (const side of sides) {
      results[side] = await compareTiny(call, runtime, weights, {
        folder,
        side,
      });
    }
    return results;
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function compareTiny(
  call: Call,
  runtime: Runtime,
  weights: Sam2Weights,
  { folder, side }: { readonly folder: string; readonly side: number },
) {
  const open = (precision: typeof precisions[number]) =>
    openEngine(weights, runtime, {
      sha256: "bench-int8",
      cache: folder,
      side,
      precision,
    });
  const engines = { float32: await open("float32"), int8: await open("int8") };
  const errors = await errorsOf(runtime, engines);
  call.say(
    `tiny by formula at ${side}: relative error of int8 ${
      share(errors.fpn2)
    } in fpn2, ${share(errors.attended)} in what memory attention gives`,
  );

  const stages = {
    float32: await stagesOf(engines.float32),
    int8: await stagesOf(engines.int8),
  };
  const ms = { float32: {}, int8: {} } as Record<
    typeof precisions[number],
    Record<string, number>
  >;
  let gflops = 0;
  const rounds = side <= 512 ? 12 : 5;
  for (let round = 0; round < rounds; round++) {
    gflops = Math.max(gflops, await measurePeak(runtime, folder));
    for (const name of ["encode", "attend", "firstPass", "one"]) {
      for (const precision of precisions) {
        const best = ms[precision][name] ?? Infinity;
        const now = await msOf(stages[precision].work[name]);
        ms[precision][name] = Math.min(best, now);
      }
    }
  }
  for (const precision of precisions) {
    await stages[precision].close();
    await engines[precision].close();
  }
  const line = (name: string, stage: string) =>
    `${name} ${ms.int8[stage].toFixed(0)} of ${
      ms.float32[stage].toFixed(0)
    } ms (${(ms.int8[stage] / ms.float32[stage]).toFixed(2)})`;
  call.say(
    `tiny by formula at ${side}, int8 of float32 at a peak of ${
      gflops.toFixed(0)
    } GFLOP/s: ${line("encode", "encode")}, ${
      line("memory attention", "attend")
    }, ${line("a frame", "firstPass")}, ${
      line("with its features at hand", "one")
    }`,
  );
  return { errors, ms, peakGflops: gflops };
}

/** Root mean squares of the differences, by those of the values; both attend the same tokens. */
async function errorsOf(
  runtime: Runtime,
  { float32, int8 }: { readonly float32: Engine; readonly int8: Engine },
) {
  const { side, loose, config } = float32;
  const image = noise([1, 3, side, side], 1);
  const exact = await float32.encodeImage(image);
  const rounded = await int8.encodeImage(image);
  const fpn2 = await relativeError(runtime, rounded.fpn2, exact.fpn2);

  const tokens = 7 * (side / 16) ** 2;
  const c = config.memoryChannels;
  const positions = loose.memoryPositions.flatMap((slot) => [...slot]);
  const bank = {
    memory: noise([1, tokens, c], 2),
    memoryPosition: {
      dims: [1, tokens, c],
      data: Float32Array.from(positions),
    },
    pointers: noise([1, 64, c], 3),
    pointerPosition: noise([1, 64, c], 4),
  };
  const attended = [];
  for (const engine of [int8, float32]) {
    const frame = await engine.attendFrame(exact);
    attended.push(await engine.attend(frame, bank));
    await engine.release(frame);
  }
  const error = await relativeError(runtime, attended[0], attended[1]);
  for (const feed of attended) await float32.release(feed);
  await float32.releaseFeatures(exact);
  await int8.releaseFeatures(rounded);
  return { fpn2, attended: error };
}

async function relativeError(runtime: Runtime, found: Feed, expected: Feed) {
  const [a, b] = await Promise.all(
    [found, expected].map((feed) => "kind" in feed ? runtime.read(feed) : feed),
  );
  const square = b.data.reduce((sum, value) => sum + value ** 2, 0);
  const off = a.data.reduce(
    (sum, value, i) => sum + (value - b.data[i]) ** 2,
    0,
  );
  return Math.sqrt(off / square);
}

/** Numbers of mean 0 and variance 1, the same for a seed. */
function noise<const Dims extends readonly number[]>(
  dims: Dims,
  seed: number,
): Tensor<Dims> {
  const random = seededRandom(seed);
  const wide = Math.sqrt(12);
  const data = new Float32Array(sizeOf(dims)).map(() =>
    (random() - 0.5) * wide
  );
  return { dims, data };
}

/** The most resident memory of a process that builds the graphs, and of one that finds them. */
async function benchPeaks(call: Call, side: number) {
  const child = new URL("int8_child.ts", import.meta.url).pathname;
  const megabytes: Record<string, { built: number; found: number }> = {};
  for (const precision of precisions) {
    const folder = await Deno.makeTempDir();
    const run = async () => {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", child, folder, String(side), precision],
        stdout: "piped",
        stderr: "inherit",
      }).output();
      if (code !== 0) throw new Error(`int8_child.ts ended with code ${code}`);
      return Number(new TextDecoder().decode(stdout));
    };
    megabytes[precision] = { built: await run(), found: await run() };
    await Deno.remove(folder, { recursive: true });
  }
  const { float32, int8 } = megabytes;
  call.say(
    `tiny by formula at ${side}, most resident memory: int8 ${int8.built} MB (${int8.found} once its graphs are on disk), float32 ${float32.built} MB (${float32.found})`,
  );
  return megabytes;
}
