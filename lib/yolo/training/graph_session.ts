// Graphs of a training as sessions: written, loaded, fed.

import { join } from "node:path";
import type { Tensor } from "../../base/tensor.ts";
import type { Graph } from "../../onnx/graph.ts";
import { writeModel } from "../../onnx/write_model.ts";
import type { Feed, Runtime, Session } from "../../runtime/runtime.ts";
import type { Batch } from "./batch.ts";

/** Loads a graph and removes its file. */
export async function loadGraph(
  runtime: Runtime,
  graph: Graph,
  scratch: string,
): Promise<Session> {
  const path = join(scratch, `${crypto.randomUUID()}.onnx`);
  writeModel(path, graph);
  try {
    return await runtime.load(path);
  } finally {
    await Deno.remove(path);
    await Deno.remove(`${path}.data`).catch(() => undefined); // only for large graphs
  }
}

/** A batch as feeds of a graph. */
export function batchFeeds(batch: Batch): Record<string, Tensor> {
  const { masks, ...rest } = batch;
  return masks ? { ...rest, masks } : rest;
}

/** What a session gave back, which is no tensor that it holds. */
export function asTensor(feed: Feed): Tensor {
  if ("kind" in feed) throw new TypeError("The runtime holds what was asked");
  return feed;
}
