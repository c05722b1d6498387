// The networks of one SAM 2 model, loaded and ready to run.
//
// Graphs are built from the checkpoint once and kept on disk, keyed by the
// checkpoint's sha256, the graph version, the side and the precision. Everything
// above this file sees only the Engine type, so tracking is tested with a fake
// one.

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Tensor } from "../base/tensor.ts";
import type { Graph } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write_model.ts";
import type { Feed, Runtime, Session } from "../runtime/runtime.ts";
import type { Sam2Config } from "./config.ts";
import { buildImageEncoder } from "./graph/image_encoder.ts";
import { buildMaskDecoder } from "./graph/mask_decoder.ts";
import {
  buildFrameAttention,
  buildMemoryAttention,
} from "./graph/memory_attention.ts";
import { buildMemoryEncoder } from "./graph/memory_encoder.ts";
import type { Precision } from "./graph/layers.ts";
import { sineGrid } from "./graph/position.ts";
import { joinOnGpu, type MemoryJoiner } from "./join_memories.ts";
import type { Sam2Weights } from "./weights.ts";

export type { Precision } from "./graph/layers.ts";

/** Raised by one whenever a graph changes, so that old files are not read. */
export const graphVersion = 3;

/** What the encoder knows of a frame; the tensors may live with the runtime. */
export type FrameFeatures = {
  readonly fpn0: Feed;
  readonly fpn1: Feed;
  readonly fpn2: Feed;
};

/** What the decoder gives for one prompt. */
export type DecoderOutput = {
  /** Logits `[4, side/4, side/4]`. */
  readonly masks: Tensor;
  /** Predicted IoU of each mask, 0..1. */
  readonly ious: readonly number[];
  /** Logit; above 0 the object is there. */
  readonly objectScore: number;
  /** `[4, C]`, one for each mask. */
  readonly pointers: Tensor;
};

/** What the decoder is asked. */
export type DecoderPrompt = {
  /** Features of the frame, conditioned on memories; without them the plain ones are used. */
  readonly conditioned?: Feed;
  /** Adds no_mem_embed to plain features: so for prompted frames, not for mask prompts. */
  readonly isUnconditioned: boolean;
  /** In pixels of the input, with the padding the official code adds. */
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    readonly label: number;
  }[];
  /** Logits `[side/4 · side/4]`. */
  readonly mask?: Float32Array;
};

/** Memory tokens of one object for one frame. */
export type MemoryTokens = {
  readonly memory: Feed;
  readonly memoryPosition: Feed;
  readonly pointers: Tensor;
  readonly pointerPosition: Tensor;
};

/** Small weights that are used outside the graphs. */
export type LooseWeights = {
  /**
   * The place and time of the tokens of a memory, `[N · c]` for each slot: index
   * 0 for the previous frame, the last for conditioning frames.
   */
  readonly memoryPositions: readonly Float32Array[];
  /** `[c, C]` and `[c]`; undefined in SAM 2.0. */
  readonly pointerTime:
    | { readonly weight: Tensor; readonly bias: Tensor }
    | undefined;
  readonly noObjectPointer: Float32Array;
  /** A 4×4 kernel and its offset. */
  readonly maskDownsample: {
    readonly kernel: Float32Array;
    readonly offset: number;
  };
};

