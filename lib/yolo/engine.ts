// A YOLO that runs: one loaded graph for each input size.
//
// Graphs are built from the weights once and kept on disk, keyed by the
// checkpoint's sha256, the graph version and the size. Sessions are kept for
// the sizes used last, since the images of a folder may differ.

import { join } from "node:path";
import { createHash } from "node:crypto";
import type { Size, Tensor } from "../base/tensor.ts";
import { writeModel } from "../onnx/write_model.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { buildDetector } from "./graph/detector.ts";
import type { YoloWeights } from "./weights.ts";

/** Raised by one whenever the graph changes, so that old files are not read. */
export const yoloGraphVersion = 1;

/** What the network says of a batch. */
export type RawOutput = {
  /** `[B, 4 + classes (+ masks), A]` */
  readonly output: Tensor;
  /** `[B, count, h, w]`; only from segmentation. */
  readonly prototypes?: Tensor;
  /** The network itself has left out boxes that are found twice. */
  readonly isSuppressed?: boolean;
};

/** What a detector needs of a network, whatever file it comes from. */
export type YoloEngine = {
  readonly task: "detect" | "segment";
  /** Class names by number. */
  readonly names: readonly string[];
  /** Side of the images it was trained on, pixels. */
  readonly imageSide: number;
  /** Sides of the input are multiples of it. */
  readonly stride: number;
  /** The only size it takes, where a file fixes it. */
  readonly fixedSize?: Size;
  /** Images `[B, 3, height, width]`, 0..1. */
  run(images: Tensor): Promise<RawOutput>;
  close(): Promise<void>;
};

const keptSessions = 6;
const outputNames = { detect: ["output0"], segment: ["output0", "output1"] };

/**
 * Opens an engine over weights.
 *
 * @param options.sha256 of the checkpoint, the key of its graphs
 * @param options.cache folder for built graphs
 */
export function openYoloEngine(
  weights: YoloWeights,
  runtime: Runtime,
  { sha256, cache }: { readonly sha256: string; readonly cache: string },
): YoloEngine {
  const { task, names, imageSide } = weights.network;
  const sessions = recentSessions(async (batch, width, height) => {
    const key = createHash("sha256")
      .update(`yolo ${yoloGraphVersion} ${sha256} ${batch} ${width} ${height}`)
      .digest("hex").slice(0, 32);
    const path = join(cache, `yolo_${key}.onnx`);
    const isThere = await Deno.stat(path).then(() => true, () => false);
    if (!isThere) {
      await Deno.mkdir(cache, { recursive: true });
      writeModel(path, buildDetector(weights, { batch, width, height }));
    }
    return await runtime.load(path);
  });
  return {
    task,
    names,
    imageSide,
    stride: 32,
    run: async (images) => {
      const session = await sessions.get(images.dims);
      return await runSession(session, images, {
        input: "images",
        outputs: outputNames[task],
      });
    },
    close: sessions.close,
  };
}

/** Runs a session and names what it gives. */
export async function runSession(
  session: Session,
  images: Tensor,
  { input, outputs }: {
    readonly input: string;
    readonly outputs: readonly string[];
  },
): Promise<RawOutput> {
  const found = await session.run<string, never>({ [input]: images }, outputs);
  return { output: found[outputs[0]], prototypes: found[outputs[1]] };
}

/** Sessions by input shape; the ones used last stay loaded. */
function recentSessions(
  load: (batch: number, width: number, height: number) => Promise<Session>,
) {
  const sessions = new Map<string, Promise<Session>>();
  return {
    get: async (dims: readonly number[]): Promise<Session> => {
      const [batch, , height, width] = dims;
      const key = dims.join();
      const session = sessions.get(key) ?? load(batch, width, height);
      sessions.delete(key);
      sessions.set(key, session); // now the most recent
      if (sessions.size > keptSessions) {
        const [[oldKey, old]] = sessions;
        sessions.delete(oldKey);
        await (await old).release();
      }
      return await session;
    },
    close: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}
