// How long a click takes on a frame whose features are on disk: from the call
// to the stored mask, with the model that researchers use at its usual sides.

import { mkdir } from "node:fs/promises";
import type { Call } from "../../lib/cli/command.ts";
import { encodePng } from "../../lib/media/image.ts";
import { openForWriting } from "../../lib/store/writer.ts";
import { getOrCreateObject } from "../../lib/store/objects.ts";
import { sampleClip } from "../../lib/scenes/sample_clip.ts";
import { addAnnotation } from "../../lib/work/annotate.ts";
import { undo } from "../../lib/work/history.ts";
import { importSequence } from "../../lib/work/import.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { writeTiny } from "./measure.ts";

const frameSizes = [{ width: 640, height: 480 }, { width: 1920, height: 1080 }];
const clicks = 12;

/** Tells the median and the longest of several clicks, for tiny with made weights. */
export async function benchClick(call: Call) {
  const folder = await Deno.makeTempDir();
  const results: Record<string, unknown> = {};
  try {
    const path = await writeTiny(folder);
    const sides = call.count("size") ? [call.count("size")] : [512, 1024];
    for (const side of sides) {
      const model = await openModel({ model: path, size: side, device: "cpu" });
      for (const size of frameSizes) {
        const name = `${side} px, frames of ${size.width}x${size.height}`;
        const place = `${folder}/${side}-${size.width}`;
        await mkdir(`${place}/frames`, { recursive: true });
        const { image } = sampleClip({ size }).frame(0);
        await Deno.writeFile(`${place}/frames/0.png`, await encodePng(image));
        const store = await openDataStore({ folder: place });
        const { sequence, frames } = await importSequence(
          store,
          `${place}/frames`,
        );
        const writer = await openForWriting(store, sequence.id);
        const annotator = { writer, frames, model };
        const { id } = await getOrCreateObject(store, sequence.id, 1);
        const ms: number[] = [];
        for (let i = 0; i <= clicks; i++) {
          const prompt = {
            kind: "point",
            x: size.width * (0.3 + i / 40),
            y: size.height / 2,
            sign: "+",
          } as const;
          const startMs = performance.now();
          await addAnnotation(annotator, { objectId: id, frame: 0 }, prompt);
          ms.push(performance.now() - startMs);
          await undo(annotator);
        }
        await writer.close();
        await frames.close();
        await store.close();
        const [first, ...others] = ms;
        others.sort((a, b) => a - b);
        const median = others[clicks / 2];
        results[name] = {
          msFirst: first,
          msMedian: median,
          msWorst: others.at(-1),
        };
        call.say(
          `a click, tiny at ${name}: ${median.toFixed(0)} ms (worst ${
            others.at(-1)?.toFixed(0)
          }), the first one on a frame ${first.toFixed(0)} ms`,
        );
      }
      await model.close();
    }
    return results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