/** A SAM 2 model that runs at one input side. */
export type Engine = {
  readonly config: Sam2Config;
  readonly side: number;
  readonly precision: Precision;
  readonly loose: LooseWeights;
  encodeImage(image: Tensor): Promise<FrameFeatures>;
  releaseFeatures(features: FrameFeatures): Promise<void>;
  decode(
    features: FrameFeatures,
    prompt: DecoderPrompt,
  ): Promise<DecoderOutput>;
  /** What all objects of a frame share of memory attention; release it after the last of them. */
  attendFrame(features: FrameFeatures): Promise<Feed>;
  /**
   * Conditions the frame on the memories of one object; release the result
   * after decoding.
   *
   * @param frame of attendFrame
   */
  attend(frame: Feed, tokens: MemoryTokens): Promise<Feed>;
  /**
   * Joins memories where they are, in the memory of a GPU; undefined where
   * that gains nothing. Release the result after attending.
   */
  readonly joinMemories?: MemoryJoiner["join"];
  release(feed: Feed): Promise<void>;
  /** `[N · c]`, token-major. */
  encodeMemory(
    features: FrameFeatures,
    memory: {
      readonly mask: Float32Array;
      readonly isPrompted: boolean;
      readonly objectScore: number;
    },
  ): Promise<Float32Array>;
  close(): Promise<void>;
};

const builders: Readonly<
  Record<
    string,
    (
      weights: Sam2Weights,
      side: number,
      options: { readonly precision: Precision },
    ) => Graph
  >
> = {
  image_encoder: buildImageEncoder,
  mask_decoder: buildMaskDecoder,
  frame_attention: buildFrameAttention,
  memory_attention: buildMemoryAttention,
  memory_encoder: (weights, side) => buildMemoryEncoder(weights, side),
};

/** What one network hands to another without passing through here. */
const kept: Readonly<Record<string, readonly string[]>> = {
  image_encoder: ["fpn0", "fpn1", "fpn2"],
  frame_attention: ["frame"],
  memory_attention: ["pixels"],
  memory_encoder: ["memory"],
};

/**
 * Loads a model, building its graphs where they are not on disk yet.
 *
 * @param options.sha256 of the checkpoint file
 * @param options.cache folder for built graphs
 * @param options.side of the square input in pixels, a multiple of 32
 * @param options.precision int8 multiplies the large products in 8 bits, on the CPU only
 * @throws RangeError for int8 on another device
 */
export async function openEngine(
  weights: Sam2Weights,
  runtime: Runtime,
  { sha256, cache, side, precision = "float32" }: {
    readonly sha256: string;
    readonly cache: string;
    readonly side: number;
    readonly precision?: Precision;
  },
): Promise<Engine> {
  if (precision === "int8" && runtime.device !== "cpu") {
    throw new RangeError(
      `Cannot run int8 on ${runtime.device}: it is for the CPU alone, expected device cpu or precision float32`,
    );
  }
  const hints = createHash("sha256").update(JSON.stringify(weights.config))
    .digest("hex").slice(0, 8);
  const folder = join(
    cache,
    `${sha256.slice(0, 16)}-${hints}-v${graphVersion}-${side}-${precision}`,
  );
  await Deno.mkdir(folder, { recursive: true });
  const sessions: Record<string, Session> = {};
  try {
    for (const [name, build] of Object.entries(builders)) {
      const path = join(folder, `${name}.onnx`);
      const isBuilt = await Deno.stat(path).then(() => true, () => false);
      if (!isBuilt) writeModel(path, build(weights, side, { precision }));
      sessions[name] = await runtime.load(path, { keep: kept[name] });
    }
    return engineOf(weights, runtime, { side, precision, sessions, folder });
  } catch (error) {
    for (const session of Object.values(sessions)) await session.release();
    throw error;
  }
}

