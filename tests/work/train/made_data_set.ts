// A data set of drawn squares, for training in seconds.

import { join } from "node:path";
import { dataYaml, encodePng, type RgbImage, yoloDetectRow } from "medannotate";
import { seededRandom } from "../../../lib/base/random.ts";

/** Writes images of 64x48 with one or two squares each; returns the folder. */
export async function makeDataSet(
  folder: string,
  { train = 6, val = 3, seed = 1 } = {},
): Promise<string> {
  const random = seededRandom(seed);
  for (const [part, count] of [["train", train], ["val", val]] as const) {
    for (const kind of ["images", "labels"]) {
      await Deno.mkdir(join(folder, kind, part), { recursive: true });
    }
    for (let i = 0; i < count; i++) {
      const { image, rows } = drawSquares(random, 1 + i % 2);
      const stem = `${part}${i}`;
      await Deno.writeFile(
        join(folder, "images", part, `${stem}.png`),
        await encodePng(image),
      );
      await Deno.writeTextFile(
        join(folder, "labels", part, `${stem}.txt`),
        rows.join("\n") + "\n",
      );
    }
  }
  await Deno.writeTextFile(
    join(folder, "data.yaml"),
    dataYaml({
      train: "images/train",
      val: "images/val",
      names: { 0: "red", 1: "blue" },
    }),
  );
  return folder;
}

function drawSquares(random: () => number, count: number) {
  const width = 64, height = 48;
  const data = new Uint8Array(width * height * 3)
    .map(() => 90 + Math.floor(random() * 40));
  const image: RgbImage = { width, height, data };
  const rows: string[] = [];
  for (let n = 0; n < count; n++) {
    const side = 12 + Math.floor(random() * 10);
    const x0 = Math.floor(random() * (width - side));
    const y0 = Math.floor(random() * (height - side));
    const classNumber = Math.floor(random() * 2);
    for (let y = y0; y < y0 + side; y++) {
      for (let x = x0; x < x0 + side; x++) {
        data.set(
          classNumber === 0 ? [220, 30, 30] : [30, 30, 220],
          (y * width + x) * 3,
        );
      }
    }
    const box = { x0, y0, x1: x0 + side, y1: y0 + side };
    rows.push(yoloDetectRow(classNumber, box, { width, height }));
  }
  return { image, rows };
}
