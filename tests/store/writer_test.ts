import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  checkFiles,
  deleteSequence,
  openForWriting,
  openStore,
  saveMask,
} from "medannotate";
import { firstPixels, inStore, listFiles, propagated } from "./fresh_store.ts";

Deno.test(
  "openForWriting() lets one in at a time",
  inStore(async ({ store, folder, sequence }) => {
    const first = await openForWriting(store, sequence.id);
    const again = await openStore({ url: store.url, folder });
    const refused =
      /Cannot write to sequence \d+: another part of this process is writing/;
    await rejects(openForWriting(again, sequence.id), refused);
    await rejects(deleteSequence(again, sequence.id), refused);
    await first.close();
    await first.close(); // once is enough, twice does no harm
    await (await openForWriting(again, sequence.id)).close();
    await again.close();
  }),
);

Deno.test(
  "saveMask() refuses a writer that is closed",
  inStore(async ({ store, sequence, object }) => {
    const writer = await openForWriting(store, sequence.id);
    await writer.close();
    await rejects(
      saveMask(writer, propagated(object.id, 0, firstPixels(1))),
      /Cannot write to sequence \d+: its writer is closed/,
    );
  }),
);

Deno.test(
  "openForWriting() removes what a killed writer left and nothing else",
  inStore(async ({ store, folder, sequence, object }) => {
    const first = await openForWriting(store, sequence.id);
    await saveMask(first, propagated(object.id, 0, firstPixels(1)));
    await first.close();
    const before = await listFiles(folder);
    const directory = `masks/${sequence.id}/1`;
    const orphan = `${directory}/00000-00000000.png`;
    const temporary =
      `${directory}/00001-0a0a0a0a.png.${crypto.randomUUID()}.tmp`;
    const foreign = `${directory}/notes.txt`;
    for (const file of [orphan, temporary, foreign]) {
      await Deno.writeTextFile(`${folder}/${file}`, "x");
    }
    const second = await openForWriting(store, sequence.id);
    deepEqual([...second.swept].sort(), [orphan, temporary]);
    await second.close();
    deepEqual(await listFiles(folder), [...before, foreign].sort());
  }),
);

Deno.test(
  "openForWriting() writes pictures again that a row misses",
  inStore(async ({ store, folder, sequence, object }) => {
    const first = await openForWriting(store, sequence.id);
    const files: string[] = [];
    for (const frame of [0, 1, 2]) {
      const mask = propagated(object.id, frame, firstPixels(1));
      files.push((await saveMask(first, mask)).file);
    }
    await first.close();
    await Deno.remove(`${folder}/${files[0]}`);
    await Deno.truncate(`${folder}/${files[1]}`);
    equal((await checkFiles(store, sequence.id)).length, 2);
    const second = await openForWriting(store, sequence.id);
    deepEqual(second.repaired, files.slice(0, 2));
    await second.close();
    deepEqual(await checkFiles(store, sequence.id), []);
  }),
);
