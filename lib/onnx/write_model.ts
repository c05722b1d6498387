// Writing a graph to disk, complete or not at all.
//
// Two processes may build the same graph at once: each writes under a name of
// its own and renames, and since the same graph gives the same bytes it does
// not matter whose file stays.

import { basename } from "node:path";
import type { Graph } from "./graph.ts";
import { encodeModel } from "./model_file.ts";
import type { Chunks } from "./protobuf.ts";

/**
 * Writes `path` and, for large graphs, the constants to `path`.data beside it.
 *
 * @param options.metadata texts by name that other programs read beside the graph
 */
export function writeModel(
  path: string,
  graph: Graph,
  { externalAboveBytes, metadata }: {
    externalAboveBytes?: number;
    metadata?: Readonly<Record<string, string>>;
  } = {},
): void {
  const dataPath = `${path}.data`;
  const { model, externalData } = encodeModel(graph, {
    externalName: basename(dataPath),
    externalAboveBytes,
    metadata,
  });
  if (externalData) writeChunks(dataPath, externalData);
  writeChunks(path, model); // last: whoever finds it finds all
}

function writeChunks(path: string, chunks: Chunks) {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const file = Deno.openSync(temporary, { write: true, createNew: true });
  try {
    for (const chunk of gather(chunks)) {
      let done = 0;
      while (done < chunk.length) done += file.writeSync(chunk.subarray(done));
    }
    file.syncSync();
  } catch (error) {
    file.close();
    Deno.removeSync(temporary);
    throw error;
  }
  file.close();
  Deno.renameSync(temporary, path);
}

/** Joins small chunks, so that a graph of many nodes needs few writes. */
function* gather(chunks: Chunks): Generator<Uint8Array> {
  const buffer = new Uint8Array(1 << 16);
  let used = 0;
  for (const chunk of chunks) {
    if (chunk.length > buffer.length - used) {
      yield buffer.subarray(0, used);
      used = 0;
    }
    if (chunk.length > buffer.length) {
      yield chunk;
    } else {
      buffer.set(chunk, used);
      used += chunk.length;
    }
  }
  yield buffer.subarray(0, used);
}
