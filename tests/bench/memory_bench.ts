// Memory over a long clip: the sample clip looped, propagated into a real store.

import type { Call } from "../../lib/cli/command.ts";
import { framesSha256 } from "../../lib/media/frames.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { createSequence } from "../../lib/store/sequences.ts";
import { openForWriting } from "../../lib/store/writer.ts";
import { addFilePrompts, showMissing } from "../../lib/work/annotate.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";

const clipPath = new URL("../../data/sample/clip.mp4", import.meta.url);

/** Tells the resident memory at frames 50, 500 and the last. */
export async function benchMemory(call: Call) {
  const count = call.count("frames", { least: 100 }) ?? 2000;
  const marks = [...new Set([50, Math.min(500, count - 1), count - 1])];
  const folder = await Deno.makeTempDir();
  const clip = await openFrames(clipPath.pathname);
  const model = await openModel({ device: "cpu" });
  const store = await openDataStore({ folder });
  try {
    const at = (i: number) => i % clip.count;
    const infos = Array.from({ length: count }, (_, index) => ({
      index,
      name: "",
      timeMs: index * 40,
    }));
    const frames = {
      ...clip,
      count,
      infos,
      read: (i: number) => clip.read(at(i)),
    };
    const first = framesSha256(await clip.read(0));
    const sequence = await createSequence(store, {
      name: "looped sample clip",
      kind: "video",
      source: clip.source,
      width: clip.size.width,
      height: clip.size.height,
      frames: infos.map(({ index, timeMs }) => ({
        name: "",
        timeMs,
        sha256: index === 0 ? first : `looped ${index}`,
      })),
    });
    const writer = await openForWriting(store, sequence.id);
    const annotator = { writer, frames, model };
    const sign = "+" as const;
    const prompt = { kind: "point" as const, x: 290, y: 200, sign };
    await addFilePrompts(annotator, [
      { object: 1, frame: 0, tag: "polyp", prompt },
    ]);
    await showMissing(annotator);
    const rssMb: Record<number, number> = {};
    const { msPerFrame } = await propagateSequence(annotator, {
      signal: call.signal,
      onProgress: (progress) => {
        call.onProgress(progress);
        if (!marks.includes(progress.done)) return;
        rssMb[progress.done] = Deno.memoryUsage().rss / 1e6;
      },
    });
    await writer.close();
    const values = Object.values(rssMb);
    const growth = values[values.length - 1] / values[0] - 1;
    call.say(
      `memory at frames ${
        Object.entries(rssMb).map(([frame, mb]) =>
          `${frame}: ${mb.toFixed(0)} MB`
        )
          .join(", ")
      } (${(growth * 100).toFixed(1)} %), ${msPerFrame.toFixed(1)} ms a frame`,
    );
    return { rssMb, growth, msPerFrame };
  } finally {
    await store.close();
    await model.close();
    await clip.close();
    await Deno.remove(folder, { recursive: true });
  }
}
