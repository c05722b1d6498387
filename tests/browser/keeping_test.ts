// Reloads, crashes and answers that got lost: nothing is lost, nothing done twice.

import { deepEqual, equal, ok } from "node:assert/strict";
import { openAnnotatorTests } from "./annotator.ts";
import { openTab as openTabAt } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** What the browser says when the tests cut the connection. */
const expects = /Failed to load resource/;

/** Places near each other that the page takes for different clicks. */
function places(
  { x, y }: { readonly x: number; readonly y: number },
  count: number,
) {
  return Array.from(
    { length: count },
    (_, i) => ({ x: x + 12 * (i % 4), y: y + 12 * Math.floor(i / 4) }),
  );
}

annotatorTest(
  "a click that could not be sent is kept over a reload and done once",
  async ({ openTab, clip, view }) => {
    const tab = await openTab({ expects });
    await tab.ready();
    await tab.page.route("**/actions?*", (route) => route.abort());
    await tab.click(clip.polyp);
    const unsaved = tab.page.getByTestId("unsaved");
    await unsaved.waitFor();
    ok(/2/.test(await unsaved.innerText()), await unsaved.innerText()); // the object and its point
    await tab.reload();
    await unsaved.waitFor();
    deepEqual((await view()).prompts, []);
    // it can be gone on with meanwhile
    await tab.click(clip.polypToo);
    await tab.page.unroute("**/actions?*");
    await unsaved.getByRole("button").click();
    await tab.saved();
    const { objects, prompts } = await view();
    equal(prompts.length, 2);
    equal(objects.length, 1);
    equal(await unsaved.count(), 0);
  },
);

annotatorTest(
  "an answer that got lost is asked for again, the action is done once",
  async ({ openTab, clip, view }) => {
    const tab = await openTab({ expects });
    await tab.ready();
    await tab.page.route("**/actions?*", async (route) => {
      await route.fetch(); // the server does it
      await route.abort(); // and the page does not hear of it
    }, { times: 2 });
    await tab.click(clip.polyp);
    await tab.saved();
    const { objects, prompts } = await view();
    deepEqual([objects.length, prompts.length], [1, 1]);
    await tab.press("Control+z");
    await tab.saved();
    deepEqual((await view()).prompts, []);
  },
);

annotatorTest(
  "reloads in the middle of clicks lose none and double none",
  async ({ openTab, clip, view, frame }) => {
    const tab = await openTab({ expects });
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    const more = places(clip.polyp, 8).slice(1);
    for (const place of more) {
      await tab.click(place);
      await tab.reload();
      await tab.page.locator("[data-object]").first().waitFor();
      await tab.press("Alt+1");
    }
    await tab.saved();
    const { objects, prompts } = await view();
    equal(objects.length, 1);
    deepEqual(
      prompts.map((it) =>
        it.kind === "point" && [Math.floor(it.x), Math.floor(it.y)]
      ),
      [clip.polyp, ...more].map(({ x, y }) => [x, y]),
    );
    equal((await frame(0)).masks.length, 1);
  },
);

annotatorTest(
  "strokes that wait are seen after a reload, and saved in their order",
  async ({ openTab, mask }) => {
    const tab = await openTab({ expects });
    await tab.press("d");
    await tab.click({ x: 60, y: 60 });
    await tab.saved();
    const first = await mask(0);
    await tab.page.route("**/actions?*", (route) => route.abort());
    await tab.click({ x: 100, y: 60 });
    await tab.click({ x: 140, y: 60 });
    await tab.page.getByTestId("unsaved").waitFor();
    await tab.reload();
    await tab.page.getByTestId("unsaved").waitFor();
    await tab.page.unroute("**/actions?*");
    await tab.page.getByTestId("unsaved").getByRole("button").click();
    await tab.saved();
    const last = await mask(0);
    ok(
      last.areaPx > 2.5 * first.areaPx,
      `${last.areaPx} after ${first.areaPx} px`,
    );
    equal((await mask(0)).origin, "drawn");
  },
);

annotatorTest(
  "a tab that the browser brings back after a crash does what waited",
  async ({ openTab, clip, view, url, browser }) => {
    const tab = await openTab({ expects });
    await tab.ready();
    await tab.page.route("**/actions?*", (route) => route.abort());
    await tab.click(clip.polyp);
    await tab.click(clip.polypToo);
    await tab.page.getByTestId("unsaved").waitFor();
    // a browser gives a tab that it brings back the session storage it had
    const kept = await tab.page.evaluate<string>(
      "JSON.stringify({ ...sessionStorage })",
    );
    await tab.page.close();
    await tab.context.addInitScript(
      `for (const [key, value] of Object.entries(${kept})) sessionStorage.setItem(key, value);`,
    );
    const again = await openTabAt(browser, url, clip, {
      context: tab.context,
      expects,
    });
    await again.saved();
    const { objects, prompts } = await view();
    deepEqual([objects.length, prompts.length], [1, 2]);
    deepEqual(again.faults(), []);
  },
);

annotatorTest(
  "closing a tab whose changes wait is asked about",
  async ({ openTab, clip }) => {
    const tab = await openTab({ expects });
    await tab.ready();
    await tab.page.route("**/actions?*", (route) => route.abort());
    await tab.click(clip.polyp);
    await tab.page.getByTestId("unsaved").waitFor();
    const [dialog] = await Promise.all([
      tab.page.waitForEvent("dialog"),
      tab.page.close({ runBeforeUnload: true }),
    ]);
    equal(dialog.type(), "beforeunload");
    await dialog.dismiss();
    await tab.page.unroute("**/actions?*");
    await tab.saved();
  },
);

annotatorTest("Ctrl+S says that everything is saved", async ({ openTab }) => {
  const tab = await openTab();
  await tab.press("Control+s");
  await until(async () => /saved/.test(await tab.status()), "the word");
});
