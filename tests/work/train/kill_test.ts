// Training under kills: the process ends at a random moment, again and again,
// and the curve must be that of a run that was left alone.
//
// KILLS=300 deno test -A tests/work/train/kill_test.ts; 4 by default.

import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { seededRandom } from "../../../lib/base/random.ts";
import { makeDataSet } from "./made_data_set.ts";

const kills = Number(Deno.env.get("KILLS") ?? 4);
const verb = new URL("../../../lib/cli/train.ts", import.meta.url).pathname;

Deno.test(`train goes on after ${kills} kills at random moments as if it had not been killed`, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = await makeDataSet(join(folder, "data"));
    const start = (out: string) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", verb, "--data", data, "--out", out].concat(
          "--epochs 12 --size 64 --batch 2 --close-mosaic 2 --device cpu".split(
            " ",
          ),
        ),
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
        const timer = setTimeout(
          () => child.kill("SIGKILL"),
          wholeMs * random(),
        );
        const { signal } = await output;
        clearTimeout(timer);
        if (signal !== "SIGKILL") break; // it was faster
        done++;
        if (await exists(join(out, "results.csv"))) middle++;
      }
      await finish(out);
      deepEqual(await curvesOf(out), await curvesOf(whole));
      for (const name of ["best", "last"]) {
        const file = `weights/${name}.safetensors`;
        deepEqual(
          await Deno.readFile(join(out, file)),
          await Deno.readFile(join(whole, file)),
        );
      }
      await Deno.remove(out, { recursive: true });
    }
    console.log(
      `training: ${done} kills in ${runs} runs, ${middle} after the first epoch; all curves and weights alike`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function curvesOf(out: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(out, "results.csv"));
  return text.trim().split("\n").map((line) =>
    line.split(",").filter((_, i) => i !== 1).join()
  );
}
