// Propagation killed at random moments, then resumed.
//
// KILLS sets how many kills one run gets; the default keeps the tests short.

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { encodePng } from "../../lib/media/image.ts";
import { sampleClip } from "../../lib/scenes/sample_clip.ts";
import { checkFiles } from "../../lib/store/check_files.ts";
import { listMasks } from "../../lib/store/masks.ts";
import { listRuns } from "../../lib/store/runs.ts";
import { openForWriting } from "../../lib/store/writer.ts";
import { openDataStore } from "../../lib/work/open_store.ts";

const verb = fileURLToPath(
  new URL("../../lib/cli/propagate.ts", import.meta.url),
);
const kills = Number(Deno.env.get("KILLS") ?? 3);

/** A clip of generated frames and two clicked objects. */
async function writeClip(folder: string, frameCount: number) {
  const clip = sampleClip({ frames: 90, size: { width: 160, height: 120 } });
  await Deno.mkdir(`${folder}/frames`);
  for (let i = 0; i < frameCount; i++) {
    const { image } = clip.frame(i + 20);
    const name = `${String(i).padStart(3, "0")}.png`;
    await Deno.writeFile(`${folder}/frames/${name}`, await encodePng(image));
  }
  const click = (object: number, frame: number, x: number, y: number) => ({
    object,
    frame,
    kind: "point",
    x,
    y,
    sign: "+",
  });
  const prompts = [click(1, 3, 97, 67), click(2, frameCount - 5, 40, 60)];
  await Deno.writeTextFile(
    `${folder}/prompts.json`,
    JSON.stringify({ prompts }),
  );
}

function start(folder: string, data: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      verb,
      `${folder}/frames`,
      "--prompts",
      `${folder}/prompts.json`,
      "--data",
      data,
      "--device",
      "cpu",
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

async function finish(child: Deno.ChildProcess) {
  const { code, stderr } = await child.output();
  equal(code, 0, new TextDecoder().decode(stderr));
}

/** Every committed mask, by object and frame, with all that counts of it. */
async function committed(data: string) {
  const store = await openDataStore({ folder: data });
  try {
    const masks = await listMasks(store, 1);
    const rows = masks.map((mask): [string, unknown[]] => [
      `${mask.objectId} ${mask.frame}`,
      [
        mask.counts,
        mask.origin,
        mask.source,
        mask.drift,
        mask.predictedIou,
        mask.presenceScore,
      ],
    ]);
    const runs = await listRuns(store, 1);
    return { rows: new Map(rows), framesDone: runs.at(-1)?.framesDone ?? 0 };
  } finally {
    await store.close();
  }
}

Deno.test("propagate resumes after SIGKILL with nothing lost, altered or orphaned", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeClip(folder, 40);
    const undisturbed = `${folder}/undisturbed`;
    const startMs = performance.now();
    await finish(start(folder, undisturbed));
    const wholeMs = performance.now() - startMs;
    const expected = await committed(undisturbed);

    let landed = 0; // kills that hit a running propagation
    let midway = 0; // of these, with some but not all frames committed
    for (let round = 0; landed < kills; round++) {
      const data = `${folder}/killed-${round}`;
      let before = new Map<string, unknown>();
      while (landed < kills) {
        const child = start(folder, data);
        const waitMs = (0.25 + 0.6 * Math.random()) * wholeMs;
        const timer = setTimeout(() => child.kill("SIGKILL"), waitMs);
        const { signal } = await child.output();
        clearTimeout(timer);
        if (signal !== "SIGKILL") break; // it was done before: another round
        landed++;
        const isImported = await Deno.stat(`${data}/medannotate.db`)
          .then(() => true, () => false);
        if (!isImported) continue;
        const { rows, framesDone } = await committed(data);
        for (const [key, value] of before) {
          deepEqual(rows.get(key), value, `mask ${key} after kill ${landed}`);
        }
        const tracked = [...rows.values()].filter(([, origin]) =>
          origin === "propagated"
        );
        ok(tracked.length >= framesDone);
        if (framesDone > 0 && framesDone < expected.framesDone) midway++;
        before = rows;
      }
      await finish(start(folder, data));
      deepEqual(await committed(data), expected);
      await checkNothingIsLeft(data);
    }
    console.log(`${landed} kills, ${midway} of them between two frames`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function checkNothingIsLeft(data: string) {
  const store = await openDataStore({ folder: data });
  const writer = await openForWriting(store, 1);
  deepEqual(writer.repaired, []);
  deepEqual(await checkFiles(store, 1), []);
  await writer.close();
  await store.close();
}
