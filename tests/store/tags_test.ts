import { deepEqual, equal } from "node:assert/strict";
import {
  addTags,
  deleteTag,
  findTagByCode,
  getOrCreateObject,
  getOrCreateTag,
  listObjects,
  listTags,
} from "medannotate";
import { inStore } from "./fresh_store.ts";

Deno.test(
  "addTags() reports a code that exists and leaves it as it is",
  inStore(async ({ store }) => {
    await addTags(store, [{
      code: "polyp",
      name: "Polyp",
      colour: [255, 0, 16],
    }]);
    const { added, duplicates } = await addTags(store, [
      { code: "polyp", name: "Other" },
      { code: "bubbles", category: "quality", procedures: ["EGD"] },
    ]);
    deepEqual(added.map(({ code }) => code), ["bubbles"]);
    deepEqual(duplicates.map(({ name }) => name), ["Polyp"]);
    const [polyp, bubbles] = await listTags(store);
    equal(polyp.colour, "#ff0010");
    deepEqual(bubbles.procedures, ["EGD"]);
    equal(bubbles.category, "quality");
  }),
);

Deno.test(
  "addTags() never gives a class number again",
  inStore(async ({ store }) => {
    const { added } = await addTags(store, [{ code: "a" }, { code: "b" }]);
    deepEqual(added.map(({ classNumber }) => classNumber), [0, 1]);
    await deleteTag(store, added[1].id);
    equal((await getOrCreateTag(store, "b")).classNumber, 2); // 1 went with the old b
  }),
);

Deno.test(
  "getOrCreateTag() makes one tag when asked twice at once",
  inStore(async ({ store }) => {
    const tags = await Promise.all(
      [1, 2, 3].map(() => getOrCreateTag(store, "polyp")),
    );
    deepEqual(tags.map(({ classNumber }) => classNumber), [0, 0, 0]);
    equal((await findTagByCode(store, "polyp"))?.name, "polyp");
  }),
);

Deno.test(
  "deleteTag() leaves its objects without a tag",
  inStore(async ({ store, sequence }) => {
    const tag = await getOrCreateTag(store, "polyp");
    const { tagId } = await getOrCreateObject(store, sequence.id, 1, {
      tagId: tag.id,
    });
    equal(tagId, tag.id);
    await deleteTag(store, tag.id);
    deepEqual((await listObjects(store, sequence.id)).map((o) => o.tagId), [
      null,
    ]);
  }),
);
