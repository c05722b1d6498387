// KILLS=300 deno test -A tests/work/train/kill_test.ts; 4 by default.

import { join } from "node:path";
import { killRuns } from "../kill_runs.ts";
import { makeDataSet } from "./made_data_set.ts";

const kills = Number(Deno.env.get("KILLS") ?? 4);

Deno.test(`train goes on after ${kills} kills at random moments as if it had not been killed`, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = await makeDataSet(join(folder, "data"));
    const options =
      "--epochs 12 --size 64 --batch 2 --close-mosaic 2 --device cpu";
    const told = await killRuns({
      verb: "train.ts",
      words: ["--data", data, ...options.split(" ")],
      kills,
      saved: "results.csv",
      files: ["weights/best.safetensors", "weights/last.safetensors"],
      curveOf: curveWithoutTimes,
    });
    console.log(`training: ${told}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function curveWithoutTimes(out: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(out, "results.csv"));
  return text.trim().split("\n").map((line) =>
    line.split(",").filter((_, i) => i !== 1).join()
  );
}
