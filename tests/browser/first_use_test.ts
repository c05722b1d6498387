// The first use, from an empty folder to an exported data set of three objects on
// a hundred frames, through the page alone; prints what it took.

import { equal, match, ok } from "node:assert/strict";
import { openFrames, openModel, type Point, type RgbImage } from "medannotate";
import { openDesks } from "../../lib/api/desks.ts";
import { serveAnnotator } from "../../lib/api/server.ts";
import type { HomeView } from "../../lib/api/contract.ts";
import { createVideoWriter } from "../../lib/media/video_writer.ts";
import { sampleClipPath } from "../../lib/notebook/sample.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { sampleClip } from "./clip.ts";
import { browserTest, findBrowser } from "./page.ts";
import { openTab, type Tab } from "./tab.ts";

const frameCount = 100;

browserTest(
  "three objects on 100 frames are marked, carried along, verified and exported at first use",
  inFolder(async (folder) => {
    await writeHundred(`${folder}/endoscopy.mp4`);
    await using open = new AsyncDisposableStack();
    const model = open.adopt(
      await openModel({ device: "cpu" }),
      (model) => model.close(),
    );
    const browser = await findBrowser();
    ok(browser);
    open.defer(() => browser.close());

    const startMs = performance.now();
    const store = open.adopt(
      await openDataStore({ folder: `${folder}/data` }),
      (store) => store.close(),
    );
    const desks = open.adopt(openDesks(store, model), (desks) => desks.close());
    const server = open.adopt(
      serveAnnotator(desks),
      (server) => server.close(),
    );
    const importing = desks.import(`${folder}/endoscopy.mp4`);
    // the page opens the video by itself when it has been read
    const tab = await openTab(browser, server.url, sampleClip);
    await importing;
    const hand = countingHand(tab);
    const openMs = performance.now() - startMs;

    await markThree(tab, hand);
    const markedMs = performance.now() - startMs;

    await hand.press("p");
    await tab.page.getByTestId("status").filter({
      hasText: "Propagation is done",
    })
      .waitFor({ timeout: 60_000 });
    const carriedMs = performance.now() - startMs;

    await verifyAll(tab, hand);
    const verifiedMs = performance.now() - startMs;

    const folderOut = await exportAll(tab, hand);
    const seconds = (ms: number) => (ms / 1000).toFixed(1);
    const { clicks, keys } = hand.counts();
    console.log(
      `first use: ${clicks} mouse clicks, ${keys} key presses, ${
        seconds(performance.now() - startMs)
      } s ` +
        `(open ${seconds(openMs)}, marked after ${
          seconds(markedMs)
        }, carried along ${seconds(carriedMs)}, verified ${
          seconds(verifiedMs)
        })`,
    );

    const { sequences: [summary] } =
      await (await fetch(`${server.localUrl}api/home`)).json() as HomeView;
    equal(summary.frameCount, frameCount);
    equal(summary.objects, 3);
    equal(summary.masks, 3 * frameCount);
    equal(summary.verified, 3 * frameCount);
    ok((await Deno.stat(folderOut)).isDirectory);
    equal(tab.faults().join("\n"), "");
  }),
);

/** What a person does with mouse and keyboard, counted. */
type Hand = {
  click(
    place: Point,
    options?: { readonly button: "left" | "right" },
  ): Promise<void>;
  clickOn(selector: string): Promise<void>;
  press(...keys: readonly string[]): Promise<void>;
  type(text: string): Promise<void>;
  counts(): { readonly clicks: number; readonly keys: number };
};

function countingHand(tab: Tab): Hand {
  let clicks = 0, keys = 0;
  return {
    click: async (place, options) => {
      clicks++;
      await tab.click(place, options);
    },
    clickOn: async (selector) => {
      clicks++;
      await tab.page.locator(selector).filter({ visible: true }).first()
        .click();
    },
    press: async (...pressed) => {
      keys += pressed.length;
      await tab.press(...pressed);
    },
    type: async (text) => {
      keys += text.length;
      await tab.page.keyboard.type(text);
    },
    counts: () => ({ clicks, keys }),
  };
}

/** A polyp, an instrument and a fold, each with a tag that is new. */
async function markThree(tab: Tab, hand: Hand) {
  const tag = async (name: string) => {
    await hand.press("n");
    await tab.page.getByTestId("tagSearch").waitFor();
    await hand.type(name);
    await hand.press("Enter");
    await tab.page.locator("dialog").waitFor({ state: "detached" });
  };
  await tab.ready();
  await tag("polyp");
  await hand.click(sampleClip.polyp);
  await hand.click(sampleClip.beside, { button: "right" });
  await tab.saved();

  await tag("fold");
  await hand.click(sampleClip.wall);
  await tab.saved();

  await hand.press("Control+g");
  await hand.type("45");
  await hand.press("Enter");
  await tab.shows(45);
  await tab.ready();
  await tag("forceps");
  await hand.click({ x: 330, y: 228 });
  await hand.click({ x: 400, y: 291 });
  await tab.saved();
}

/** Every mask of every object, in one dialog. */
async function verifyAll(tab: Tab, hand: Hand) {
  await hand.clickOn("[data-tab='review']");
  await hand.clickOn("[data-command='verifyRange']");
  // first to last frame, all objects
  await tab.page.getByTestId("range-from").waitFor();
  if (await tab.page.getByTestId("range-from").inputValue() !== "0") {
    await hand.clickOn("[data-testid='range-from']");
    await hand.press("Control+a", "0");
  }
  await hand.clickOn("dialog select");
  await hand.press("End", "Enter");
  await tab.page.locator("dialog select").selectOption("all"); // as those keys do in a real list
  await hand.clickOn("[data-testid='rangeNow']");
  await tab.saved();
}

async function exportAll(tab: Tab, hand: Hand): Promise<string> {
  await hand.press("Control+e");
  await hand.clickOn("[data-testid='exportNow']");
  const result = tab.page.locator("dialog .result");
  await result.waitFor({ timeout: 60_000 });
  match(await result.innerText(), /100/);
  return await result.locator(".path").innerText();
}

/** The sample's ninety frames and ten of them backwards. */
async function writeHundred(path: string) {
  const clip = await openFrames(sampleClipPath);
  const images: RgbImage[] = [];
  for (let i = 0; i < clip.count; i++) images.push(await clip.read(i));
  await clip.close();
  const writer = await createVideoWriter(path, {
    size: clip.size,
    fps: 25,
    crf: 20,
    gop: 25,
  });
  for (let i = 0; i < frameCount; i++) {
    const last = images.length - 1;
    await writer.write(images[i <= last ? i : 2 * last - i]);
  }
  await writer.close();
}
