import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { z } from "zod";
import {
  encodeMaskPng,
  evaluateClip,
  openDataStore,
  readMask,
  saveMask,
  summariseMeasures,
} from "medannotate";
import { importSequence } from "../../lib/work/import.ts";
import { getOrCreateObject } from "../../lib/store/objects.ts";
import { openForWriting } from "../../lib/store/writer.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import { firstPixels, inStore, propagated } from "../store/fresh_store.ts";

Deno.test(
  "evaluateClip() measures every frame with a truth, with and without a mask",
  inStore(async ({ store, folder, sequence, object }) => {
    const writer = await openForWriting(store, sequence.id);
    const mask = propagated(object.id, 1, firstPixels(6));
    await saveMask(writer, { ...mask, drift: 0.25 });
    await writer.close();
    const truth = `${folder}/truth`;
    await Deno.mkdir(truth);
    for (const frame of [1, 2]) {
      const png = await encodeMaskPng(firstPixels(frame === 1 ? 8 : 0));
      await Deno.writeFile(`${truth}/${frame}.png`, png);
    }
    const rows = await evaluateClip({ store, sequence }, truth);
    const [found, empty] = rows;
    deepEqual([found.frame, found.iou, found.drift], [1, 6 / 8, 0.25]);
    deepEqual(empty, { object: 1, frame: 2, iou: 1, f: 1, drift: undefined });
    const [{ meanIou, worstFrame, frames }] = summariseMeasures(rows);
    deepEqual([meanIou, worstFrame, frames], [0.875, 1, 2]); // (0.75 + 1) / 2

    await getOrCreateObject(store, sequence.id, 3);
    await rejects(
      evaluateClip({ store, sequence }, truth),
      /Cannot measure object 3: the truth has objects 1/,
    );
  }),
);

const Oracle = z.object({
  "osvos/blackswan": z.object({
    J_per_frame: z.array(z.number()),
    F_per_frame: z.array(z.number()),
    J_mean_all: z.number(),
    F_mean_all: z.number(),
  }),
});

sharedTest(
  "evaluateClip() gives the official J and F of every frame of a stored clip",
  inFolder(async (folder) => {
    const data = (name: string) => new URL(`data/${name}`, sharedUrl).pathname;
    const oracle = Oracle.parse(
      JSON.parse(await Deno.readTextFile(data("oracles/jf.json"))),
    )["osvos/blackswan"];
    const store = await openDataStore({ folder });
    const set = "davis16-blackswan";
    const opened = await importSequence(store, data(`${set}/images`));
    const { sequence, frames } = opened;
    const { id: objectId } = await getOrCreateObject(store, sequence.id, 1);
    const writer = await openForWriting(store, sequence.id);
    for (let frame = 0; frame < frames.count; frame++) {
      const name = `${String(frame).padStart(5, "0")}.png`;
      const bitmap = await readMask(data(`${set}/osvos/${name}`));
      await saveMask(writer, { objectId, frame, bitmap, origin: "imported" });
    }
    const rows = await evaluateClip({ store, sequence }, data(`${set}/masks`));
    equal(rows.length, 50);
    for (const { frame, iou, f } of rows) {
      ok(Math.abs(iou - oracle.J_per_frame[frame]) < 1e-9, `J of ${frame}`);
      ok(Math.abs(f - oracle.F_per_frame[frame]) < 1e-9, `F of ${frame}`);
    }
    const [{ meanIou, meanF, meanJF }] = summariseMeasures(rows);
    const { J_mean_all, F_mean_all } = oracle;
    ok(Math.abs(meanIou - J_mean_all) < 1e-9);
    ok(Math.abs(meanF - F_mean_all) < 1e-9);
    ok(Math.abs(meanJF - (J_mean_all + F_mean_all) / 2) < 1e-9);
    await writer.close();
    await frames.close();
    await store.close();
  }),
);
