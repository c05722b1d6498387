import { deepEqual, equal, rejects } from "node:assert/strict";
import { encodePng } from "../../lib/media/image.ts";
import { openMemoryStore } from "../../lib/store/database.ts";
import { listPatients } from "../../lib/store/patients.ts";
import { deleteSequence } from "../../lib/store/delete_sequence.ts";
import { listSequences } from "../../lib/store/sequences.ts";
import { importSequence } from "../../lib/work/import.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { writePattern } from "../media/moving_pattern.ts";
import { inFolder } from "../media/temporary_folder.ts";

async function withFrames(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/here`);
    const image = {
      width: 2,
      height: 1,
      data: Uint8Array.of(1, 2, 3, 4, 5, 6),
    };
    await Deno.writeFile(`${folder}/here/1.png`, await encodePng(image));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("importSequence() follows frames that were moved", async () => {
  await withFrames(async (folder) => {
    const store = await openMemoryStore(`${folder}/data`);
    const first = await importSequence(store, `${folder}/here`);
    await first.frames.close();
    await Deno.rename(`${folder}/here`, `${folder}/there`);
    const again = await importSequence(store, `${folder}/there`);
    await again.frames.close();
    equal(again.sequence.id, first.sequence.id);
    deepEqual(
      (await listSequences(store)).map(({ source }) => source),
      [`${folder}/there`],
    );
    await store.close();
  });
});

Deno.test("importSequence() gives known frames a patient, but never another one", async () => {
  await withFrames(async (folder) => {
    const store = await openMemoryStore(`${folder}/data`);
    const place = async (patient?: string) => {
      const { sequence, frames } = await importSequence(
        store,
        `${folder}/here`,
        { patient },
      );
      await frames.close();
      return sequence;
    };
    equal((await place()).procedureId, null);
    equal((await place("P1")).procedureId, 1);
    equal((await place()).procedureId, 1);
    await rejects(place("P2"), /sequence 1 already, of patient P1/);
    deepEqual((await listPatients(store)).map(({ code }) => code), ["P1"]);
    await store.close();
  });
});

Deno.test(
  "importSequence() opens a video that it knows without decoding it again",
  inFolder(async (folder) => {
    const path = `${folder}/clip.mp4`;
    await writePattern(path, { count: 20, size: { width: 96, height: 64 } });
    const store = await openDataStore({ folder: `${folder}/data` });
    const importOnce = async () => {
      const stages = new Set<string>();
      const { sequence, frames } = await importSequence(store, path, {
        onProgress: ({ stage }) => stages.add(stage),
      });
      await frames.close();
      return { id: sequence.id, stages: [...stages] };
    };
    deepEqual(await importOnce(), { id: 1, stages: ["scan"] });
    deepEqual(await importOnce(), { id: 1, stages: [] });
    await deleteSequence(store, 1);
    deepEqual(await importOnce(), { id: 2, stages: ["import"] });
    await writePattern(path, { count: 21, size: { width: 96, height: 64 } });
    deepEqual(await importOnce(), { id: 3, stages: ["scan"] });
    await store.close();
  }),
);
