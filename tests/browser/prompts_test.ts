// Clicks and boxes: what the pointer says about an object, undone and redone,
// listed, removed, previewed, and kept while a frame is not ready.

import { deepEqual, equal, ok } from "node:assert/strict";
import { openAnnotatorTests } from "./annotator.ts";
import { holds } from "./drawn.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

annotatorTest(
  "a left click marks the polyp, a right click takes away what is not part of it",
  async ({ openTab, clip, mask, frame, view }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    const first = await mask(0);
    equal(first.origin, "click");
    ok(holds(first, clip, clip.polyp));

    await tab.click(clip.polypToo);
    await tab.saved();
    const more = await mask(0);
    ok(holds(more, clip, clip.polypToo));
    await tab.click(clip.beside, { button: "right" });
    await tab.saved();
    const { masks: [less], prompts } = await frame(0);
    ok(less.areaPx < more.areaPx, `${less.areaPx} after ${more.areaPx} px`);
    deepEqual(
      prompts.map((it) => it.kind === "point" && it.sign),
      ["+", "+", "-"],
    );
    // the click landed on the pixel that was meant
    const [prompt] = prompts;
    ok(prompt.kind === "point");
    deepEqual(
      [Math.floor(prompt.x), Math.floor(prompt.y)],
      [clip.polyp.x, clip.polyp.y],
    );
    equal((await view()).objects.length, 1);
  },
);

annotatorTest(
  "Shift and drag, or the box tool, mark with a box",
  async ({ openTab, clip, mask, frame }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.drag(clip.box, { key: "Shift" });
    await tab.saved();
    ok(holds(await mask(0), clip, clip.polyp));
    equal((await frame(0)).prompts[0].kind, "box");

    await tab.goTo(1);
    await tab.press("b");
    await tab.drag(clip.box);
    await tab.saved();
    const [prompt] = (await frame(1)).prompts;
    ok(prompt.kind === "box");
    const [from, to] = clip.box;
    deepEqual(
      [prompt.x0, prompt.y0, prompt.x1, prompt.y1].map(Math.floor),
      [from.x, from.y, to.x, to.y],
    );
    // a drag of less than two pixels is a slip
    await tab.drag([clip.wall, clip.wall]);
    await tab.saved();
    equal((await frame(1)).prompts.length, 1);
  },
);

annotatorTest(
  "Ctrl+click removes the point near the pointer",
  async ({ openTab, clip, frame }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.click(clip.polypToo);
    await tab.saved();
    await tab.click({ x: clip.polyp.x + 2, y: clip.polyp.y - 2 }, {
      key: "Control",
    });
    await tab.saved();
    const { prompts } = await frame(0);
    equal(prompts.length, 1);
    ok(prompts[0].kind === "point");
    equal(Math.floor(prompts[0].x), clip.polypToo.x);
    // far from all of them it says so
    await tab.click(clip.wall, { key: "Control" });
    equal(await tab.status(), "There is no point near.");
  },
);

annotatorTest(
  "undo and redo go back and forth through everything, by key and button",
  async ({ openTab, clip, frame, view }) => {
    const tab = await openTab();
    await tab.ready();
    const places = [clip.polyp, clip.polypToo, clip.wall, clip.beside];
    const states: string[] = [];
    const note = async () => {
      await tab.saved();
      const { masks, prompts } = await frame(0);
      return JSON.stringify([
        masks.map(({ counts, origin }) => [counts, origin]),
        prompts.map((it) => it.kind === "point" && [it.x, it.y, it.sign]),
      ]);
    };
    states.push(await note());
    for (const [i, place] of places.entries()) {
      await tab.click(place, { button: i < 2 ? "left" : "right" });
      states.push(await note());
    }
    const last = states.length - 1;
    for (let round = 0; round < 2; round++) {
      for (let i = last - 1; i >= 0; i--) {
        if (round === 0) await tab.press("Control+z");
        else await tab.run("undo");
        equal(await note(), states[i], `undone to ${i}`);
      }
      for (let i = 1; i <= last; i++) {
        if (round === 0) await tab.press("Control+y");
        else await tab.run("redo");
        equal(await note(), states[i], `redone to ${i}`);
      }
    }
    // as fast as keys can be pressed
    for (let i = 0; i < 12; i++) await tab.press("Control+z");
    await tab.saved();
    equal((await view()).objects.length, 0);
    for (let i = 0; i < 12; i++) await tab.press("Control+y");
    equal(await note(), states[last]);
    // the buttons say what they would do
    match(await tab.button("undo").getAttribute("title"), /click/);
    ok(await tab.button("redo").isDisabled());
  },
);

