// Two tabs on one sequence: each sees what the other does, and no work of a
// person is overwritten without asking.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { holds } from "./drawn.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

const mine = { x: 60, y: 60 };
const theirs = { x: 200, y: 200 };

/** A tab that hears no news until `hear` is called. */
async function deafTab({ openTab }: Annotator) {
  const tab = await openTab({ expects: /Failed to load resource/ });
  await tab.page.locator("[data-object]").first().waitFor();
  await tab.page.route("**/changes?*", (route) => route.abort());
  await tab.page.evaluate("void 0"); // what was asked before the route may still answer
  return { tab, hear: () => tab.page.unroute("**/changes?*") };
}

/** Both tabs on a drawn mask; then the other draws, and this one does not hear of it. */
async function conflictOf(annotator: Annotator) {
  const { openTab, mask, url, sequenceId } = annotator;
  const other = await openTab();
  await other.press("d");
  await other.click({ x: 130, y: 130 });
  await other.saved();
  const { tab, hear } = await deafTab(annotator);
  // the poll that waited when the route was set is used up by this
  await annotator.post(`api/sequences/${sequenceId}/actions`, {
    kind: "createObject",
    tagId: null,
  });
  await until(
    async () => await tab.page.locator("[data-object]").count() === 2,
    "the news before",
  );
  await other.press("Alt+1");
  await other.click(theirs);
  await other.saved();
  const before = await mask(0, 1);
  await tab.press("Alt+1", "d");
  await tab.click(mine);
  await tab.page.getByTestId("conflict").waitFor();
  equal((await mask(0, 1)).version, before.version, "it was overwritten");
  ok(url);
  return { tab, other, hear, before };
}

async function objectsIn({ page }: Tab): Promise<number> {
  return await page.locator("[data-object]").count();
}

annotatorTest(
  "each tab sees the other's objects, masks and undo",
  async ({ openTab, clip, frame, view }) => {
    const one = await openTab();
    const two = await openTab();
    await one.ready();
    await two.changes("overlay", () => one.click(clip.polyp));
    await until(
      async () => await objectsIn(two) === 1,
      "the object in the other tab",
    );
    await one.saved();

    // the other one refines it: it sees the newest mask
    await two.press("Alt+1");
    await one.changes("overlay", () => two.click(clip.polypToo));
    await two.saved();
    equal((await frame(0)).prompts.length, 2);
    equal((await view()).objects.length, 1);

    await one.changes("overlay", () => two.press("Control+z"));
    await two.saved();
    await two.changes("overlay", () => one.press("Control+z"));
    await one.saved();
    deepEqual((await frame(0)).masks, []);
    await two.changes("overlay", () => one.press("Control+y"));
    await one.saved();
    equal((await frame(0)).masks.length, 1);
  },
);

annotatorTest(
  "renaming, deleting and frame tags arrive as well",
  async ({ openTab, act, post, get }) => {
    await post("api/tags", {
      kind: "create",
      code: "cecum",
      category: "landmark",
    });
    const { tags } = await get<{ tags: { id: number }[] }>("api/home");
    const one = await openTab();
    const { objectId } = await act({ kind: "createObject", tagId: null });
    ok(objectId);
    await until(async () => await objectsIn(one) === 1, "the object");
    await act({ kind: "changeObject", objectId, name: "at the fold" });
    await one.page.locator(`[data-object='${objectId}']`).filter({
      hasText: "at the fold",
    }).waitFor();
    await act({ kind: "createSpan", tagId: tags[0].id, from: 2, to: 6 });
    await one.page.locator(".span-lane [data-span]").waitFor();
    await act({ kind: "deleteObject", objectId });
    await until(async () => await objectsIn(one) === 0, "that it is gone");
  },
);

annotatorTest(
  "masks that are carried along appear in the other tab",
  async ({ openTab, clip }) => {
    const one = await openTab();
    const two = await openTab();
    await one.ready();
    await one.click(clip.polyp);
    await one.saved();
    await two.goTo(5);
    await two.changes("overlay", () => one.press("p"));
    await until(
      async () => /Propagation is done/.test(await two.status()),
      "the word in the other tab",
      { withinMs: 60_000 },
    );
  },
);

annotatorTest(
  "a stroke on a mask that changed elsewhere is refused, and the other one can be kept",
  async (annotator) => {
    const { tab, hear, before } = await conflictOf(annotator);
    await hear();
    await tab.page.getByRole("button", { name: "Keep the other" }).click();
    await tab.page.getByTestId("conflict").waitFor({ state: "detached" });
    await tab.saved();
    const kept = await annotator.mask(0, 1);
    equal(kept.version, before.version);
    // what comes next goes on from what is seen now
    await tab.click(mine);
    await tab.saved();
    const both = await annotator.mask(0, 1);
    ok(
      holds(both, annotator.clip, mine) && holds(both, annotator.clip, theirs),
    );
  },
);

annotatorTest(
  "a refused stroke can be applied all the same, and undone",
  async (annotator) => {
    const { tab, hear, before } = await conflictOf(annotator);
    await hear();
    await tab.page.getByRole("button", { name: "Apply mine all the same" })
      .click();
    await tab.saved();
    equal(await tab.page.getByTestId("conflict").count(), 0);
    const applied = await annotator.mask(0, 1);
    ok(holds(applied, annotator.clip, mine));
    await tab.press("Control+z");
    await tab.saved();
    equal((await annotator.mask(0, 1)).counts, before.counts);
  },
);

annotatorTest("a refused stroke survives a reload", async (annotator) => {
  const { tab, hear, before } = await conflictOf(annotator);
  await hear();
  await tab.reload();
  await tab.page.getByTestId("conflict").waitFor();
  equal((await annotator.mask(0, 1)).version, before.version);
  await tab.page.getByRole("button", { name: "Apply mine all the same" })
    .click();
  await tab.saved();
  ok(holds(await annotator.mask(0, 1), annotator.clip, mine));
});
