// Going from frame to frame: keys, scrubbing, marks, playing, the frame's number.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { disc } from "./drawn.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** An object with discs on some frames. */
async function seedDiscs(
  { act, clip }: Annotator,
  frames: readonly number[],
) {
  const { objectId } = await act({ kind: "createObject", tagId: null });
  ok(objectId);
  for (const frame of frames) {
    const counts = disc(clip, { x: 100, y: 100, radiusPx: 30 });
    await act({ kind: "draw", objectId, frame, counts, seen: null });
  }
  return objectId;
}

/** Where a frame's middle is on the thumbnails. */
async function onThumbnails({ page }: Tab, frame: number, frameCount: number) {
  const box = await page.locator(".thumbnails").boundingBox();
  const lanes = await page.locator(".lanes canvas").boundingBox();
  ok(box && lanes);
  return {
    x: lanes.x + (frame + 0.5) / frameCount * lanes.width,
    y: box.y + box.height / 2,
  };
}

async function frameOf(tab: Tab): Promise<number> {
  return Number(await tab.data("frame"));
}

annotatorTest(
  "keys go a frame, ten frames, and to both ends",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    const last = clip.frameCount - 1;
    for (
      const [key, frame] of [
        ["f", 1],
        ["ArrowRight", 2],
        ["s", 1],
        ["ArrowLeft", 0],
        ["s", 0],
        ["Shift+ArrowRight", 10],
        ["Shift+ArrowLeft", 0],
        ["End", last],
        ["f", last],
        ["Home", 0],
      ] as const
    ) {
      await tab.press(key);
      await tab.shows(frame);
    }
    for (
      const [command, frame] of [["nextFrame", 1], ["lastFrame", last], [
        "previousFrame",
        last - 1,
      ], ["firstFrame", 0]] as const
    ) {
      await tab.run(command);
      await tab.shows(frame);
    }
  },
);

annotatorTest(
  "a drag on the timeline scrubs, a click on it goes there",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    const { mouse } = tab.page;
    const to = async (frame: number, steps = 1) => {
      const { x, y } = await onThumbnails(tab, frame, clip.frameCount);
      await mouse.move(x, y, { steps });
    };
    await to(5);
    await mouse.down();
    await tab.shows(5);
    await to(20, 8);
    await tab.shows(20);
    await to(12, 8);
    await tab.shows(12);
    await mouse.up();
    await to(25, 2);
    equal(await frameOf(tab), 12);
    await mouse.down();
    await mouse.up();
    await tab.shows(25);
  },
);

annotatorTest(
  "a number typed into the frame field goes there, Ctrl+G begins to type",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    const field = tab.page.getByTestId("frame");
    await tab.press("Control+g");
    await tab.page.keyboard.type("17");
    await tab.press("Enter");
    await tab.shows(17);
    await tab.press("f"); // keys are the page's again
    await tab.shows(18);
    await field.fill("9999");
    await field.press("Enter");
    await tab.shows(clip.frameCount - 1);
    equal(await field.inputValue(), String(clip.frameCount - 1));
  },
);

annotatorTest(
  "what is typed into the frame field is not lost when news arrives",
  async ({ openTab, act }) => {
    const tab = await openTab();
    await tab.press("Control+g");
    await tab.page.keyboard.type("1");
    await act({ kind: "createObject", tagId: null });
    await tab.page.locator("[data-object]").waitFor();
    await tab.page.keyboard.type("7");
    await tab.press("Enter");
    await tab.shows(17);
  },
);

annotatorTest(
  "Ctrl and arrows go between what was marked",
  async (annotator) => {
    await seedDiscs(annotator, [3, 11, 12]);
    const tab = await annotator.openTab();
    for (
      const [key, frame] of [
        ["Control+ArrowRight", 3],
        ["Control+ArrowRight", 11],
        ["Control+ArrowRight", 12],
        ["Control+ArrowLeft", 11],
      ] as const
    ) {
      await tab.press(key);
      await tab.shows(frame);
    }
    await tab.run("nextCondition");
    await tab.shows(12);
    await tab.press("Control+ArrowRight");
    equal(await tab.status(), "There is no such frame further on.");
    await tab.run("previousCondition");
    await tab.shows(11);
    await tab.press("j");
    equal(await tab.status(), "There is no such frame further on.");
  },
);

