// Thousands of damaged prompt files: each is refused by name or clicks what it says.
//
// MUTATIONS=2000 deno test -A tests/work/prompts_mutations_test.ts for the long
// run; SEED=123 for one of them.

import { equal, ok } from "node:assert/strict";
import { type Random, seededRandom } from "../../lib/base/random.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { replayPrompts } from "../../lib/sam2/interact.ts";
import { encodePng } from "../../lib/media/image.ts";
import { toFramePrompt } from "../../lib/work/annotate.ts";
import { readPromptsFile } from "../../lib/work/prompts_file.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { frameSize, openSmallModel } from "./small_clip.ts";

const count = Number(Deno.env.get("MUTATIONS") ?? 60);
const only = Deno.env.get("SEED");
const maxMs = 10_000;
const clip = { ...frameSize, frameCount: 12 };

const whole = {
  prompts: [
    { object: 1, frame: 0, kind: "point", x: 97, y: 67, sign: "+" },
    { object: 1, frame: 0, kind: "point", x: 20, y: 30.5, sign: "-" },
    { object: 2, frame: 3, kind: "box", x0: 10, y0: 10, x1: 60, y1: 50 },
    { object: 2, frame: 9, kind: "mask", png: "mask.png", tag: "polyp" },
  ],
};

const strange: readonly unknown[] = [
  -1,
  1e308,
  -1e-308,
  2 ** 53,
  0.5,
  12,
  1e6,
  null,
  true,
  "",
  "NaN",
  "-1",
  [],
  {},
  "../../../../etc/passwd",
  "mask.png\\u0000",
  "broken.png",
  ".",
  "none.png",
  "box",
];

/** One change somewhere in the file, as text. */
function mutate(random: Random): string {
  const copy = structuredClone(whole) as {
    prompts: Record<string, unknown>[];
  };
  const pick = <Item>(items: readonly Item[]) =>
    items[Math.floor(random() * items.length)];
  const entry = pick(copy.prompts);
  const key = pick(Object.keys(entry));
  const change = Math.floor(random() * 7);
  if (change === 0) delete entry[key];
  else if (change === 1) entry[key] = pick(strange);
  else if (change === 2) entry[key] = (random() - 0.5) * 10 ** (random() * 20);
  else if (change === 3) copy.prompts.push(...copy.prompts, entry);
  else if (change === 4) Object.assign(copy, { prompts: pick(strange) });
  const text = JSON.stringify(copy);
  if (change === 5) return text.slice(0, random() * text.length);
  if (change === 6) {
    const bytes = new TextEncoder().encode(text);
    bytes[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8);
    return new TextDecoder().decode(bytes);
  }
  return text;
}

Deno.test(
  "readPromptsFile() refuses a damaged file by name, or gives prompts that the model answers",
  inFolder(async (folder) => {
    const model = await openSmallModel();
    const data = new Uint8Array(frameSize.width * frameSize.height * 3)
      .fill(255, 0, 9000);
    const picture = await encodePng({ ...frameSize, data });
    await Deno.writeFile(`${folder}/mask.png`, picture);
    await Deno.writeFile(`${folder}/broken.png`, picture.subarray(0, 60));
    const features = await encodeFrame(model.engine, { ...frameSize, data });
    const path = `${folder}/prompts.json`;
    let refused = 0;
    let answered = 0;
    const seeds = only
      ? [Number(only)]
      : Array.from({ length: count }, (_, i) => i);
    for (const seed of seeds) {
      const text = mutate(seededRandom(seed));
      await Deno.writeTextFile(path, text);
      const startMs = performance.now();
      try {
        const given = await readPromptsFile(path, clip);
        const places = Map.groupBy(
          given,
          ({ object, frame }) => `${object} ${frame}`,
        );
        for (const prompts of places.values()) {
          const { frame } = prompts[0];
          const { result } = await replayPrompts(
            model.engine,
            features,
            prompts.map(({ prompt }) => toFramePrompt(prompt)),
            { frame, frameSize },
          );
          equal(result.lowRes.length, 16 * 16);
          ok(result.lowRes.every(Number.isFinite));
          ok(result.iou >= 0 && result.iou <= 1);
        }
        answered++;
      } catch (error) {
        const isOurs = error instanceof RangeError &&
          error.message.startsWith(`Cannot use ${path}: `);
        if (!isOurs) throw new Error(`SEED=${seed}: ${text}`, { cause: error });
        if (only) console.log(error.message);
        refused++;
      }
      const ms = performance.now() - startMs;
      ok(ms < maxMs, `SEED=${seed} took ${ms} ms`);
    }
    await model.engine.releaseFeatures(features);
    await model.close();
    ok(only !== undefined || (refused > 0 && answered > 0));
    if (Deno.env.has("MUTATIONS")) {
      console.log(`${refused} refused, ${answered} answered`);
    }
  }),
);
