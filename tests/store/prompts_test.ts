import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import {
  addPrompt,
  getOrCreateObject,
  listPrompts,
  openStore,
  type Prompt,
  promptsSha256,
  redoPrompt,
  removePrompt,
  type Store,
  undoPrompt,
} from "medannotate";
import { inStore } from "./fresh_store.ts";

const point = (x: number): Prompt => ({ kind: "point", x, y: 1, sign: "+" });

/** The x of every point in force. */
async function xs(store: Store, sequenceId: number) {
  const prompts = await listPrompts(store, sequenceId);
  return prompts.map(({ prompt }) => prompt.kind === "point" ? prompt.x : -1);
}

Deno.test(
  "addPrompt() keeps points, boxes and masks as they are",
  inStore(async ({ store, sequence, object }) => {
    const prompts: Prompt[] = [
      { kind: "point", x: 1.5, y: 0, sign: "-" },
      { kind: "box", x0: 0, y0: 0.25, x1: 3, y1: 2 },
      { kind: "mask", rle: { size: [3, 4], counts: [1, 2, 9] } },
    ];
    for (const [frame, prompt] of prompts.entries()) {
      await addPrompt(store, { objectId: object.id, frame, prompt });
    }
    const listed = await listPrompts(store, sequence.id);
    deepEqual(listed.map(({ prompt }) => prompt), prompts);
    deepEqual(listed.map(({ frame }) => frame), [0, 1, 2]);
  }),
);

Deno.test(
  "undoPrompt() and redoPrompt() go all the way back and forth",
  inStore(async ({ store, sequence: { id }, object }) => {
    for (const x of [1, 2, 3]) {
      const prompt = point(x);
      await addPrompt(store, { objectId: object.id, frame: 0, prompt });
    }
    equal((await undoPrompt(store, id))?.kind, "removed");
    await undoPrompt(store, id);
    await undoPrompt(store, id);
    deepEqual(await xs(store, id), []);
    equal(await undoPrompt(store, id), undefined);
    equal((await redoPrompt(store, id))?.kind, "added");
    await redoPrompt(store, id);
    deepEqual(await xs(store, id), [1, 2]);
    await redoPrompt(store, id);
    equal(await redoPrompt(store, id), undefined);
    deepEqual(await xs(store, id), [1, 2, 3]);
  }),
);

Deno.test(
  "removePrompt() can be undone, back to the prompt's own place",
  inStore(async ({ store, sequence: { id }, object }) => {
    const first = await addPrompt(store, {
      objectId: object.id,
      frame: 0,
      prompt: point(1),
    });
    await addPrompt(store, { objectId: object.id, frame: 0, prompt: point(2) });
    await removePrompt(store, first.id);
    deepEqual(await xs(store, id), [2]);
    await rejects(
      removePrompt(store, first.id),
      /does not exist or is removed/,
    );
    deepEqual(await undoPrompt(store, id), { kind: "added", prompt: first });
    deepEqual(await xs(store, id), [1, 2]);
    deepEqual(await redoPrompt(store, id), { kind: "removed", prompt: first });
    deepEqual(await xs(store, id), [2]);
  }),
);

Deno.test(
  "addPrompt() after undo drops what could be redone",
  inStore(async ({ store, sequence: { id }, object }) => {
    const add = (x: number) =>
      addPrompt(store, { objectId: object.id, frame: 0, prompt: point(x) });
    const first = await add(1);
    await add(2);
    await undoPrompt(store, id); // takes 2 back
    await removePrompt(store, first.id);
    await undoPrompt(store, id); // brings 1 back
    await add(3);
    equal(await redoPrompt(store, id), undefined);
    deepEqual(await xs(store, id), [1, 3]);
    await undoPrompt(store, id);
    await undoPrompt(store, id);
    deepEqual(await xs(store, id), []);
  }),
);

Deno.test(
  "undoPrompt() works after a restart and on its own sequence only",
  inStore(async ({ store, folder, sequence: { id }, object }) => {
    await addPrompt(store, { objectId: object.id, frame: 0, prompt: point(1) });
    await addPrompt(store, { objectId: object.id, frame: 0, prompt: point(2) });
    await undoPrompt(store, id);
    const again = await openStore({ url: store.url, folder });
    deepEqual(await xs(again, id), [1]);
    equal(await undoPrompt(again, id + 1), undefined);
    await redoPrompt(again, id);
    deepEqual(await xs(again, id), [1, 2]);
    await again.close();
  }),
);

Deno.test(
  "listPrompts() can be limited to an object and a frame",
  inStore(async ({ store, sequence, object }) => {
    const other = await getOrCreateObject(store, sequence.id, 2);
    await addPrompt(store, { objectId: object.id, frame: 0, prompt: point(1) });
    await addPrompt(store, { objectId: other.id, frame: 0, prompt: point(2) });
    await addPrompt(store, { objectId: other.id, frame: 3, prompt: point(3) });
    const list = async (range: { objectId?: number; frame?: number }) =>
      (await listPrompts(store, sequence.id, range)).length;
    equal(await list({ objectId: other.id }), 2);
    equal(await list({ frame: 0 }), 2);
    equal(await list({ objectId: other.id, frame: 3 }), 1);
  }),
);

Deno.test("promptsSha256() depends on the prompts and their order alone", () => {
  const a = { objectId: 1, frame: 0, prompt: point(1) };
  const b = { objectId: 1, frame: 0, prompt: point(2) };
  const turned = {
    prompt: { sign: "+", y: 1, x: 1, kind: "point" },
    frame: 0,
    objectId: 1,
    id: 7,
  } as const;
  equal(promptsSha256([turned]), promptsSha256([a]));
  notEqual(promptsSha256([a, b]), promptsSha256([b, a]));
});