function engineOf(
  weights: Sam2Weights,
  runtime: Runtime,
  { side, precision, sessions, folder }: {
    readonly side: number;
    readonly precision: Precision;
    readonly sessions: Readonly<Record<string, Session>>;
    readonly folder: string;
  },
): Engine {
  const { config } = weights;
  const low = side / 4;
  const noMask = new Float32Array(low * low);
  const loose = readLooseWeights(weights, side);
  const joiner = runtime.device === "webgpu"
    ? joinOnGpu(runtime, {
      positions: loose.memoryPositions,
      channels: config.memoryChannels,
    }, { folder })
    : undefined;
  const flag = (on: boolean): Tensor => ({
    dims: [1, 1, 1, 1],
    data: Float32Array.of(on ? 1 : 0),
  });
  const release = async (...feeds: readonly Feed[]) => {
    const held = feeds.filter((feed) => "kind" in feed);
    if (held.length > 0) await runtime.release(...held);
  };

  return {
    config,
    side,
    precision,
    loose,
    joinMemories: joiner?.join,
    encodeImage: (image) => {
      const names = ["fpn0", "fpn1", "fpn2"] as const;
      return sessions.image_encoder.run({ image }, names, { hold: names });
    },
    releaseFeatures: ({ fpn0, fpn1, fpn2 }) => release(fpn0, fpn1, fpn2),
    decode: async (features, prompt) => {
      const { points, mask } = prompt;
      const out = await sessions.mask_decoder.run(
        {
          pixels: prompt.conditioned ?? features.fpn2,
          isUnconditioned: flag(prompt.isUnconditioned),
          fpn0: features.fpn0,
          fpn1: features.fpn1,
          points: {
            dims: [1, points.length, 2],
            data: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
          },
          labels: {
            dims: [1, points.length],
            data: Float32Array.from(points, ({ label }) => label),
          },
          mask: { dims: [1, 1, low, low], data: mask ?? noMask },
          hasMask: flag(mask !== undefined),
        },
        ["masks", "ious", "objectScore", "pointers"],
      );
      return {
        masks: { dims: [4, low, low], data: out.masks.data },
        ious: [...out.ious.data],
        objectScore: out.objectScore.data[0],
        pointers: { dims: [4, config.channels], data: out.pointers.data },
      };
    },
    attendFrame: async ({ fpn2 }) => {
      const names = ["frame"] as const;
      const { frame } = await sessions.frame_attention.run({ fpn2 }, names, {
        hold: names,
      });
      return frame;
    },
    attend: async (frame, tokens) => {
      const { pixels } = await sessions.memory_attention.run(
        { frame, ...tokens },
        ["pixels"],
        { hold: ["pixels"] },
      );
      return pixels;
    },
    release: (feed) => release(feed),
    encodeMemory: async ({ fpn2 }, { mask, isPrompted, objectScore }) => {
      const feeds = {
        fpn2,
        mask: { dims: [1, 1, low, low], data: mask },
        isPrompted: flag(isPrompted),
        objectScore: { dims: [1, 1], data: Float32Array.of(objectScore) },
      };
      const { memory_encoder } = sessions;
      const names = ["memory"] as const;
      if (!joiner) return (await memory_encoder.run(feeds, names)).memory.data;
      const { memory } = await memory_encoder.run(feeds, names, {
        hold: names,
      });
      const { data } = await runtime.read(memory);
      await joiner.keep(data, memory);
      return data;
    },
    close: async () => {
      await joiner?.close();
      for (const session of Object.values(sessions)) await session.release();
    },
  };
}

function readLooseWeights(
  { config, read }: Sam2Weights,
  side: number,
): LooseWeights {
  const hasTime = config.family === "sam2.1";
  return {
    memoryPositions: memoryPositions(
      sineGrid(side / 16, config.memoryChannels),
      read("maskmem_tpos_enc"),
    ),
    pointerTime: hasTime
      ? {
        weight: read("obj_ptr_tpos_proj.weight"),
        bias: read("obj_ptr_tpos_proj.bias"),
      }
      : undefined,
    noObjectPointer: read("no_obj_ptr").data,
    maskDownsample: {
      kernel: read("mask_downsample.weight").data,
      offset: read("mask_downsample.bias").data[0],
    },
  };
}

/** The code of every place, `[N, c]`, plus that of each time slot, `[slots, …, c]`. */
function memoryPositions(places: Tensor, times: Tensor): Float32Array[] {
  const c = places.dims[1];
  return Array.from({ length: times.dims[0] }, (_, slot) => {
    const time = times.data.subarray(slot * c, (slot + 1) * c);
    return places.data.map((place, i) => place + time[i % c]);
  });
}
