// Objects and their tags: several of one tag, the palette, hot keys, colours,
// what is shown, and every way to delete, each undone.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { disc } from "./drawn.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** The object's row in the panel. */
function rowOf({ page }: Tab, objectId: number) {
  return page.locator(`[data-object='${objectId}']`);
}

/** Chooses from the menu of an object's row. */
async function choose(
  tab: Tab,
  objectId: number,
  item: string | RegExp,
) {
  await rowOf(tab, objectId).getByRole("button", { name: /^More for/ }).click();
  await tab.page.getByRole("menuitem", { name: item, exact: true })
    .filter({ visible: true }).click();
}

/** Two polyps and an instrument with discs on frames 0 to 5. */
async function seedThree({ act, post, get, clip }: Annotator) {
  for (const code of ["polyp", "forceps"]) {
    await post("api/tags", { kind: "create", code });
  }
  const { tags } = await get<{ tags: { id: number; code: string }[] }>(
    "api/home",
  );
  const tagOf = (code: string) =>
    tags.find((tag) => tag.code === code)?.id ?? null;
  const ids: number[] = [];
  for (const [i, code] of ["polyp", "polyp", "forceps"].entries()) {
    const { objectId } = await act({
      kind: "createObject",
      tagId: tagOf(code),
    });
    ok(objectId);
    ids.push(objectId);
    for (let frame = 0; frame < 6; frame++) {
      const counts = disc(clip, { x: 60 + 90 * i, y: 100, radiusPx: 25 });
      await act({ kind: "draw", objectId, frame, counts, seen: null });
    }
  }
  return { ids, tagOf };
}

annotatorTest(
  "a new tag is made in the palette and two objects share it",
  async ({ openTab, clip, view, get }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.press("n");
    await tab.page.getByTestId("tagSearch").fill("polyp");
    // nothing is called so: it is made, and chosen
    await tab.page.getByTestId("tagSearch").press("Enter");
    await tab.page.locator("dialog").waitFor({ state: "detached" });
    const { tags } = await get<{ tags: unknown[] }>("api/home");
    equal(tags.length, 1);
    await tab.click(clip.polyp);
    await tab.saved();
    await tab.press("Space"); // the next one has the same tag
    await tab.click(clip.wall);
    await tab.saved();
    const { objects } = await view();
    equal(objects.length, 2);
    ok(objects[0].tagId !== null);
    equal(objects[1].tagId, objects[0].tagId);
    ok(objects[0].name !== objects[1].name);
    equal(await tab.page.locator("[data-object]").count(), 2);
  },
);

annotatorTest(
  "the palette finds tags by code, name and category, by mouse and keyboard",
  async ({ openTab, post, clip, view }) => {
    for (
      const [code, name, category] of [
        ["P1", "Sessile polyp", "finding"],
        ["ileum", "Terminal ileum", "anatomy"],
        ["snare", "Snare", "instrument"],
      ]
    ) {
      await post("api/tags", { kind: "create", code, name, category });
    }
    const tab = await openTab();
    await tab.ready();
    await tab.press("n");
    const search = tab.page.getByTestId("tagSearch");
    const found = () =>
      tab.page.locator("[data-tag]").evaluateAll((rows) =>
        rows.map((row) => row.getAttribute("data-tag"))
      );
    deepEqual((await found()).toSorted(), ["P1", "ileum", "snare"]);
    for (
      const [text, code] of [["p1", "P1"], ["sessile", "P1"], [
        "anatomy",
        "ileum",
      ], ["instr", "snare"]]
    ) {
      await search.fill(text);
      await until(
        async () => `${await found()}` === code,
        `${code} for ${text}`,
      );
    }
    await search.fill("");
    await search.press("ArrowDown");
    const second = (await found())[1];
    await search.press("Enter");
    equal(await tab.page.locator("dialog").count(), 0);
    await tab.click(clip.polyp);
    await tab.saved();
    const { tags } = await tabTags(tab);
    const [object] = (await view()).objects;
    equal(tags.find(({ id }) => id === object.tagId)?.code, second);
    // Escape leaves all as it was
    await tab.press("t");
    await search.press("Escape");
    equal((await view()).objects[0].tagId, object.tagId);
    // change it with the mouse
    await choose(tab, object.id, "Change tag");
    await tab.page.locator("[data-tag='snare'] .tag").click();
    await tab.saved();
    equal(
      (await view()).objects[0].tagId,
      tags.find(({ code }) => code === "snare")?.id,
    );
    await tab.press("Control+z");
    await tab.saved();
    equal((await view()).objects[0].tagId, object.tagId);
  },
);

