// Running a graph once, with its inner tensors exposed.

import { join } from "node:path";
import type { Tensor } from "../../base/tensor.ts";
import { exposeLabels, type Graph } from "../../onnx/graph.ts";
import { writeModel } from "../../onnx/write_model.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** Runs a graph and gives back all outputs, and the labelled tensors asked for. */
export type GraphRunner = (
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  options?: { readonly expose?: readonly string[] },
) => Promise<Readonly<Record<string, Tensor>>>;

/** A runner that writes graphs to a folder and removes them afterwards. */
export function graphRunner(runtime: Runtime, folder: string): GraphRunner {
  return async (graph, feeds, { expose = [] } = {}) => {
    exposeLabels(graph, expose);
    const path = join(folder, `${crypto.randomUUID()}.onnx`);
    try {
      writeModel(path, graph);
      const session = await runtime.load(path);
      try {
        const names = graph.outputs.map(({ name }) => name);
        return await session.run<string, never>(feeds, names);
      } finally {
        await session.release();
      }
    } finally {
      for (const file of [path, `${path}.data`]) {
        await Deno.remove(file).catch(() => undefined); // the second exists for large graphs only
      }
    }
  };
}

/** A 0 or 1 as the graphs take it. */
export function flag(on: boolean): Tensor {
  return { dims: [1, 1, 1, 1], data: Float32Array.of(on ? 1 : 0) };
}

/** Token-major `[…, N, C]` as planes `[C, N]`. */
export function planesOf({ dims, data }: Tensor): Tensor {
  const [tokens, channels] = dims.slice(-2);
  const out = new Float32Array(data.length);
  for (let t = 0; t < tokens; t++) {
    for (let c = 0; c < channels; c++) {
      out[c * tokens + t] = data[t * channels + c];
    }
  }
  return { dims: [channels, tokens], data: out };
}

/** Planes `[1, C, h, w]` as token-major `[N, C]`. */
export function tokensOf({ dims, data }: Tensor): Tensor {
  const [, channels, h, w] = dims;
  const planes = { dims: [channels, h * w], data };
  return planesOf(planes); // the same transposition the other way round
}
