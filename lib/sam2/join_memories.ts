// Memories of several frames as one tensor in the memory of a GPU.
//
// A memory is an array that the caller keeps and stores; with WebGPU a copy of
// each stays on the GPU as well, so that a frame joins what it reads there
// instead of sending megabytes again. The array itself is the key. What is not
// there any more (a resumed run, a memory long unused) is sent once.

import { join } from "node:path";
import { addInput, addOutput, createGraph } from "../onnx/graph.ts";
import { Concat } from "../onnx/ops/shape.ts";
import { writeModel } from "../onnx/write_model.ts";
import type { HeldTensor, Runtime, Session } from "../runtime/runtime.ts";

/** Joined memories and their places in space and time, `[1, M, c]` each. */
export type JoinedMemories = {
  readonly memory: HeldTensor;
  readonly memoryPosition: HeldTensor;
};

/** Joins memories on the GPU. */
export type MemoryJoiner = {
  /** Takes over a memory that was just encoded and is on the GPU already. */
  keep(memory: Float32Array, held: HeldTensor): Promise<void>;
  /** Joins memories in the order given; release the result after use. */
  join(
    memories: readonly Float32Array[],
    slots: readonly number[],
  ): Promise<JoinedMemories>;
  close(): Promise<void>;
};

/** As many memories stay on the GPU: those of some four objects. */
const mostKept = 64;

/**
 * Opens a joiner; it is closed before its runtime.
 *
 * @param options.folder where the small graphs that join are written
 */
export function joinOnGpu(
  runtime: Runtime,
  { positions, channels }: {
    /** The code of every token for each slot in time, `[N · c]`. */
    readonly positions: readonly Float32Array[];
    /** Channels of a memory, c. */
    readonly channels: number;
  },
  { folder }: { readonly folder: string },
): MemoryJoiner {
  const kept = new Map<Float32Array, HeldTensor>(); // the last used one at the end
  const places = new Map<number, HeldTensor>();
  const sessions = new Map<number, Session>();

  const send = (data: Float32Array) =>
    runtime.hold({ dims: [1, data.length / channels, channels], data });
  const keep = async (memory: Float32Array, held: HeldTensor) => {
    kept.set(memory, held);
    for (const [oldest, tensor] of kept) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
      await runtime.release(tensor);
    }
  };
  const heldOf = async (memory: Float32Array) => {
    const there = kept.get(memory);
    kept.delete(memory);
    const held = there ?? await send(memory);
    await keep(memory, held);
    return held;
  };
  const placeOf = async (slot: number) => {
    const there = places.get(slot);
    if (there) return there;
    const held = await send(positions[slot]);
    places.set(slot, held);
    return held;
  };
  const joinHeld = async (parts: readonly HeldTensor[]) => {
    const session = sessions.get(parts.length) ??
      await loadJoin(runtime, folder, parts.length, channels);
    sessions.set(parts.length, session);
    const feeds = Object.fromEntries(parts.map((part, i) => [`x${i}`, part]));
    return (await session.run(feeds, ["y"], { hold: ["y"] })).y;
  };

  return {
    keep,
    join: async (memories, slots) => {
      const parts: HeldTensor[] = [];
      for (const memory of memories) parts.push(await heldOf(memory));
      const codes: HeldTensor[] = [];
      for (const slot of slots) codes.push(await placeOf(slot));
      return {
        memory: await joinHeld(parts),
        memoryPosition: await joinHeld(codes),
      };
    },
    close: async () => {
      await runtime.release(...kept.values(), ...places.values());
      for (const session of sessions.values()) await session.release();
    },
  };
}

async function loadJoin(
  runtime: Runtime,
  folder: string,
  count: number,
  channels: number,
): Promise<Session> {
  const graph = createGraph(`join_${count}`);
  const parts = Array.from(
    { length: count },
    (_, i) => addInput(graph, `x${i}`, [1, `n${i}`, channels]),
  );
  addOutput(graph, "y", Concat(graph, parts, { axis: 1 }));
  const path = join(folder, `join_${count}.onnx`);
  writeModel(path, graph);
  return await runtime.load(path, { keep: ["y"] });
}
