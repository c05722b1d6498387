// What the benches measure with: the best of several runs, the machine's peak,
// and a full-size model whose weights are made by formula.

import { existsSync } from "node:fs";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
} from "../../lib/onnx/graph.ts";
import { MatMul } from "../../lib/onnx/ops/linear.ts";
import { writeModel } from "../../lib/onnx/write_model.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Sam2Weights } from "../../lib/sam2/weights.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import { formulaWeights, FullSize } from "../../lib/work/parity/full_size.ts";
import { sharedUrl } from "../shared.ts";

/** The shortest of several runs, in milliseconds. */
export async function bestOf(
  work: () => Promise<unknown>,
  { runs = 7 }: { runs?: number } = {},
): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < runs; i++) best = Math.min(best, await msOf(work));
  return best;
}

/** How long work takes, in milliseconds. */
export async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The best of several products of two 2048 × 2048 matrices, in GFLOP/s. */
export async function measurePeak(
  runtime: Runtime,
  folder: string,
): Promise<number> {
  const n = 2048;
  const graph = createGraph("peak");
  const a = addInput(graph, "a", [n, n]);
  const matrix = { dims: [n, n], data: new Float32Array(n * n).fill(0.1) };
  addOutput(graph, "y", MatMul(graph, a, constant(graph, "b", matrix)));
  writeModel(`${folder}/peak.onnx`, graph);
  const session = await runtime.load(`${folder}/peak.onnx`);
  const held = await runtime.hold(matrix);
  const ms = await bestOf(async () => {
    const { y } = await session.run({ a: held }, ["y"], { hold: ["y"] });
    await runtime.release(y);
  });
  await runtime.release(held);
  await session.release();
  return 2 * n ** 3 / ms / 1e6;
}

/** SAM 2.1 tiny with made weights; undefined where the list of its weights is absent. */
export async function tinyByFormula(): Promise<Sam2Weights | undefined> {
  const path = new URL("golden/sam2/full-size.json", sharedUrl);
  if (!existsSync(path)) return undefined;
  const { tiny } = FullSize.parse(JSON.parse(await Deno.readTextFile(path)));
  return formulaWeights("tiny", tiny.keys);
}

/** A share as it is printed. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** Writes a checkpoint of SAM 2.1 tiny with made weights; its list of weights lies in ../shared. */
export async function writeTiny(folder: string): Promise<string> {
  const url = new URL("golden/sam2/full-size.json", sharedUrl);
  const { tiny } = FullSize.parse(JSON.parse(await Deno.readTextFile(url)));
  const { read } = formulaWeights("tiny", tiny.keys);
  const tensors = new Map(tiny.keys.map(([name]) => [name, read(name)]));
  const path = `${folder}/tiny-by-formula.safetensors`;
  writeSafetensors(path, tensors);
  return path;
}
