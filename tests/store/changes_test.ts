import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Kysely } from "kysely";
import { applyEdit, turnChange } from "../../lib/store/changes.ts";
import { openDialect } from "../../lib/store/dialect.ts";
import { migrate, migrations } from "../../lib/store/migrations/migrate.ts";
import {
  commitFrame,
  findMask,
  listMasks,
  readMaskBitmap,
  saveMask,
} from "../../lib/store/masks.ts";
import {
  createInactiveObject,
  deleteObject,
  getOrCreateObject,
  listObjects,
} from "../../lib/store/objects.ts";
import { checkFiles } from "../../lib/store/check_files.ts";
import { startRun } from "../../lib/store/runs.ts";
import type { Schema } from "../../lib/store/schema.ts";
import { listSpans } from "../../lib/store/spans.ts";
import {
  findRedoStep,
  findUndoStep,
  type Step,
} from "../../lib/store/steps.ts";
import { openForWriting, type SequenceWriter } from "../../lib/store/writer.ts";
import {
  firstPixels,
  type Fresh,
  inStore,
  propagated,
  runInputs,
} from "./fresh_store.ts";

function inWriter(
  test: (fresh: Fresh & { readonly writer: SequenceWriter }) => Promise<void>,
) {
  return inStore(async (fresh) => {
    const writer = await openForWriting(fresh.store, fresh.sequence.id);
    try {
      await test({ ...fresh, writer });
      deepEqual(await checkFiles(fresh.store, fresh.sequence.id), []);
    } finally {
      await writer.close();
    }
  });
}

async function undoStep({ store, sequence }: SequenceWriter) {
  const step = await findUndoStep(store, sequence.id);
  ok(step?.action === "change");
  return step as Step & { readonly action: "change" };
}

async function undo(writer: SequenceWriter) {
  await turnChange(writer, await undoStep(writer), { isDone: false });
}

Deno.test(
  "applyEdit() changes all or nothing, the step included",
  inWriter(async ({ writer, store, sequence, object }) => {
    const save = [{
      objectId: object.id,
      frame: 0,
      bitmap: firstPixels(3),
      origin: "drawn",
    }] as const;
    const objects = [{ id: 99, name: "nobody" }];
    await rejects(
      applyEdit(writer, { label: "both", save, objects }),
      /no object 99/,
    );
    equal(await findUndoStep(store, sequence.id), undefined);
    deepEqual(await listMasks(store, sequence.id), []);
  }),
);

Deno.test(
  "turnChange() brings deleted masks back with their pictures",
  inWriter(async ({ writer, store, sequence, object }) => {
    const places = [0, 1, 2].map((frame) => ({ objectId: object.id, frame }));
    for (const place of places) {
      const bitmap = firstPixels(place.frame + 1);
      await saveMask(writer, { ...place, bitmap, origin: "drawn" });
    }
    await applyEdit(writer, { label: "delete", remove: places });
    equal((await listMasks(store, sequence.id)).length, 0);
    await undo(writer);
    const back = await listMasks(store, sequence.id);
    deepEqual(back.map(readMaskBitmap), [1, 2, 3].map(firstPixels));
    deepEqual(await checkFiles(store, sequence.id), []);
  }),
);

Deno.test(
  "turnChange() leaves what a person made since, and a model's newer mask",
  inWriter(async ({ writer, store, sequence, object }) => {
    const run = await startRun(store, {
      ...runInputs,
      sequenceId: sequence.id,
    });
    const commit = (frame: number, pixels: number) =>
      commitFrame(writer, {
        runId: run.id,
        framesDone: 1,
        masks: [propagated(object.id, frame, firstPixels(pixels))],
        memories: [],
        forget: [],
      });
    const place = (frame: number) => ({ objectId: object.id, frame });
    for (const frame of [0, 1, 2]) await commit(frame, 2);
    await saveMask(writer, {
      ...place(3),
      bitmap: firstPixels(9),
      origin: "drawn",
    });
    await applyEdit(writer, {
      label: "delete",
      remove: [0, 1, 2, 3].map(place),
    });
    await commit(0, 5); // tracked anew
    await commit(3, 6);
    await saveMask(writer, {
      ...place(1),
      bitmap: firstPixels(7),
      origin: "drawn",
    });
    await undo(writer);
    const found = await Promise.all(
      [0, 1, 2, 3].map(async (frame) => {
        const mask = await findMask(store, place(frame));
        return [mask?.origin, mask?.areaPx, mask?.state];
      }),
    );
    deepEqual(found, [
      ["propagated", 5, "stale"], // newer; the mask drawn beside it came and went
      ["drawn", 7, "final"],
      ["propagated", 2, "stale"],
      ["drawn", 9, "final"], // a person's comes back over a model's
    ]);
  }),
);

