// Propagation of two objects in both directions, then with a correction, killed
// at random moments and resumed.
//
// KILLS sets how many kills one run gets; the default keeps the tests short.

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
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
  const first = [
    click(1, 3, 97, 67),
    click(2, frameCount - 5, 40, 60),
    click(1, frameCount - 3, 97, 67),
  ];
  const correction = [click(1, Math.floor(frameCount / 2), 90, 60)];
  for (const [name, prompts] of Object.entries({ first, correction })) {
    await Deno.writeTextFile(
      `${folder}/${name}.json`,
      JSON.stringify({ prompts }),
    );
  }
}

/** What a person does: two objects, then a correction of the first. */
const stages = [["first"], ["correction", "--add"]] as const;

function start(
  folder: string,
  data: string,
  [prompts, ...flags]: typeof stages[number],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      verb,
      `${folder}/frames`,
      "--prompts",
      `${folder}/${prompts}.json`,
      ...flags,
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
        mask.driftParts,
        mask.state,
      ],
    ]);
    const { status, framesDone = 0 } = (await listRuns(store, 1)).at(-1) ?? {};
    return { rows: new Map(rows), status, framesDone };
  } finally {
    await store.close();
  }
}

Deno.test("propagate resumes after SIGKILL with nothing lost, altered or orphaned", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeClip(folder, 40);
    const undisturbed = `${folder}/undisturbed`;
    const wholeMs: number[] = [];
    const expected: Awaited<ReturnType<typeof committed>>[] = [];
    for (const stage of stages) {
      const startMs = performance.now();
      await finish(start(folder, undisturbed, stage));
      wholeMs.push(performance.now() - startMs);
      expected.push(await committed(undisturbed));
    }
    // the correction left alone what lies beyond its neighbours
    const [before, after] = expected.map(({ rows }) => rows);
    const changed = [...after].filter(([key, value]) =>
      !isDeepStrictEqual(before.get(key), value)
    ).map(([key]) => key);
    ok(changed.length > 20 && changed.every((key) => key.startsWith("1 ")));
    ok(!changed.includes("1 0") && !changed.includes("1 39"));

    let landed = 0; // kills that hit a running propagation
    let midway = 0; // of these, with some but not all frames committed
    for (let round = 0; landed < kills; round++) {
      const data = `${folder}/killed-${round}`;
      for (const [i, stage] of stages.entries()) {
        let final = new Map<string, unknown>(); // of this stage
        while (landed < kills) {
          const child = start(folder, data, stage);
          const waitMs = (0.25 + 0.6 * Math.random()) * wholeMs[i];
          const timer = setTimeout(() => child.kill("SIGKILL"), waitMs);
          const { signal } = await child.output();
          clearTimeout(timer);
          if (signal !== "SIGKILL") break; // it was done before
          landed++;
          const isImported = await Deno.stat(`${data}/medannotate.db`)
            .then(() => true, () => false);
          if (!isImported) continue;
          const { rows, status, framesDone } = await committed(data);
          for (const [key, value] of final) {
            deepEqual(rows.get(key), value, `mask ${key} after kill ${landed}`);
          }
          if (status !== "running") continue; // this stage has not begun, or is done
          final = new Map(
            [...rows].filter(([, row]) => row.at(-1) === "final"),
          );
          if (framesDone > 0 && framesDone < expected[i].framesDone) midway++;
        }
        await finish(start(folder, data, stage));
        const found = await committed(data);
        deepEqual(found.rows, expected[i].rows);
        equal(found.status, "done");
      }
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
