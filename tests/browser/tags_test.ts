// Tags of whole frames on the timeline, and lists of tags in files.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

async function seedTags({ post }: Annotator) {
  for (const [code, name] of [["cecum", "Cecum"], ["blurred", "Blurred"]]) {
    await post("api/tags", {
      kind: "create",
      code,
      name,
      category: "landmark",
    });
  }
}

/** Where a frame's middle is on the timeline's lanes. */
async function onTimeline({ page }: Tab, frame: number, frameCount: number) {
  const box = await page.locator(".span-lane").boundingBox();
  ok(box);
  return {
    x: box.x + (frame + 0.5) / frameCount * box.width,
    y: box.y + box.height / 2,
  };
}

annotatorTest(
  "a frame is tagged, a span begun and ended by keys",
  async (annotator) => {
    const { openTab, view } = annotator;
    await seedTags(annotator);
    const tab = await openTab();
    const search = tab.page.getByTestId("tagSearch");
    const spans = async () =>
      (await view()).spans.map(({ from, to }) => [from, to]);
    await tab.goTo(3);
    await tab.press("Shift+T");
    await search.fill("cecum");
    await search.press("Enter");
    await tab.saved();
    deepEqual(await spans(), [[3, 3]]);

    await tab.goTo(5);
    await tab.press("i");
    await tab.goTo(9);
    await tab.press("o");
    await search.fill("blurred");
    await search.press("Enter");
    await tab.saved();
    deepEqual(await spans(), [[3, 3], [5, 9]]);
    await tab.press("Control+z");
    await tab.saved();
    deepEqual(await spans(), [[3, 3]]);
    await tab.press("Control+y");
    await tab.saved();
    deepEqual(await spans(), [[3, 3], [5, 9]]);

    // backwards: its end is given first
    await tab.goTo(20);
    await tab.run("spanBegin");
    await tab.goTo(15);
    await tab.run("spanEnd");
    await tab.page.locator("[data-tag='cecum'] .tag").click();
    await tab.saved();
    deepEqual((await spans()).at(-1), [15, 20]);
  },
);

annotatorTest(
  "the edges of a span are dragged, typed, and the span is deleted",
  async (annotator) => {
    const { openTab, view, act, get, clip } = annotator;
    await seedTags(annotator);
    const { tags } = await get<{ tags: { id: number }[] }>("api/home");
    await act({ kind: "createSpan", tagId: tags[0].id, from: 4, to: 10 });
    const tab = await openTab();
    const { page } = tab;
    const span = async () => {
      const [span] = (await view()).spans;
      return span && [span.from, span.to];
    };
    const drag = async (side: "from" | "to", frame: number) => {
      const edge = await page.locator(`.span-edge.${side}`).boundingBox();
      ok(edge);
      await page.mouse.move(edge.x + edge.width / 2, edge.y + edge.height / 2);
      await page.mouse.down();
      const { x, y } = await onTimeline(tab, frame, clip.frameCount);
      await page.mouse.move(x, y, { steps: 4 });
      await page.mouse.up();
      await tab.saved();
    };
    await drag("to", 14);
    deepEqual(await span(), [4, 14]);
    await drag("from", 7);
    deepEqual(await span(), [7, 14]);
    equal(await tab.data("frame"), "0"); // the drag does not scrub
    await tab.press("Control+z");
    await tab.saved();
    deepEqual(await span(), [4, 14]);
    // dragged beyond the other edge it ends there
    await drag("from", 20);
    deepEqual(await span(), [14, 14]);
    await tab.press("Control+z");
    await tab.saved();

    await tab.panel("frameTags");
    await page.getByRole("spinbutton", { name: /^First frame of/ }).fill("2");
    await page.getByRole("spinbutton", { name: /^First frame of/ }).press(
      "Enter",
    );
    await tab.saved();
    deepEqual(await span(), [2, 14]);
    await page.getByRole("button", { name: /^Delete the tag/ }).click();
    await tab.saved();
    equal(await span(), undefined);
    // the keys belong to the page again
    await tab.press("Control+z");
    await tab.saved();
    deepEqual(await span(), [2, 14]);
  },
);

annotatorTest(
  "tag lists come from csv and txt, duplicates are named, and go out as both",
  async ({ openTab, get, folder }) => {
    const tab = await openTab();
    const { page } = tab;
    const codes = async () => {
      const { tags } = await get<{ tags: { code: string }[] }>("api/home");
      return tags.map(({ code }) => code);
    };
    const give = async (name: string, text: string) => {
      const path = `${folder}/${name}`;
      await Deno.writeTextFile(path, text);
      await page.locator("input[type=file]").setInputFiles(path);
    };
    await give(
      "tags.csv",
      "code,name,category,colour\npolyp,Polyp,finding,#ff0000\ncecum,Cecum,landmark,#00ff00\n",
    );
    await until(async () => (await codes()).length === 2, "two tags");
    await until(
      async () => /2 tags were added/.test(await tab.status()),
      "the word",
    );

    await give(
      "more.csv",
      "code,name,category,colour\npolyp,Other,finding,#0000ff\nileum,Ileum,anatomy,#00ffff\n",
    );
    const dialog = page.locator("dialog");
    await dialog.waitFor();
    match(await dialog.innerText(), /polyp/);
    match(await dialog.innerText(), /1 tags? (was|were) added/);
    await tab.press("Escape");
    deepEqual(await codes(), ["polyp", "cecum", "ileum"]);

    await give("labels.txt", "1 snare 255 0 0\n2 polyp 0 255 0\n");
    await dialog.waitFor();
    match(await dialog.innerText(), /polyp/);
    await dialog.getByRole("button", { name: "Close" }).click();
    deepEqual(await codes(), ["polyp", "cecum", "ileum", "snare"]);

    for (
      const [name, link] of [["tags.csv", "Save as CSV"], [
        "labels.txt",
        "For EISeg",
      ]]
    ) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: link }).click(),
      ]);
      equal(download.suggestedFilename(), name);
      const text = await Deno.readTextFile(await download.path());
      for (const code of await codes()) ok(text.includes(code));
    }
  },
);
