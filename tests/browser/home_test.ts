// The list of sequences: what is there, opening one, going back.

import { equal, match } from "node:assert/strict";
import { writeFrames } from "../work/small_clip.ts";
import { openAnnotatorTests } from "./annotator.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

annotatorTest(
  "the list shows every sequence, opens the one that is chosen, and comes back",
  async ({ openTab, desks, folder, act, clip }) => {
    await writeFrames(`${folder}/other`);
    const other = await desks.import(`${folder}/other`);
    await act({ kind: "createObject", tagId: null });
    const tab = await openTab({ query: "?sequence=1" });
    await tab.run("sequences");
    const cards = tab.page.locator("[data-sequence]");
    equal(await cards.count(), 2);
    match(
      await tab.page.locator("[data-sequence='1']").innerText(),
      new RegExp(`${clip.frameCount} frames[^]*1 objects?`),
    );
    await tab.page.locator(`[data-sequence='${other}']`).click();
    await until(
      async () => /other/.test(await tab.page.title()),
      "the other sequence",
    );
    await tab.shows(0);
    // the address names it, so that a reload stays there
    await tab.press("f");
    await tab.shows(1);
    await tab.page.waitForURL(/sequence=2&frame=1/);
    await tab.reload();
    await tab.shows(1);
    match(await tab.page.title(), /other/);
    // from the keyboard
    await tab.run("sequences");
    await tab.page.locator("[data-sequence='1']").press("Enter");
    await tab.page.locator("[data-object]").waitFor();
  },
);

annotatorTest("the only sequence is opened at once", async ({ openTab }) => {
  const tab = await openTab();
  await tab.shows(0);
});

annotatorTest(
  "a sequence that cannot be opened says why",
  async ({ openTab, desks, folder, browser, url }) => {
    await writeFrames(`${folder}/gone`);
    const id = await desks.import(`${folder}/gone`);
    const tab = await openTab({ query: "?sequence=1" });
    equal(await tab.data("frame"), "0");
    equal(id, 2);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${url}?sequence=77`);
    await page.getByRole("alert").waitFor();
    match(await page.getByRole("alert").innerText(), /77/);
    await page.getByRole("button", { name: "Sequences" }).click();
    await page.locator("[data-sequence='2']").waitFor();
    match(await page.locator("main").innerText(), /deno task annotate/);
    await context.close();
  },
);