annotatorTest(
  "undo on another frame goes there",
  async ({ openTab, clip, mask, frame }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    await mask(0);
    await tab.goTo(5);
    await tab.press("Control+z");
    await tab.saved();
    await tab.shows(0);
    deepEqual((await frame(0)).masks, []);
  },
);

annotatorTest(
  "the list of prompts holds those of all frames, to go to and to remove",
  async ({ openTab, clip, frame, view }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    await tab.goTo(4);
    await tab.click(clip.polyp);
    await tab.click(clip.beside, { button: "right" });
    await tab.saved();
    await tab.panel("prompts");
    const rows = tab.page.locator("[data-prompt]");
    equal(await rows.count(), 3);
    await rows.first().getByRole("button").first().click();
    await tab.shows(0);
    await rows.nth(2).getByRole("button", { name: "Remove the prompt" })
      .click();
    await tab.saved();
    equal(await rows.count(), 2);
    equal((await frame(4)).prompts.length, 1);
    // all prompts of the frame that is shown
    await tab.press("Control+Shift+Z");
    await tab.saved();
    equal((await frame(0)).prompts.length, 0);
    equal((await view()).prompts.length, 1);
    equal(await rows.count(), 1);
  },
);

annotatorTest(
  "the preview shows the mask under the pointer and stores nothing",
  async ({ openTab, clip, frame, view }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.hover(clip.wall);
    await tab.press("w");
    await tab.changes("overlay", () => tab.hover(clip.polyp));
    await tab.changes("overlay", () => tab.hover({ x: 5, y: clip.height - 5 }));
    await tab.page.mouse.move(5, 5);
    const { masks, prompts } = await frame(0);
    deepEqual([masks, prompts], [[], []]);
    equal((await view()).objects.length, 0);
    // a click while it is on is a click
    await tab.click(clip.polyp);
    await tab.saved();
    equal((await frame(0)).masks.length, 1);
  },
);

annotatorTest(
  "a click on a frame whose features are not there waits and is answered",
  async ({ openTab, clip, mask, frame }) => {
    const tab = await openTab();
    const held = Promise.withResolvers<void>();
    await tab.page.route("**/frames/7/ready", async (route) => {
      await held.promise;
      await route.continue();
    });
    await tab.page.route("**/actions?*", async (route) => {
      await held.promise; // as long as the server encodes
      await route.continue();
    });
    await tab.page.getByTestId("frame").fill("7");
    await tab.page.getByTestId("frame").press("Enter");
    await tab.shows(7);
    equal(await tab.data("ready"), "false");
    await tab.changes("overlay", () => tab.click(clip.polyp)); // the point is there at once
    equal(await tab.status(), "Encoding the frame…");
    match(await tab.page.getByTestId("saved").innerText(), /Saving/);
    await tab.click(clip.polypToo);
    held.resolve();
    await tab.saved();
    ok(holds(await mask(7), clip, clip.polyp));
    equal((await frame(7)).prompts.length, 2);
  },
);

annotatorTest(
  "a right click without an object, and clicks beside the picture, do nothing",
  async ({ openTab, clip, view }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.click(clip.polyp, { button: "right" });
    equal(await tab.status(), "Click inside the object first.");
    await tab.click({ x: -4, y: 20 });
    await tab.click({ x: clip.width + 4, y: 20 });
    await tab.saved();
    const { objects, prompts } = await view();
    deepEqual([objects, prompts], [[], []]);
  },
);

annotatorTest(
  "Space ends an object and the next click begins another",
  async ({ openTab, clip, view }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    await tab.press("Space");
    await until(
      async () => /Object finished/.test(await tab.status()),
      "the word",
    );
    await tab.click(clip.wall);
    await tab.saved();
    const { objects, prompts } = await view();
    equal(objects.length, 2);
    deepEqual(
      prompts.map(({ objectId }) => objectId),
      objects.map(({ id }) => id),
    );
  },
);

function match(text: string | null, pattern: RegExp) {
  ok(text !== null && pattern.test(text), `${text} does not match ${pattern}`);
}
