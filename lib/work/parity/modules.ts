// The modules of a small model, each of its inner tensors, against
// `modules-NAME.safetensors` printed for `sam2-NAME.pt`.

import type { Tensor } from "../../base/tensor.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { fourierGrid, sineGrid } from "../../sam2/graph/position.ts";
import { buildImageEncoder } from "../../sam2/graph/image_encoder.ts";
import { buildMaskDecoder } from "../../sam2/graph/mask_decoder.ts";
import { buildMemoryAttention } from "../../sam2/graph/memory_attention.ts";
import { buildMemoryEncoder } from "../../sam2/graph/memory_encoder.ts";
import type { Sam2Weights } from "../../sam2/weights.ts";
import { type Check, compareTensor } from "./compare.ts";
import { flag, type GraphRunner, planesOf, tokensOf } from "./run_graph.ts";

/** Points of the golden, in model pixels, with the padding that is always appended. */
const points = {
  dims: [1, 4, 2],
  data: Float32Array.of(40, 80, 90, 25.5, 6, 115, 0, 0),
};
const labels = { dims: [1, 4], data: Float32Array.of(1, 0, 1, -1) };

/** Names that the golden calls otherwise than the graphs do. */
const decoderNames: Readonly<Record<string, string>> = {
  masks4: "masks",
  ious4: "ious",
  tokens4: "tokens",
};

/** What is an input, not a result. */
const inputs = new Set([
  "image",
  "maskPrompt",
  "highResMask",
  "attention.memory",
  "attention.memoryPos",
  "attention.pointers",
  "attention.pointerPos",
]);

/** Lists the checks of one modules file. */
export function moduleChecks(
  prefix: string,
  golden: Checkpoint,
  weights: () => Sam2Weights,
  runner: GraphRunner,
): readonly Check[] {
  const names = [...golden.tensors.keys()].filter((name) => !inputs.has(name));
  const groups = Map.groupBy(names, groupOf);
  return [...groups].map(([group, members]) => ({
    name: members.map((member) => `${prefix}/${member}`).join(" "),
    count: members.length,
    compare: async () => {
      const found = await computeGroup(group, golden, weights(), runner);
      return members.map((name) =>
        compareTensor(
          `${prefix}/${name}`,
          found(name),
          golden.read(name).data,
        )
      );
    },
  }));
}

function groupOf(name: string): string {
  if (/^(trunk|fpn)\./.test(name)) return "encoder";
  if (/PositionCode$/.test(name)) return "positions";
  return name.split(".")[0] === "memory" ? name : name.split(".")[0];
}

type Found = (name: string) => Float32Array;

async function computeGroup(
  group: string,
  golden: Checkpoint,
  weights: Sam2Weights,
  runner: GraphRunner,
): Promise<Found> {
  const side = golden.read("image").dims[2];
  if (group === "encoder") return await encoder(golden, weights, side, runner);
  if (group === "positions") return positions(weights, side);
  if (group === "attention") {
    return await attention(golden, weights, side, runner);
  }
  if (group.startsWith("memory.")) {
    return await memory(group, golden, weights, side, runner);
  }
  if (group === "points" || group === "pointsAndMask") {
    return await decoder(group, golden, weights, side, runner);
  }
  return () => new Float32Array(0); // unknown here: compared as different
}

async function encoder(
  golden: Checkpoint,
  weights: Sam2Weights,
  side: number,
  runner: GraphRunner,
): Promise<Found> {
  const expose = [...golden.tensors.keys()].filter((n) => /^trunk\./.test(n));
  const graph = buildImageEncoder(weights, side);
  const out = await runner(graph, { image: golden.read("image") }, { expose });
  return (name) => out[name.replace(/^fpn\./, "fpn")].data;
}

function positions(weights: Sam2Weights, side: number): Found {
  const { channels, memoryChannels } = weights.config;
  const grid = side / 16;
  const gaussian = weights.read(
    "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
  );
  const tables: Record<string, Tensor> = {
    imagePositionCode: sineGrid(grid, channels),
    memoryPositionCode: sineGrid(grid, memoryChannels),
    densePositionCode: fourierGrid(grid, gaussian),
  };
  return (name) => planesOf(tables[name]).data;
}

async function decoder(
  group: "points" | "pointsAndMask",
  golden: Checkpoint,
  weights: Sam2Weights,
  side: number,
  runner: GraphRunner,
): Promise<Found> {
  const hasMask = group === "pointsAndMask";
  const out = await runner(buildMaskDecoder(weights, side), {
    pixels: golden.read("fpn.2"),
    isUnconditioned: flag(true),
    fpn0: golden.read("fpn.0"),
    fpn1: golden.read("fpn.1"),
    points,
    labels,
    mask: golden.read("maskPrompt"),
    hasMask: flag(hasMask),
  }, { expose: ["sparse", "dense", "tokens"] });
  return (name) => {
    const part = name.slice(group.length + 1);
    const { data } = out[decoderNames[part] ?? part];
    const wanted = golden.tensors.get(name)?.dims ?? [];
    const area = wanted.slice(2).reduce((product, dim) => product * dim, 1);
    // without a mask the dense embedding is one value for each channel
    const isBroadcast = part === "dense" && data.length === wanted[1];
    return isBroadcast
      ? Float32Array.from(
        { length: data.length * area },
        (_, i) => data[Math.floor(i / area)],
      )
      : data;
  };
}

async function memory(
  name: string,
  golden: Checkpoint,
  weights: Sam2Weights,
  side: number,
  runner: GraphRunner,
): Promise<Found> {
  const graph = buildMemoryEncoder(weights, side, { maskAt: "full" });
  const score = name === "memory.absent" ? -3 : 3;
  const out = await runner(graph, {
    fpn2: golden.read("fpn.2"),
    mask: golden.read("highResMask"),
    isPrompted: flag(name === "memory.prompted"),
    objectScore: { dims: [1, 1], data: Float32Array.of(score) },
  });
  return () => planesOf(out.memory).data;
}

async function attention(
  golden: Checkpoint,
  weights: Sam2Weights,
  side: number,
  runner: GraphRunner,
): Promise<Found> {
  const batched = (name: string) => {
    const { dims: [tokens, , channels], data } = golden.read(name);
    return { dims: [1, tokens, channels], data };
  };
  const graph = buildMemoryAttention(weights, side, { from: "image" });
  const out = await runner(graph, {
    fpn2: golden.read("fpn.2"),
    memory: batched("attention.memory"),
    memoryPosition: batched("attention.memoryPos"),
    pointers: batched("attention.pointers"),
    pointerPosition: batched("attention.pointerPos"),
  });
  return () => tokensOf(out.pixels).data;
}