async function tabTags({ page }: Tab) {
  return await page.evaluate<{ tags: { id: number; code: string }[] }>(
    `fetch("api/home").then((answer) => answer.json())`,
  );
}

annotatorTest(
  "a hot key chooses a tag, and keys that belong to a command are refused",
  async ({ openTab, post, clip, view }) => {
    await post("api/tags", { kind: "create", code: "polyp" });
    await post("api/tags", { kind: "create", code: "snare" });
    const tab = await openTab();
    await tab.ready();
    await tab.press("n");
    const key = tab.page.locator("[data-tag='snare'] .key");
    await key.click();
    await key.press("f"); // belongs to "next frame"
    await until(async () => !/F$/.test(await key.innerText()), "a refusal");
    await key.click();
    await key.press("4");
    await until(async () => (await key.innerText()).trim() === "4", "the key");
    await tab.press("Escape");
    await tab.page.locator("dialog").waitFor({ state: "detached" });
    await tab.press("4");
    await tab.click(clip.polyp);
    await tab.saved();
    const { tags } = await tabTags(tab);
    const [object] = (await view()).objects;
    equal(object.tagId, tags.find(({ code }) => code === "snare")?.id);
    // it survives a reload
    await tab.reload();
    await tab.ready();
    await tab.press("Space");
    await tab.press("4");
    await tab.click(clip.wall);
    await tab.saved();
    equal((await view()).objects[1]?.tagId, object.tagId);
  },
);

annotatorTest(
  "objects are renamed, coloured and chosen, and each of it is undone",
  async (annotator) => {
    const { openTab, view } = annotator;
    const { ids: [first, second] } = await seedThree(annotator);
    const tab = await openTab();
    const nameOf = async (id: number) =>
      (await view()).objects.find((it) => it.id === id)?.name;
    const before = await nameOf(second);
    await rowOf(tab, second).locator(".object-name").dblclick();
    await tab.page.locator(".name-field").fill("at the fold");
    await tab.page.locator(".name-field").press("Enter");
    await tab.saved();
    equal(await nameOf(second), "at the fold");
    await tab.press("Control+z");
    await tab.saved();
    equal(await nameOf(second), before);
    // by key: the chosen one
    await tab.press("Alt+1");
    await tab.press("F2");
    await tab.page.locator(".name-field").fill("first");
    await tab.page.locator(".name-field").press("Enter");
    await tab.saved();
    equal(await nameOf(first), "first");

    await tab.changes(
      "overlay",
      () => rowOf(tab, first).locator("input[type=color]").fill("#ff00ff"),
    );
    await tab.saved();
    equal((await view()).objects[0].colour, "#ff00ff");
    await tab.press("Control+z");
    await tab.saved();
    ok((await view()).objects[0].colour !== "#ff00ff");
  },
);

