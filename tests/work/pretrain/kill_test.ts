// KILLS=50 deno test -A tests/work/pretrain/kill_test.ts; 2 each by default.

import { killRuns, rowsOf } from "../kill_runs.ts";

const kills = Number(Deno.env.get("KILLS") ?? 2);
const models = {
  "sam2-nano":
    "--steps 24 --every 3 --size 64 --batch 2 --frames 2 --clicks 1 --validate 2",
  yolo11n: "--images 40 --every 4 --size 64 --batch 2 --validate 4",
};

for (const [model, options] of Object.entries(models)) {
  Deno.test(`pretrain ${model} goes on after ${kills} kills at random moments as if it had not been killed`, async () => {
    const told = await killRuns({
      verb: "pretrain.ts",
      words: [model, ...options.split(" "), "--device", "cpu"],
      kills,
      earliest: 0.2,
      saved: "state.safetensors",
      files: ["weights.safetensors"],
      curveOf: rowsOf,
    });
    console.log(`pretraining ${model}: ${told}`);
  });
}