annotatorTest(
  "lanes show what an object has, and choose it",
  async (annotator) => {
    const first = await seedDiscs(annotator, [0, 1]);
    const second = await seedDiscs(annotator, [4]);
    const tab = await annotator.openTab();
    const lanes = () =>
      tab.page.evaluate<string>(
        `document.querySelector(".lanes canvas").toDataURL()`,
      );
    const names = tab.page.locator(".lanes .names button");
    equal(await names.count(), 2);
    await names.nth(1).click();
    equal(await names.nth(1).getAttribute("aria-pressed"), "true");
    equal(
      await tab.page.locator(`[data-object='${second}'] .object-name`)
        .getAttribute("aria-pressed"),
      "true",
    );
    equal(
      await tab.page.locator(`[data-object='${first}'] .object-name`)
        .getAttribute("aria-pressed"),
      "false",
    );
    const before = await lanes();
    await tab.press("Control+ArrowRight"); // to frame 4, whose disc is copied
    await tab.shows(4);
    await tab.press("f");
    await tab.shows(5);
    await tab.press("Control+d");
    await tab.saved();
    await until(async () => await lanes() !== before, "another lane");
  },
);

annotatorTest(
  "the wheel zooms the timeline in time, a button shows all of it",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    const { page } = tab;
    const { x, y } = await onThumbnails(tab, 10, clip.frameCount);
    await page.mouse.move(x, y);
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -240);
    const all = page.getByRole("button", { name: "Show all frames" });
    await all.waitFor();
    // the frame under the pointer stays there
    await page.mouse.down();
    await page.mouse.up();
    await tab.shows(10);
    // the window follows the frame
    await tab.press("End");
    await tab.shows(clip.frameCount - 1);
    await page.locator(".playhead").waitFor();
    await all.click();
    await all.waitFor({ state: "detached" });
  },
);

annotatorTest(
  "K plays and pauses, at the speed that was chosen",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    const speed = tab.page.locator(".speed select");
    await speed.selectOption("0.25");
    const startMs = performance.now();
    await tab.press("k");
    await until(async () => await frameOf(tab) >= 2, "the third frame");
    // 25 frames a second, a quarter of it: 320 ms for two frames
    ok(performance.now() - startMs >= 300);
    await tab.press("k");
    const stopped = await frameOf(tab);
    await tab.shows(stopped);
    ok(stopped < 8, `it plays slowly and stopped at ${stopped}`);

    await tab.press("Period", "Period");
    equal(await speed.inputValue(), "1");
    await tab.press("Comma");
    equal(await speed.inputValue(), "0.5");
    await speed.selectOption("10");
    await tab.run("play");
    await tab.shows(clip.frameCount - 1);
    // from the end it begins anew
    await speed.selectOption("1");
    await tab.press("k");
    await until(
      async () => await frameOf(tab) < clip.frameCount - 1,
      "the beginning",
    );
    // a click pauses, and is meant for the frame that is seen
    await until(async () => await frameOf(tab) >= 3, "some frames");
    await tab.click(clip.polyp);
    await tab.saved();
    const seen = await frameOf(tab);
    await tab.shows(seen);
  },
);

annotatorTest(
  "a click while it plays is for the frame that is seen",
  async ({ openTab, clip, view }) => {
    const tab = await openTab();
    await tab.press("k");
    await until(async () => await frameOf(tab) >= 3, "some frames");
    await tab.click(clip.polyp);
    await tab.saved();
    const { prompts } = await view();
    deepEqual(prompts.map(({ frame }) => frame), [await frameOf(tab)]);
  },
);

annotatorTest(
  "the upper edge of the timeline gives the lanes room, and the page remembers it",
  async ({ openTab }) => {
    const tab = await openTab();
    const body = tab.page.getByTestId("timeline");
    const heightOf = async () =>
      Math.round((await body.boundingBox())?.height ?? 0);
    const edge = tab.page.getByTestId("timeline-edge");
    const before = await heightOf();
    const box = await edge.boundingBox();
    ok(box);
    const at = { x: box.x + 300, y: box.y + 3 };
    await tab.page.mouse.move(at.x, at.y);
    await tab.page.mouse.down();
    await tab.page.mouse.move(at.x, at.y - 60, { steps: 3 });
    const saved = tab.page.waitForResponse(/api\/preferences/);
    await tab.page.mouse.up();
    await until(async () => await heightOf() === before + 60, "more room");
    await saved;
    await tab.reload();
    await until(async () => await heightOf() === before + 60, "the same room");
    await edge.press("ArrowDown");
    await until(async () => await heightOf() === before + 42, "18 px less");
    await edge.dblclick();
    await until(async () => await heightOf() === before, "what it needs");
  },
);
