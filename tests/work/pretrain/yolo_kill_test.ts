// Pretraining of a detector under kills: the process ends at a random moment,
// again and again, and curve and weights must be those of a run left alone.
//
// KILLS=50 deno test -A tests/work/pretrain/yolo_kill_test.ts; 2 by default.

import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { seededRandom } from "../../../lib/base/random.ts";

const kills = Number(Deno.env.get("KILLS") ?? 2);
const verb = new URL("../../../lib/cli/pretrain.ts", import.meta.url).pathname;
const options =
  "yolo11n --images 40 --every 4 --size 64 --batch 2 --validate 4 --device cpu";

Deno.test(`pretrain yolo11n goes on after ${kills} kills at random moments as if it had not been killed`, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const start = (out: string) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", verb, ...options.split(" "), "--out", out],
        stdout: "null",
        stderr: "piped",
      }).spawn();
    const finish = async (out: string) => {
      const { success, stderr } = await start(out).output();
      ok(success, new TextDecoder().decode(stderr));
    };
    const whole = join(folder, "whole");
    const beganMs = performance.now();
    await finish(whole);
    const wholeMs = performance.now() - beganMs;

    const random = seededRandom(kills);
    let done = 0, runs = 0, middle = 0;
    while (done < kills) {
      const out = join(folder, `killed ${runs++}`);
      for (let here = 0; here < 12 && done < kills; here++) {
        const child = start(out);
        const output = child.output();
        const afterMs = wholeMs * (0.2 + 0.8 * random());
        const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
        const { signal } = await output;
        clearTimeout(timer);
        if (signal !== "SIGKILL") break; // it was faster
        done++;
        if (await exists(join(out, "state.safetensors"))) middle++;
      }
      await finish(out);
      deepEqual(await curveOf(out), await curveOf(whole));
      deepEqual(
        await Deno.readFile(join(out, "weights.safetensors")),
        await Deno.readFile(join(whole, "weights.safetensors")),
      );
      await Deno.remove(out, { recursive: true });
    }
    console.log(
      `pretraining of a detector: ${done} kills in ${runs} runs, ${middle} after the first savings; all curves and weights alike`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The rows without their seconds. */
async function curveOf(out: string) {
  const text = await Deno.readTextFile(join(out, "curve.jsonl"));
  return text.trim().split("\n").map((line) => {
    const { seconds: _, ...row } = JSON.parse(line);
    return row;
  });
}
