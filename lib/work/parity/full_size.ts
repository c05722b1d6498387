// All official sizes with weights made by formula, against `full-size.json`.
//
// Each run of a size is compared graph by graph, so that no more than one
// graph is in memory at a time.

import { z } from "zod";
import type { Tensor } from "../../base/tensor.ts";
import { readSam2Config } from "../../sam2/config.ts";
import { checkTensors } from "../../sam2/expected_tensors.ts";
import { buildImageEncoder } from "../../sam2/graph/image_encoder.ts";
import { buildMaskDecoder } from "../../sam2/graph/mask_decoder.ts";
import { buildMemoryAttention } from "../../sam2/graph/memory_attention.ts";
import { buildMemoryEncoder } from "../../sam2/graph/memory_encoder.ts";
import { sineGrid } from "../../sam2/graph/position.ts";
import { absentLogit, chooseMask } from "../../sam2/selection.ts";
import type { Sam2Weights } from "../../sam2/weights.ts";
import type { TensorInfo } from "../../weights/checkpoint.ts";
import {
  type Check,
  compareNumber,
  compareSummary,
  compareTensor,
  type Comparison,
} from "./compare.ts";
import { fillTensor, fillWeight } from "./filler.ts";
import { flag, type GraphRunner, planesOf, tokensOf } from "./run_graph.ts";

const Summary = z.object({
  shape: z.array(z.int().positive()),
  mean: z.number(),
  std: z.number(),
  min: z.number(),
  max: z.number(),
  samples: z.array(z.number()),
});
const Decoder = z.object({
  rawMasks4: Summary,
  rawIou4: z.array(z.number()),
  objectScore: z.number(),
  tokens4: Summary,
  ious: z.array(z.number()),
  lowResMask: Summary,
  objectPointer: Summary,
});
const Run = z.looseObject({ imageSize: z.int().positive() });
const Model = z.object({
  keys: z.array(z.tuple([
    z.string(),
    z.array(z.int().positive()),
    z.enum(["weight", "bias", "norm_weight", "embedding", "gaussian", "gamma"]),
  ])),
  runs: z.array(Run),
});
/** The layout of full-size.json: sizes by name. */
export const FullSize = z.record(z.string(), Model);
type Model = z.infer<typeof Model>;
type Run = z.infer<typeof Run>;

/** The weights of a size, made when they are read. */
export function formulaWeights(name: string, keys: Model["keys"]): Sam2Weights {
  const kinds = new Map(keys.map(([key, dims, kind]) => [key, { dims, kind }]));
  const infos = new Map(keys.map(([key, dims]): [string, TensorInfo] => [
    key,
    { dims, type: "float32" },
  ]));
  const config = readSam2Config(infos);
  const source = `${name} by formula`;
  checkTensors(infos, config, { source });
  return {
    source,
    config,
    read: (key) => {
      const known = kinds.get(key);
      if (!known) throw new RangeError(`${source} has no tensor ${key}`);
      return fillWeight(key, known.dims, known.kind);
    },
  };
}

/** Lists the checks of every size and input side. */
export function fullSizeChecks(
  file: z.infer<typeof FullSize>,
  runner: GraphRunner,
): readonly Check[] {
  return Object.entries(file).flatMap(([size, { keys, runs }]) =>
    runs.map((run) => {
      const prefix = `full-size/${size}/${run.imageSize}`;
      const names = Object.keys(run).filter((key) => key !== "imageSize");
      const count = names.reduce(
        (sum, name) => sum + (name.startsWith("decoder_") ? 7 : 1),
        0,
      );
      return {
        name: names.map((name) => `${prefix}/${name}`).join(" "),
        count,
        compare: () =>
          compareRun(prefix, formulaWeights(size, keys), run, runner),
      };
    })
  );
}

async function compareRun(
  prefix: string,
  weights: Sam2Weights,
  run: Run,
  runner: GraphRunner,
): Promise<readonly Comparison[]> {
  const side = run.imageSize;
  const { channels, memoryChannels } = weights.config;
  const summary = (name: string, found: Tensor) =>
    compareSummary(`${prefix}/${name}`, found, Summary.parse(run[name]));

  const image = fillTensor("image", [1, 3, side, side], { scale: 2 });
  const stages = [0, 1, 2, 3].map((i) => `trunk.${i}`);
  const features = await runner(
    buildImageEncoder(weights, side),
    { image },
    { expose: stages },
  );
  const { fpn0, fpn1, fpn2 } = features;
  const found: Comparison[] = [
    ...[0, 1, 2, 3].map((i) => summary(`trunk${i}`, features[`trunk.${i}`])),
    summary("fpn0", fpn0),
    summary("fpn1", fpn1),
    summary("fpn2", fpn2),
    summary("imagePositionCode", planesOf(sineGrid(side / 16, channels))),
    summary(
      "memoryPositionCode",
      planesOf(sineGrid(side / 16, memoryChannels)),
    ),
  ];
  for (const name of Object.keys(run).filter((k) => k.startsWith("decoder_"))) {
    const wanted = Decoder.parse(run[name]);
    const prompt = decoderPrompts[name.slice("decoder_".length)];
    const out = await runner(buildMaskDecoder(weights, side), {
      pixels: fpn2,
      isUnconditioned: flag(true),
      fpn0,
      fpn1,
      ...toFeeds(prompt, side),
    }, { expose: ["tokens"] });
    found.push(...compareDecoder(`${prefix}/${name}`, out, {
      wanted,
      multimask: prompt.multimask,
      noPointer: weights.read("no_obj_ptr").data,
    }));
  }
  found.push(...await compareMemory(weights, side, fpn2, { summary, runner }));
  return found;
}

