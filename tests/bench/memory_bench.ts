// Memory over a long clip: the sample clip looped, propagated into a real store.
//
// The resident memory is read after every frame; its mean over the last tenth
// of the frames is compared with that over the second, since the first fills
// caches and heaps.

import type { Call } from "../../lib/cli/command.ts";
import { framesSha256 } from "../../lib/media/frames.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { createSequence } from "../../lib/store/sequences.ts";
import { openForWriting } from "../../lib/store/writer.ts";
import { addFilePrompts, showMissing } from "../../lib/work/annotate.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";
import { writeTiny } from "./measure.ts";

const clipPath = new URL("../../data/sample/clip.mp4", import.meta.url);

/** Tells the resident memory of the second and the last tenth of the frames. */
export async function benchMemory(call: Call) {
  const count = call.count("frames", { least: 100 }) ?? 2000;
  const folder = await Deno.makeTempDir();
  const clip = await openFrames(clipPath.pathname);
  const model = await openModel({
    model: await modelOf(call.text("model"), folder),
    size: call.count("size"),
    device: "cpu",
  });
  const store = await openDataStore({ folder });
  try {
    // every frame has its number in its first pixel, so that no two are the same
    const read = async (i: number) => {
      const { data, ...size } = await clip.read(i % clip.count);
      const numbered = data.slice();
      numbered.set([i & 255, i >> 8], 0);
      return { ...size, data: numbered };
    };
    const infos = Array.from({ length: count }, (_, index) => ({
      index,
      name: "",
      timeMs: index * 40,
    }));
    const frames = { ...clip, count, infos, read };
    const named = [];
    for (const { name, timeMs, index } of infos) {
      named.push({ name, timeMs, sha256: framesSha256(await read(index)) });
    }
    const sequence = await createSequence(store, {
      name: "looped sample clip",
      kind: "video",
      source: clip.source,
      width: clip.size.width,
      height: clip.size.height,
      frames: named,
    });
    const writer = await openForWriting(store, sequence.id);
    const annotator = { writer, frames, model };
    const sign = "+" as const;
    const prompt = { kind: "point" as const, x: 290, y: 200, sign };
    await addFilePrompts(annotator, [
      { object: 1, frame: 0, tag: "polyp", prompt },
    ]);
    await showMissing(annotator);
    const rssMb: number[] = [];
    const { msPerFrame } = await propagateSequence(annotator, {
      signal: call.signal,
      onProgress: (progress) => {
        call.onProgress(progress);
        rssMb.push(Deno.memoryUsage().rss / 1e6);
      },
    });
    await writer.close();
    const tenth = (i: number) => {
      const part = rssMb.slice(i * count / 10, (i + 1) * count / 10);
      return part.reduce((sum, mb) => sum + mb, 0) / part.length;
    };
    const [second, last] = [tenth(1), tenth(9)];
    const growth = last / second - 1;
    const { side, config: { name } } = model.engine;
    call.say(
      `memory over ${count} frames, ${name} at ${side}: ${
        second.toFixed(0)
      } MB in the second tenth, ${last.toFixed(0)} MB in the last (${
        (growth * 100).toFixed(1)
      } %), at most ${Math.max(...rssMb).toFixed(0)} MB; ${
        msPerFrame.toFixed(1)
      } ms a frame`,
    );
    return {
      model: name,
      side,
      frames: count,
      second,
      last,
      growth,
      msPerFrame,
    };
  } finally {
    await store.close();
    await model.close();
    await clip.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** `mini` and `tiny` are models with made weights; everything else is as for --model elsewhere. */
async function modelOf(name: string | undefined, folder: string) {
  if (name === "mini") {
    return new URL("../golden/sam2/sam2-mini.pt", import.meta.url).pathname;
  }
  return name === "tiny" ? await writeTiny(folder) : name;
}
