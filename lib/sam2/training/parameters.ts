// What a SAM 2 network learns, as flat vectors, by module.
//
// A module is what runs as one graph: the image encoder, the decoder with the
// prompt encoder, memory attention, the memory encoder. The random directions
// of the Fourier code and what the network does not use never learn; the
// map of mask prompts (mask_downsample) is left as it is.

import type { Tensor } from "../../base/tensor.ts";
import {
  endOf,
  layPlaces,
  type Place,
} from "../../onnx/learning/flat_vector.ts";
import type { Sam2Weights } from "../weights.ts";

/** The modules in the order in which their parameters lie. */
export const moduleNames = [
  "encoder",
  "decoder",
  "attention",
  "memory",
] as const;
export type ModuleName = typeof moduleNames[number];

/** Where the parameters of a network lie. */
export type Sam2Layout = {
  readonly length: number;
  /** The part of each module, places counted from the start of the whole vector. */
  readonly modules: Readonly<Record<ModuleName, readonly Place[]>>;
};

const fixed = [
  "no_mem_pos_enc",
  "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
  "mask_downsample.weight",
  "mask_downsample.bias",
];

/** Lays out the tensors of a checkpoint that learn. */
export function layoutSam2(
  names: Iterable<string>,
  weights: Sam2Weights,
): Sam2Layout {
  const learning = [...names].filter((name) => !fixed.includes(name));
  const byModule = Map.groupBy(learning, moduleOf);
  const ordered = moduleNames.flatMap((name) => byModule.get(name) ?? []);
  const places = layPlaces(ordered, (name) => weights.read(name).dims);
  const of = (module: ModuleName) =>
    places.filter(({ name }) => moduleOf(name) === module);
  return {
    length: endOf(places),
    modules: {
      encoder: of("encoder"),
      decoder: of("decoder"),
      attention: of("attention"),
      memory: of("memory"),
    },
  };
}

/** The module that a tensor belongs to. */
export function moduleOf(name: string): ModuleName {
  if (/^image_encoder\.|^sam_mask_decoder\.conv_s[01]\./.test(name)) {
    return "encoder";
  }
  if (/^memory_attention\.|^maskmem_tpos_enc|^obj_ptr_tpos_proj/.test(name)) {
    return "attention";
  }
  if (/^memory_encoder\.|^no_obj_embed_spatial/.test(name)) return "memory";
  return "decoder";
}

/** The places of all modules, in order. */
export function allPlaces({ modules }: Sam2Layout): readonly Place[] {
  return moduleNames.flatMap((name) => modules[name]);
}

/** Gathers the values of a checkpoint. */
export function gatherSam2(
  weights: Sam2Weights,
  layout: Sam2Layout,
): Float32Array {
  const flat = new Float32Array(layout.length);
  for (const { name, from } of allPlaces(layout)) {
    flat.set(weights.read(name).data, from);
  }
  return flat;
}

/** The weights with what was learnt in place of what was. */
export function withSam2Values(
  weights: Sam2Weights,
  layout: Sam2Layout,
  values: Float32Array,
): Sam2Weights {
  const learnt = new Map<string, Tensor>();
  for (const { name, dims, from, length } of allPlaces(layout)) {
    learnt.set(name, { dims, data: values.subarray(from, from + length) });
  }
  return {
    ...weights,
    read: (name) => learnt.get(name) ?? weights.read(name),
  };
}

/** Norms, biases, embeddings and tokens do not decay. */
export function decays({ name, dims }: Place): boolean {
  if (dims.filter((dim) => dim > 1).length < 2) return false;
  return !/embed|token|tpos_enc|no_obj_ptr/.test(name);
}