type Prompt = {
  readonly points: readonly (readonly [x: number, y: number, label: number])[];
  readonly hasMask?: boolean;
  readonly multimask: boolean;
};

/** The prompts of the golden; coordinates over the side. */
const decoderPrompts: Readonly<Record<string, Prompt>> = {
  onePositiveMulti: { points: [[0.31, 0.62, 1]], multimask: true },
  threePointsSingle: {
    points: [[0.31, 0.62, 1], [0.7, 0.2, 0], [0.05, 0.9, 1]],
    multimask: false,
  },
  boxAndPointSingle: {
    points: [[0.2, 0.25, 2], [0.6, 0.8, 3], [0.4, 0.4, 1]],
    multimask: false,
  },
  noPromptMulti: { points: [[0, 0, -1]], multimask: true },
  pointWithMaskSingle: {
    points: [[0.31, 0.62, 1], [0.5, 0.5, 0]],
    hasMask: true,
    multimask: false,
  },
};

function toFeeds({ points, hasMask = false }: Prompt, side: number) {
  const padded = [...points, [0, 0, -1] as const];
  const low = side / 4;
  return {
    points: {
      dims: [1, padded.length, 2],
      data: Float32Array.from(padded.flatMap(([x, y]) => [x * side, y * side])),
    },
    labels: {
      dims: [1, padded.length],
      data: Float32Array.from(padded, ([, , label]) => label),
    },
    mask: fillTensor("mask_prompt", [1, 1, low, low], { scale: 8 }),
    hasMask: flag(hasMask),
  };
}

function compareDecoder(
  name: string,
  out: Readonly<Record<string, Tensor>>,
  { wanted, multimask, noPointer }: {
    readonly wanted: z.infer<typeof Decoder>;
    readonly multimask: boolean;
    readonly noPointer: Float32Array;
  },
): readonly Comparison[] {
  const score = out.objectScore.data[0];
  const output = {
    masks: out.masks,
    ious: [...out.ious.data],
    objectScore: score,
    pointers: { ...out.pointers, dims: out.pointers.dims.slice(1) },
  };
  const chosen = chooseMask(output, { multimask });
  const isPresent = score > 0;
  const lowRes = isPresent ? chosen.lowRes : chosen.lowRes.fill(absentLogit);
  const ious = multimask ? output.ious.slice(1) : [chosen.iou];
  const pointer = isPresent ? chosen.pointer : noPointer;
  const tensor = (data: Float32Array) => ({ dims: [data.length], data });
  return [
    compareSummary(`${name}/rawMasks4`, out.masks, wanted.rawMasks4),
    compareTensor(
      `${name}/rawIou4`,
      out.ious.data,
      Float32Array.from(wanted.rawIou4),
    ),
    compareNumber(`${name}/objectScore`, score, wanted.objectScore),
    compareSummary(`${name}/tokens4`, out.tokens, wanted.tokens4),
    compareNumber(
      `${name}/ious`,
      Math.max(...ious.map((iou, i) => Math.abs(iou - wanted.ious[i]))),
      0,
    ),
    compareSummary(`${name}/lowResMask`, tensor(lowRes), wanted.lowResMask),
    compareSummary(
      `${name}/objectPointer`,
      tensor(pointer),
      wanted.objectPointer,
    ),
  ];
}

async function compareMemory(
  weights: Sam2Weights,
  side: number,
  fpn2: Tensor,
  { summary, runner }: {
    readonly summary: (name: string, found: Tensor) => Comparison;
    readonly runner: GraphRunner;
  },
): Promise<readonly Comparison[]> {
  const found: Comparison[] = [];
  const mask = fillTensor("mask_high_res", [1, 1, side, side], { scale: 6 });
  const kinds = [["Prompted", true, 3], ["Tracked", false, 3], [
    "Absent",
    false,
    -3,
  ]] as const;
  for (const [name, isPrompted, score] of kinds) {
    const graph = buildMemoryEncoder(weights, side, { maskAt: "full" });
    const { memory } = await runner(graph, {
      fpn2,
      mask,
      isPrompted: flag(isPrompted),
      objectScore: { dims: [1, 1], data: Float32Array.of(score) },
    });
    found.push(summary(`memoryEncoder${name}`, planesOf(memory)));
  }
  const c = weights.config.memoryChannels;
  const batched = (name: string, tokens: number): Tensor => ({
    ...fillTensor(name, [tokens, 1, c], { scale: 1 }),
    dims: [1, tokens, c],
  });
  const tokens = (side / 16) ** 2;
  const pointerTokens = 2 * weights.config.channels / c;
  const attention = buildMemoryAttention(weights, side, { from: "image" });
  const { pixels } = await runner(attention, {
    fpn2,
    memory: batched("memory", 3 * tokens),
    memoryPosition: batched("memory_pos", 3 * tokens),
    pointers: batched("pointer_tokens", pointerTokens),
    pointerPosition: batched("pointer_pos", pointerTokens),
  });
  found.push(summary("memoryAttention", tokensOf(pixels)));
  return found;
}
