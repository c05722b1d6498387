// SAM 2 by stage: milliseconds, and the share of the machine's own peak.

import type { Tensor } from "../../lib/base/tensor.ts";
import type { Call } from "../../lib/cli/command.ts";
import { countFlops } from "../../lib/onnx/count_flops.ts";
import {
  type Device,
  openRuntime,
  type Runtime,
} from "../../lib/runtime/runtime.ts";
import { openEngine } from "../../lib/sam2/engine.ts";
import { buildImageEncoder } from "../../lib/sam2/graph/image_encoder.ts";
import { buildMemoryAttention } from "../../lib/sam2/graph/memory_attention.ts";
import type { Sam2Weights } from "../../lib/sam2/weights.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { findModel } from "../../lib/work/open_model.ts";
import { bestOf, measurePeak, percent, tinyByFormula } from "./measure.ts";

const side = 512;
const memories = 7;
const pointers = 16;

/** Measures nano and, with the goldens beside the checkout, tiny by formula. */
export async function benchSam2(call: Call) {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: call.text("device") as Device });
  try {
    const gflops = await measurePeak(runtime, folder);
    call.say(`peak (MatMul 2048³)          ${gflops.toFixed(0)} GFLOP/s`);
    const nano = openSam2File((await findModel("sam2-nano")).path);
    const models: Record<string, unknown> = {
      nano: await benchModel(call, runtime, nano.weights, { folder, gflops }),
    };
    nano.close();
    const tiny = await tinyByFormula();
    if (tiny) {
      models.tiny = await benchModel(call, runtime, tiny, { folder, gflops });
    } else call.say("tiny: skipped, its list of weights is in ../shared");
    return { peakGflops: gflops, side, models };
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchModel(
  call: Call,
  runtime: Runtime,
  weights: Sam2Weights,
  { folder, gflops }: { folder: string; gflops: number },
) {
  const { name, channels, memoryChannels } = weights.config;
  const engine = await openEngine(weights, runtime, {
    sha256: `bench-${name}`,
    cache: folder,
    side,
  });
  const image = constantTensor([1, 3, side, side]);
  const features = await engine.encodeImage(image);
  const tokens = (side / 16) ** 2;
  const pointerTokens = pointers * channels / memoryChannels;
  const bank = {
    memory: constantTensor([1, memories * tokens, memoryChannels]),
    memoryPosition: constantTensor([1, memories * tokens, memoryChannels]),
    pointers: constantTensor([1, pointerTokens, memoryChannels]),
    pointerPosition: constantTensor([1, pointerTokens, memoryChannels]),
  };
  const mask = new Float32Array((side / 4) ** 2);
  const encode = await bestOf(async () =>
    await engine.releaseFeatures(await engine.encodeImage(image))
  );
  const attend = await bestOf(async () => {
    const frame = await engine.attendFrame(features);
    await engine.release(await engine.attend(frame, bank));
    await engine.release(frame);
  });
  const decode = await bestOf(() =>
    engine.decode(features, {
      isUnconditioned: true,
      points: [{ x: 0, y: 0, label: -1 }],
    })
  );
  const remember = await bestOf(() =>
    engine.encodeMemory(features, { mask, isPrompted: false, objectScore: 1 })
  );
  await engine.releaseFeatures(features);
  await engine.close();

  const flops = {
    encode: countFlops(buildImageEncoder(weights, side)),
    attend: countFlops(buildMemoryAttention(weights, side, { from: "image" }), {
      B: 1,
      M: memories * tokens,
      P: pointerTokens,
      T: memories,
    }),
  };
  const share = (flop: number, ms: number) => flop / ms / 1e6 / gflops;
  const result = {
    msEncode: encode,
    msAttend: attend,
    msDecode: decode,
    msRemember: remember,
    msPerFrame: encode + attend + decode + remember,
    gflopEncode: flops.encode / 1e9,
    gflopAttend: flops.attend / 1e9,
    encodeShareOfPeak: share(flops.encode, encode),
    attendShareOfPeak: share(flops.attend, attend),
  };
  call.say(
    `${name.padEnd(10)} at ${side} px: encode ${encode.toFixed(0)} ms (${
      percent(result.encodeShareOfPeak)
    } of peak), memory attention ${attend.toFixed(0)} ms (${
      percent(result.attendShareOfPeak)
    }), decode ${decode.toFixed(0)} ms, memory encoder ${
      remember.toFixed(0)
    } ms; ${result.msPerFrame.toFixed(0)} ms a frame`,
  );
  return result;
}

function constantTensor<const Dims extends readonly number[]>(
  dims: Dims,
): Tensor<Dims> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { dims, data: new Float32Array(size).fill(0.1) };
}