Deno.test(
  "turnChange() passes over an object that was deleted for good",
  inWriter(async ({ writer, store, sequence, object }) => {
    const { id: objectId } = object;
    await saveMask(writer, {
      objectId,
      frame: 0,
      bitmap: firstPixels(1),
      origin: "drawn",
    });
    const remove = [{ objectId, frame: 0 }];
    await applyEdit(writer, { label: "delete", remove });
    await deleteObject(writer, objectId);
    await undo(writer);
    deepEqual(await listMasks(store, sequence.id), []);
  }),
);

Deno.test(
  "an object that was removed gives its number up, and comes back with another",
  inWriter(async ({ writer, store, sequence, object }) => {
    const objects = [{ id: object.id, isActive: false }];
    await applyEdit(writer, { label: "deleteObject", objects });
    deepEqual(await listObjects(store, sequence.id), []);
    const next = await getOrCreateObject(store, sequence.id, 1);
    equal(next.number, 1);
    await undo(writer);
    const numbers = (await listObjects(store, sequence.id))
      .map(({ id, number }) => [id, number]);
    deepEqual(numbers, [[next.id, 1], [object.id, 2]]);
  }),
);

Deno.test(
  "a new step drops those that were undone",
  inWriter(async ({ writer, store, sequence }) => {
    const create = (number: number) =>
      applyEdit(writer, {
        label: "createObject",
        create: async (store) => ({
          objects: [
            await createInactiveObject(store, {
              sequenceId: sequence.id,
              number,
              tagId: null,
              colour: "#000000",
              name: "x",
            }),
          ],
        }),
      });
    await create(2);
    await undo(writer);
    ok(await findRedoStep(store, sequence.id));
    await create(3);
    equal(await findRedoStep(store, sequence.id), undefined);
    deepEqual(await listSpans(store, sequence.id), []);
  }),
);

Deno.test("migrate() keeps the history of prompts of a store of version 0.2", async () => {
  const db = new Kysely<Schema>({ dialect: openDialect({ kind: "memory" }) });
  const {
    "0003_history": _,
    "0004_volumes": _later,
    ...before
  } = migrations;
  await migrate(db, before);
  const old = db as unknown as Kysely<OldTables>;
  await old.insertInto("sequence").values(oldSequence).execute();
  await old.insertInto("object").values({
    id: 1,
    sequenceId: 1,
    number: 1,
    colour: "#000000",
    name: "polyp",
  }).execute();
  const prompt = JSON.stringify({ kind: "point", x: 1, y: 1, sign: "+" });
  const row = { sequenceId: 1, objectId: 1, frame: 0, prompt };
  await old.insertInto("prompt").values([
    { id: 1, ...row, isActive: 1 },
    { id: 2, ...row, isActive: 0 },
  ]).execute();
  await old.insertInto("promptStep").values([
    { id: 7, sequenceId: 1, promptId: 1, action: "add", isDone: 1 },
    { id: 8, sequenceId: 1, promptId: 2, action: "add", isDone: 0 },
  ]).execute();
  await migrate(db);
  const store = { db };
  deepEqual(await findUndoStep(store, 1), {
    id: 7,
    sequenceId: 1,
    action: "add",
    promptId: 1,
  });
  equal((await findRedoStep(store, 1))?.id, 8);
  deepEqual((await listObjects(store, 1)).map(({ name }) => name), ["polyp"]);
  await db.destroy();
});

type OldTables = {
  sequence: typeof oldSequence;
  object: {
    id: number;
    sequenceId: number;
    number: number;
    colour: string;
    name: string;
  };
  prompt: {
    id: number;
    sequenceId: number;
    objectId: number;
    frame: number;
    prompt: string;
    isActive: number;
  };
  promptStep: {
    id: number;
    sequenceId: number;
    promptId: number;
    action: string;
    isDone: number;
  };
};

const oldSequence = {
  id: 1,
  name: "clip",
  kind: "folder",
  source: "/x",
  width: 4,
  height: 3,
  frameCount: 4,
  framesSha256: "f",
  createdAt: "2026-01-01T00:00:00.000Z",
};
