// A frame of a propagation: one object in the steady state (a condition, six
// tracked memories, sixteen pointers), and what each further object costs.
//
// The stages run in turn and each keeps its best time, so that a slow moment
// of a shared machine hits all of them alike; shares are taken against the peak
// measured before and after.

import type { Call } from "../../lib/cli/command.ts";
import { countFlops } from "../../lib/onnx/count_flops.ts";
import {
  type Device,
  openRuntime,
  type Runtime,
} from "../../lib/runtime/runtime.ts";
import {
  type Engine,
  type FrameFeatures,
  openEngine,
} from "../../lib/sam2/engine.ts";
import { buildImageEncoder } from "../../lib/sam2/graph/image_encoder.ts";
import { buildMemoryAttention } from "../../lib/sam2/graph/memory_attention.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import {
  chooseMemories,
  type FrameMemory,
  memorySlots,
  pointerSlots,
  toMemoryTokens,
} from "../../lib/sam2/memory.ts";
import { normaliseImage } from "../../lib/sam2/preprocess.ts";
import { rememberFrames, trackFrames } from "../../lib/sam2/track.ts";
import type { Sam2Weights } from "../../lib/sam2/weights.ts";
import { sampleClip } from "medannotate";
import { measurePeak, msOf, percent, tinyByFormula } from "./measure.ts";

const sides = [512, 1024];
const rounds = { atMost512: 15, larger: 4 };
const context = { frame: 100, frameCount: 200, reverse: false };
const frameSize = { width: 640, height: 480 };

/** Measures tiny by formula at 512 and 1024 pixels, or at `--size`. */
export async function benchPropagate(call: Call) {
  const weights = await tinyByFormula();
  if (!weights) {
    call.say("propagate: skipped, the list of tiny's weights is in ../shared");
    return { sizes: {} };
  }
  const size = call.count("size", { least: 32 });
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: call.text("device") as Device });
  try {
    const gflops = await measurePeak(runtime, folder);
    call.say(`peak (MatMul 2048³)          ${gflops.toFixed(0)} GFLOP/s`);
    const sizes: Record<number, unknown> = {};
    for (const side of size === undefined ? sides : [size]) {
      const options = { folder, side, gflops };
      sizes[side] = await benchSide(call, runtime, weights, options);
    }
    return { model: "tiny by formula", sizes };
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchSide(
  call: Call,
  runtime: Runtime,
  weights: Sam2Weights,
  { folder, side, gflops }: {
    readonly folder: string;
    readonly side: number;
    readonly gflops: number;
  },
) {
  const engine = await openEngine(weights, runtime, {
    sha256: "bench-propagate",
    cache: folder,
    side,
  });
  const stages = await stagesOf(engine);
  const ms: Record<string, number> = {};
  const count = side <= 512 ? rounds.atMost512 : rounds.larger;
  for (let round = 0; round < count; round++) {
    for (const [name, work] of Object.entries(stages.work)) {
      ms[name] = Math.min(ms[name] ?? Infinity, await msOf(work));
    }
  }
  await stages.close();
  await engine.close();
  const peak = Math.max(gflops, await measurePeak(runtime, folder)); // other work may have slowed the first

  const tokens = (side / 16) ** 2;
  const { channels, memoryChannels } = weights.config;
  const flopEncode = countFlops(buildImageEncoder(weights, side));
  const flopAttend = countFlops(
    buildMemoryAttention(weights, side, { from: "image" }),
    {
      B: 1,
      M: memorySlots * tokens,
      P: pointerSlots * channels / memoryChannels,
      T: memorySlots,
    },
  );
  const share = (flop: number, ms: number) => flop / ms / 1e6 / peak;
  const result = {
    secondsFirstPass: ms.firstPass / 1000,
    secondsFromCache: ms.one / 1000,
    secondsSecondObject: (ms.two - ms.one) / 1000,
    secondsThirdObject: (ms.three - ms.two) / 1000,
    secondsPerFurtherObject: (ms.three - ms.one) / 2000,
    peakGflops: peak,
    msNormalise: ms.normalise,
    msEncode: ms.encode,
    msAttend: ms.attend,
    gflopEncode: flopEncode / 1e9,
    gflopAttend: flopAttend / 1e9,
    encodeShareOfPeak: share(flopEncode, ms.encode),
    attendShareOfPeak: share(flopAttend, ms.attend),
  };
  call.say(
    `tiny at ${side} px: ${seconds(result.secondsFirstPass)} a frame, ${
      seconds(result.secondsFromCache)
    } with its features at hand, ${
      seconds(result.secondsPerFurtherObject)
    } for each further object; encode ${ms.encode.toFixed(0)} ms (${
      percent(result.encodeShareOfPeak)
    } of peak), memory attention ${ms.attend.toFixed(0)} ms (${
      percent(result.attendShareOfPeak)
    })`,
  );
  return result;
}

function seconds(value: number): string {
  return `${value.toFixed(3)} s`;
}

/** What is timed, on features that live until `close`. */
export async function stagesOf(engine: Engine) {
  const { image } = sampleClip({ frames: 1, size: frameSize }).frame(0);
  const features = await encodeFrame(engine, image);
  const bank = steadyBank(engine);
  const track = async (at: FrameFeatures, objects: number) => {
    const banks = Array.from({ length: objects }, () => bank);
    const results = await trackFrames(engine, at, banks, context);
    await rememberFrames(engine, at, results, { isPrompted: false });
  };
  const normalised = normaliseImage(image, engine.side);
  const work: Readonly<Record<string, () => Promise<unknown>>> = {
    normalise: () => Promise.resolve(normaliseImage(image, engine.side)),
    encode: async () =>
      await engine.releaseFeatures(await engine.encodeImage(normalised)),
    attend: async () => {
      const frame = await engine.attendFrame(features);
      const chosen = chooseMemories(bank, context.frame, context);
      const tokens = toMemoryTokens(chosen, engine);
      await engine.release(await engine.attend(frame, tokens));
      await engine.release(frame);
    },
    firstPass: async () => {
      const fresh = await encodeFrame(engine, image);
      await track(fresh, 1);
      await engine.releaseFeatures(fresh);
    },
    one: () => track(features, 1),
    two: () => track(features, 2),
    three: () => track(features, 3),
  };
  return { work, close: () => engine.releaseFeatures(features) };
}

/** The bank of an object prompted on frame 0 and tracked on all others before this one. */
function steadyBank({ side, config, loose }: Engine) {
  const memoryOf = (frame: number): FrameMemory => ({
    frame,
    lowRes: new Float32Array((side / 4) ** 2),
    iou: 1,
    objectScore: 1,
    pointer: new Float32Array(config.channels).fill(0.1),
    memory: new Float32Array(loose.memoryPositions[0].length).fill(0.1),
  });
  const tracked = new Map<number, FrameMemory>();
  for (let back = 1; back < pointerSlots; back++) {
    const frame = context.frame - back;
    tracked.set(frame, memoryOf(frame));
  }
  return { conditioning: new Map([[0, memoryOf(0)]]), tracked };
}
