import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  addPrompt,
  commitFrame,
  createSequence,
  deleteSequence,
  findSequenceByFrames,
  findSequenceBySource,
  getOrCreateObject,
  getOrCreatePatient,
  getOrCreateProcedure,
  getOrCreateSequence,
  getSequence,
  listFrames,
  listProcedures,
  listSequences,
  openForWriting,
  saveMask,
  startRun,
} from "medannotate";
import {
  createTestSequence,
  firstPixels,
  inStore,
  listFiles,
  propagated,
  runInputs,
} from "./fresh_store.ts";

Deno.test(
  "createSequence() keeps frames with their times",
  inStore(async ({ store, sequence }) => {
    equal(sequence.frameCount, 4);
    deepEqual((await listFrames(store, sequence.id))[1], {
      sequenceId: sequence.id,
      index: 1,
      timeMs: 40,
      name: "1.png",
      sha256: "clip-1",
    });
  }),
);

Deno.test(
  "createSequence() writes all frames or nothing",
  inStore(async ({ store, sequence }) => {
    const frame = { timeMs: NaN, name: "", sha256: "" };
    const bad = { ...sequence, name: "bad", fps: 25, frames: [frame] };
    await rejects(createSequence(store, bad));
    deepEqual(await listSequences(store), [sequence]);
  }),
);

Deno.test(
  "getOrCreateSequence() finds the same frames wherever they lie",
  inStore(async ({ store, sequence }) => {
    const frames = await listFrames(store, sequence.id);
    const moved = { ...sequence, source: "/elsewhere", frames };
    deepEqual(await getOrCreateSequence(store, moved), sequence);
    const shorter = await getOrCreateSequence(store, {
      ...moved,
      frames: frames.slice(1),
    });
    equal(shorter.frameCount, 3);
    deepEqual(
      (await findSequenceByFrames(store, shorter.framesSha256))?.id,
      shorter.id,
    );
    equal(
      (await findSequenceBySource(store, "/elsewhere"))?.id,
      shorter.id,
    );
  }),
);

Deno.test(
  "getSequence() lists what exists when there is none",
  inStore(async ({ store, sequence }) => {
    await rejects(
      getSequence(store, 99),
      new RegExp(
        `No sequence 99 in the store: there are ${sequence.id} \\(clip\\)`,
      ),
    );
  }),
);

Deno.test(
  "getOrCreateProcedure() tells patients apart, and nobody from all",
  inStore(async ({ store }) => {
    const patient = await getOrCreatePatient(store, "P1");
    deepEqual(await getOrCreatePatient(store, "P1"), patient);
    const key = { patientId: patient.id, name: "EGD" };
    const known = await getOrCreateProcedure(store, key);
    const unknown = await getOrCreateProcedure(store, {
      ...key,
      patientId: null,
    });
    deepEqual(await getOrCreateProcedure(store, key), known);
    deepEqual(await listProcedures(store), [known, unknown]);
    deepEqual(await listProcedures(store, { patientId: null }), [unknown]);
  }),
);

Deno.test(
  "deleteSequence() removes rows and files, and its id is not given again",
  inStore(async ({ store, folder, sequence, object }) => {
    const other = await createTestSequence(store, { name: "other" });
    const kept = await getOrCreateObject(store, other.id, 1);
    for (const { id, sequenceId } of [object, kept]) {
      const writer = await openForWriting(store, sequenceId);
      await saveMask(writer, propagated(id, 0, firstPixels(2)));
      const prompt = { kind: "point", x: 1, y: 1, sign: "+" } as const;
      await addPrompt(store, { objectId: id, frame: 0, prompt });
      const run = await startRun(store, { ...runInputs, sequenceId });
      await commitFrame(writer, {
        runId: run.id,
        masks: [],
        memories: [{
          objectId: id,
          direction: "forward",
          frame: 0,
          isConditioning: true,
          objectScore: 1,
          predictedIou: 1,
          lowRes: Float32Array.of(1),
          pointer: Float32Array.of(2),
          memory: Float32Array.of(3),
        }],
        forget: [],
        framesDone: 1,
      });
      await writer.close();
    }
    await deleteSequence(store, other.id);
    const files = (await listFiles(`${folder}/masks`)).map((file) =>
      file.split("/")[0]
    );
    deepEqual(files, [".store", `${sequence.id}.lock`, `${sequence.id}`]);
    deepEqual(await listFrames(store, other.id), []);
    const next = await createTestSequence(store, { name: "next" });
    equal(next.id, other.id + 1);
  }),
);

Deno.test(
  "deleteSequence() that was killed after its rows is finished by the next writer",
  inStore(async ({ store, folder, sequence }) => {
    await Deno.mkdir(`${folder}/masks/77/1`, { recursive: true });
    await Deno.writeTextFile(`${folder}/masks/77/1/00000-00000000.png`, "");
    await store.db.insertInto("removedSequence").values({ id: 77 }).execute();
    await (await openForWriting(store, sequence.id)).close();
    deepEqual(await listFiles(`${folder}/masks`), [
      ".store",
      `${sequence.id}.lock`,
    ]);
  }),
);
