// How long measuring a detector takes: 5,000 images, 100,000 detections.
//
// Boxes of 80 classes, seeded; three quarters of the detections are labels
// that were moved, the rest lie anywhere. Measured by both rules of
// Ultralytics and by COCO's, with curves and confusion matrix, in one call;
// then once more with an ellipse in each box as its mask.

import type { Call } from "../../lib/cli/command.ts";
import type { Box } from "../../lib/base/tensor.ts";
import type { Rle } from "../../lib/masks/rle.ts";
import { type Random, seededRandom } from "../../lib/base/random.ts";
import { evaluateDetections } from "../../lib/yolo/evaluation/evaluate_detections.ts";
import type { EvaluatedImage } from "../../lib/yolo/evaluation/evaluated_image.ts";

const imageCount = 5000;
const perImage = { labels: 7, detections: 20 };
const classCount = 80;
const sidePx = 640;

/** Tells seconds and the greatest resident memory, without masks and with them. */
export function benchEvaluate(call: Call) {
  const images = madeImages(seededRandom(1));
  return {
    boxes: measure(call, "boxes", images),
    boxesAndMasks: measure(call, "boxes and masks", images.map(withMasks)),
  };
}

function measure(call: Call, what: string, images: readonly EvaluatedImage[]) {
  const names = Array.from({ length: classCount }, (_, i) => `class ${i}`);
  const startMs = performance.now();
  const measures = evaluateDetections(images, names);
  const seconds = (performance.now() - startMs) / 1000;
  const peakMb = peakMemoryMb();
  const { detections, boxes, masks = boxes } = measures;
  const { map50to95 } = masks.ultralytics84;
  call.say(
    `evaluate ${what}: ${imageCount} images, ${detections} detections of ${classCount} classes: ${
      seconds.toFixed(2)
    } s, at most ${peakMb.toFixed(0)} MB; mAP50-95 ${
      map50to95.toFixed(4)
    } (8.4), ${masks.ultralytics83.map50to95.toFixed(4)} (8.3), COCO AP ${
      masks.coco.ap?.toFixed(4)
    }`,
  );
  return { seconds, peakMb, map50to95, cocoAp: masks.coco.ap };
}

/** Images with moved labels and strays as detections. */
function madeImages(random: Random): EvaluatedImage[] {
  const classNumber = () => Math.floor(random() * classCount);
  return Array.from({ length: imageCount }, () => {
    const labels = Array.from({ length: perImage.labels }, () => ({
      classNumber: classNumber(),
      box: madeBox(random),
    }));
    const detections = Array.from({ length: perImage.detections }, (_, d) => {
      const label = labels[d % labels.length];
      const isStray = random() < 0.25;
      return {
        classNumber: isStray ? classNumber() : label.classNumber,
        confidence: random() * (isStray ? 0.6 : 1),
        box: isStray ? madeBox(random) : movedBox(label.box, random),
      };
    });
    return { labels, detections };
  });
}

function madeBox(random: Random): Box {
  const width = 10 + random() * 200;
  const height = 10 + random() * 200;
  const x0 = random() * (sidePx - width);
  const y0 = random() * (sidePx - height);
  return { x0, y0, x1: x0 + width, y1: y0 + height };
}

function movedBox({ x0, y0, x1, y1 }: Box, random: Random): Box {
  const move = (side: number) => (random() - 0.5) * 0.3 * side;
  const width = x1 - x0, height = y1 - y0;
  return {
    x0: x0 + move(width),
    y0: y0 + move(height),
    x1: x1 + move(width),
    y1: y1 + move(height),
  };
}

function withMasks(image: EvaluatedImage): EvaluatedImage {
  return {
    labels: image.labels.map((label) => ({
      ...label,
      mask: ellipse(label.box),
    })),
    detections: image.detections.map((found) => ({
      ...found,
      mask: ellipse(found.box),
    })),
  };
}

/** The ellipse in a box, column by column. */
function ellipse({ x0, y0, x1, y1 }: Box): Rle {
  const counts: number[] = [];
  let end = 0;
  const middle = (y0 + y1) / 2;
  for (let x = Math.max(0, Math.round(x0)); x < Math.min(sidePx, x1); x++) {
    const across = 2 * (x + 0.5 - x0) / (x1 - x0) - 1;
    const reach = Math.sqrt(Math.max(0, 1 - across ** 2)) * (y1 - y0) / 2;
    const from = Math.max(0, Math.round(middle - reach));
    const to = Math.min(sidePx - 1, Math.round(middle + reach));
    if (to <= from) continue;
    counts.push(x * sidePx + from - end, to - from);
    end = x * sidePx + to;
  }
  counts.push(sidePx ** 2 - end);
  return { size: [sidePx, sidePx], counts };
}

/** The most that this process ever held; what it holds now where the system does not tell. */
function peakMemoryMb(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const peak = status.match(/VmHWM:\s*(\d+) kB/);
    if (peak) return Number(peak[1]) / 1000;
  } catch {
    // not Linux
  }
  return Deno.memoryUsage().rss / 1e6;
}
