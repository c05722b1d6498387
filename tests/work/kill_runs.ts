// A training under kills: the process ends at a random moment, again and again,
// and what it leaves must be what a run leaves that was left alone.

import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { seededRandom } from "../../lib/base/random.ts";

/** A verb that goes on where it was stopped. */
export type KilledVerb = {
  /** Its file in `lib/cli`. */
  readonly verb: string;
  /** Its words, less `--out`. */
  readonly words: readonly string[];
  readonly kills: number;
  /** Kills come after this share of an undisturbed run at the earliest. */
  readonly earliest?: number;
  /** The file that tells that something was saved. */
  readonly saved: string;
  /** Files that must be the same byte for byte. */
  readonly files: readonly string[];
  /** Reads a curve without its times. */
  readonly curveOf: (out: string) => Promise<unknown>;
};

const mostKills = 12; // of one run

/** Kills runs and compares them with one left alone; tells what happened. */
export async function killRuns(
  { verb, words, kills, earliest = 0, saved, files, curveOf }: KilledVerb,
): Promise<string> {
  const file = new URL(`../../lib/cli/${verb}`, import.meta.url).pathname;
  const folder = await Deno.makeTempDir();
  try {
    const start = (out: string) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", file, ...words, "--out", out],
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
      for (let here = 0; here < mostKills && done < kills; here++) {
        const child = start(out);
        const output = child.output();
        const afterMs = wholeMs * (earliest + (1 - earliest) * random());
        const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
        const { signal } = await output;
        clearTimeout(timer);
        if (signal !== "SIGKILL") break; // it was faster
        done++;
        if (await exists(join(out, saved))) middle++;
      }
      await finish(out);
      deepEqual(await curveOf(out), await curveOf(whole));
      for (const name of files) {
        deepEqual(
          await Deno.readFile(join(out, name)),
          await Deno.readFile(join(whole, name)),
        );
      }
      await Deno.remove(out, { recursive: true });
    }
    return `${done} kills in ${runs} runs, ${middle} after the first savings; all curves and weights alike`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The rows of curve.jsonl without their seconds. */
export async function rowsOf(out: string) {
  const text = await Deno.readTextFile(join(out, "curve.jsonl"));
  return text.trim().split("\n").map((line) => {
    const { seconds: _, ...row } = JSON.parse(line);
    return row;
  });
}
