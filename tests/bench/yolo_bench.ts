// YOLO11 n: one forward pass at 640, a picture from file to boxes, a training
// step at 320 with 8 images. Weights are random, so nothing is found and
// suppression is nearly free; the weights do not matter for the time.

import { join } from "node:path";
import { encodeJpeg, openRuntime, readImage, type RgbImage } from "medannotate";
import type { Call } from "../../lib/cli/command.ts";
import { seededRandom } from "../../lib/base/random.ts";
import { resizeLogits } from "../../lib/masks/resize.ts";
import { detectObjects } from "../../lib/yolo/detect.ts";
import { openYoloEngine } from "../../lib/yolo/engine.ts";
import { batchMaker } from "../../lib/yolo/training/epoch_batches.ts";
import { sampleLoader } from "../../lib/yolo/training/sample.ts";
import { fillSettings } from "../../lib/yolo/training/settings.ts";
import { startFromNothing } from "../../lib/yolo/training/start.ts";
import { secondsPerStep } from "../../lib/yolo/training/train.ts";

const names = Array.from({ length: 80 }, (_, i) => `class ${i}`);

type Timing = { readonly medianMs: number; readonly leastMs: number };

/** The median and the least of some runs. */
async function timed(
  work: () => Promise<unknown>,
  runs: number,
): Promise<Timing> {
  for (let i = 0; i < 3; i++) await work();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const startMs = performance.now();
    await work();
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[Math.floor(runs / 2)], leastMs: times[0] };
}

/** A picture of soft noise. */
function softNoise(width: number, height: number): RgbImage {
  const random = seededRandom(1);
  const dims = [1, 3, 36, 64] as const;
  const coarse = Float32Array.from(
    { length: 3 * 36 * 64 },
    () => random() * 255,
  );
  const { data } = resizeLogits({ dims, data: coarse }, { width, height });
  const area = width * height;
  const pixels = new Uint8Array(area * 3);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = data[i % 3 * area + Math.floor(i / 3)];
  }
  return { width, height, data: pixels };
}

/** Measures all of it on the CPU. */
export async function benchYolo(call: Call) {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu" });
  const about = { task: "detect", names, imageSide: 640, seed: 0 } as const;
  const design = { family: "yolo11", size: "n" } as const;
  const start = startFromNothing(design, about);
  const engine = openYoloEngine(start, runtime, {
    sha256: crypto.randomUUID(),
    cache: folder,
  });
  const results: Record<string, Timing> = {};
  const say = (what: string, timing: Timing) => {
    results[what] = timing;
    const { medianMs, leastMs } = timing;
    call.say(
      `${what.padEnd(44)} ${medianMs.toFixed(1).padStart(8)} ms median, ${
        leastMs.toFixed(1)
      } least`,
    );
  };
  try {
    call.say(`yolo11n, ${runtime.threads} threads, ${runtime.device}`);
    const dims = [1, 3, 640, 640];
    const images = { dims, data: new Float32Array(3 * 640 * 640).fill(0.5) };
    say("forward, 640x640", await timed(() => engine.run(images), 20));
    const path = join(folder, "picture.jpg");
    await Deno.writeFile(path, await encodeJpeg(softNoise(1280, 720)));
    say(
      "file to boxes, 1280x720 at 640",
      await timed(async () => {
        await detectObjects(engine, await readImage(path));
      }, 15),
    );
    const sample = (i: number) => {
      const image = softNoise(320, 320);
      const labels = Array.from({ length: 5 }, (_, k) => ({
        classNumber: (i * 5 + k) % 80,
        box: { x0: 20 * k, y0: 30 * k, x1: 20 * k + 90, y1: 30 * k + 70 },
      }));
      const size = { width: 320, height: 320 };
      return { name: `${i}`, size, labels, read: () => Promise.resolve(image) };
    };
    const train = Array.from({ length: 8 }, (_, i) => sample(i));
    const settings = fillSettings(
      { task: "detect", side: 320, batch: 8 },
      { images: 8, classCount: 80 },
    );
    const steps: number[] = [];
    for (let i = 0; i < 3; i++) {
      const run = { start, settings, train, validation: [], scratch: folder };
      steps.push(1000 * await secondsPerStep(runtime, run));
    }
    steps.sort((a, b) => a - b);
    say("training step, 320, batch 8", {
      medianMs: steps[1],
      leastMs: steps[0],
    });
    const maker = batchMaker(train, {
      load: sampleLoader(320),
      settings,
      classCount: 80,
    });
    say("its batch, augmented", await timed(() => maker.make(0, 0), 10));
    return results;
  } finally {
    await engine.close();
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}