annotatorTest(
  "objects are hidden and shown: one, all, those of a tag",
  async (annotator) => {
    const { openTab } = annotator;
    const { ids: [first, second, third] } = await seedThree(annotator);
    const tab = await openTab();
    const hidden = async () => {
      const all = [first, second, third];
      const classes = await Promise.all(
        all.map((id) => rowOf(tab, id).getAttribute("class")),
      );
      return all.filter((_, i) => /\bhidden\b/.test(classes[i] ?? ""));
    };
    await tab.changes(
      "overlay",
      () => rowOf(tab, second).getByRole("button", { name: /^Hide/ }).click(),
    );
    deepEqual(await hidden(), [second]);
    await tab.changes(
      "overlay",
      () => rowOf(tab, second).getByRole("button", { name: /^Show/ }).click(),
    );
    deepEqual(await hidden(), []);
    await tab.press("Alt+3");
    await tab.changes("overlay", () => tab.press("u"));
    deepEqual(await hidden(), [third]);
    await tab.changes("overlay", () => tab.press("Shift+U"));
    deepEqual(await hidden(), []);
    await tab.changes("overlay", () => tab.press("Shift+U"));
    deepEqual(await hidden(), [first, second, third]);
    await tab.press("Shift+U");
    await tab.changes("overlay", () => choose(tab, first, /only.* polyp/i));
    deepEqual(await hidden(), [third]);
    await tab.changes("overlay", () => choose(tab, first, "Show all"));
    deepEqual(await hidden(), []);
  },
);

annotatorTest(
  "masks are deleted here, here and after, in a range of a tag, with the object, and come back",
  async (annotator) => {
    const { openTab, lane, view } = annotator;
    const { ids: [first, second, third] } = await seedThree(annotator);
    const tab = await openTab();
    const lanes = async () =>
      (await Promise.all([first, second, third].map(lane))).map((it) =>
        it.slice(0, 7)
      );
    const all = ["hhhhhh.", "hhhhhh.", "hhhhhh."];
    const undone = async () => {
      await tab.press("Control+z");
      await tab.saved();
      deepEqual(await lanes(), all);
    };
    await tab.press("Alt+1");
    await tab.goTo(2);

    await tab.press("Delete");
    await tab.saved();
    deepEqual(await lanes(), ["hh.hhh.", ...all.slice(1)]);
    await undone();
    await tab.run("deleteMask");
    await tab.saved();
    deepEqual(await lanes(), ["hh.hhh.", ...all.slice(1)]);
    await undone();
    await choose(tab, second, "Delete the mask here");
    await tab.saved();
    deepEqual(await lanes(), [all[0], "hh.hhh.", all[2]]);
    await undone();

    await tab.press("Alt+1", "Shift+Delete");
    await tab.saved();
    deepEqual(await lanes(), ["hh.....", ...all.slice(1)]);
    await undone();
    await choose(tab, second, "Delete all following");
    await tab.saved();
    deepEqual(await lanes(), [all[0], "hh.....", all[2]]);
    await undone();

    await choose(tab, first, "Delete a range…");
    await tab.page.getByTestId("range-from").fill("1");
    await tab.page.getByTestId("range-to").fill("3");
    await tab.page.locator("dialog select").selectOption("tag");
    await tab.page.getByTestId("rangeNow").click();
    await tab.saved();
    deepEqual(await lanes(), ["h...hh.", "h...hh.", all[2]]);
    await undone();

    await tab.press("Alt+3", "Control+Delete");
    await tab.saved();
    deepEqual((await view()).objects.map(({ id }) => id), [first, second]);
    await undone();
    await choose(tab, third, "Delete the object");
    await tab.saved();
    equal((await view()).objects.length, 2);
    await undone();
  },
);

annotatorTest(
  "masks of a range are verified, and the lane says so",
  async (annotator) => {
    const { openTab, lane } = annotator;
    const { ids: [first] } = await seedThree(annotator);
    const tab = await openTab();
    await tab.press("Alt+1", "v");
    await tab.saved();
    equal((await lane(first)).slice(0, 3), "vhh");
    await tab.press("v");
    await tab.saved();
    equal((await lane(first)).slice(0, 3), "hhh");
    // what undo would do is said in words
    ok(!/unverify/.test(await tab.button("undo").getAttribute("title") ?? ""));
    await choose(tab, first, "Verify a range…");
    await tab.page.getByTestId("range-from").fill("1");
    await tab.page.getByTestId("range-to").fill("4");
    await tab.page.getByTestId("rangeNow").click();
    await tab.saved();
    equal((await lane(first)).slice(0, 7), "hvvvvh.");
    await tab.press("Control+z");
    await tab.saved();
    equal((await lane(first)).slice(0, 7), "hhhhhh.");
  },
);
