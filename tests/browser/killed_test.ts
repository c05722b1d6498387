// The server killed under the page, the page killed, or both, at any moment:
// what was shown as saved is there afterwards.
//
// KILLS sets how often the last test kills; the default keeps it short.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Browser } from "playwright-core";
import type { Point } from "medannotate";
import type { FrameView, SequenceView } from "../../lib/api/contract.ts";
import { seededRandom } from "../../lib/base/random.ts";
import { checkFiles } from "../../lib/store/check_files.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { clip } from "./clip.ts";
import { holds } from "./drawn.ts";
import { browserTest, findBrowser } from "./page.ts";
import { freePort, serve, type Served } from "./served.ts";
import { openTab, type Tab } from "./tab.ts";

const kills = Number(Deno.env.get("KILLS") ?? 3);

/** What a browser says when nobody answers, or another token is wanted. */
const expects = /Failed to load resource/;

/** Runs a test in a folder of its own, with a browser and a server that can be killed. */
function killTest(
  name: string,
  test: (
    tools: {
      readonly browser: Browser;
      readonly folder: string;
      start(): Promise<Served>;
    },
  ) => Promise<void>,
) {
  browserTest(
    name,
    inFolder(async (folder) => {
      const browser = await findBrowser();
      ok(browser);
      const port = freePort();
      const started: Served[] = [];
      try {
        await test({
          browser,
          folder,
          start: async () => {
            const served = await serve({
              input: clip.path,
              data: `${folder}/data`,
              port,
            });
            started.push(served);
            return served;
          },
        });
      } finally {
        await browser.close();
        await started.at(-1)?.kill().catch(() => {}); // it may be dead already
      }
    }),
  );
}

killTest(
  "the page says that changes wait when the server is gone, and the next server gets them",
  async ({ browser, start }) => {
    const first = await start();
    const tab = await openTab(browser, first.url, clip, { expects });
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    const { counts } =
      (await first.get<FrameView>("api/sequences/1/frames/0")).masks[0];

    await first.kill();
    await tab.click(clip.polypToo);
    await tab.click(clip.beside, { button: "right" });
    const unsaved = tab.page.getByTestId("unsaved");
    await unsaved.waitFor();
    match(await unsaved.innerText(), /\b2\b/);
    match(await tab.page.getByTestId("saved").innerText(), /^Not saved/);
    const waiting = await tab.page.evaluate<string>(
      `sessionStorage.getItem("medannotate-queue-1")`,
    );
    equal(JSON.parse(waiting).length, 2);

    // another process, another token: the old page cannot know it, and goes on waiting
    const second = await start();
    const refused = tab.page.waitForResponse((answer) =>
      answer.status() === 403
    );
    await unsaved.getByRole("button").click();
    await refused;
    await unsaved.waitFor();
    const view = () => second.get<SequenceView>("api/sequences/1");
    equal((await view()).prompts.length, 1);

    // a new tab at the new address shows all that was shown as saved
    const other = await openTab(browser, second.url, clip);
    await other.page.locator("[data-object]").waitFor();
    const frame = await second.get<FrameView>("api/sequences/1/frames/0");
    equal(frame.masks[0].counts, counts);
    await other.close();

    // the old tab at the new address does what waited
    await tab.page.goto(second.url);
    await tab.saved();
    equal((await view()).prompts.length, 3);
    equal(await unsaved.count(), 0);
    deepEqual(tab.faults(), []);
  },
);

/** What is done and where; no place comes twice. */
type Mark = {
  readonly frame: number;
  readonly place: Point;
  readonly kind: "click" | "stroke";
};

killTest(
  `the page, the server or both killed ${kills} times lose nothing that was shown as saved`,
  async ({ browser, folder, start }) => {
    const random = seededRandom(11);
    const saved: Mark[] = [];
    const tried: Mark[] = [];
    let server = await start();
    for (let kill = 0; kill <= kills; kill++) {
      await requireAll(server, saved, tried);
      if (kill === kills) break;
      const victim =
        (["page", "server", "both"] as const)[Math.floor(random() * 3)];
      const tab = await openTab(browser, server.url, clip, { expects });
      await tab.ready();
      let isDead = false;
      const killing = wait(150 + random() * 1500).then(async () => {
        isDead = true;
        if (victim !== "server") await tab.page.close();
        if (victim !== "page") await server.kill();
      });
      const working = markOn(tab, () => {
        const mark = nextMark(random, tried.length);
        tried.push(mark);
        return mark;
      }, saved).catch((error) => {
        if (!isDead) throw error;
      });
      await Promise.race([killing, working]);
      await killing;
      await tab.close();
      await working;
      if (victim !== "page") server = await start();
    }
    await server.stop();
    const store = await openDataStore({ folder: `${folder}/data` });
    deepEqual(await checkFiles(store, 1), []);
    await store.close();
    ok(saved.length >= kills);
    console.log(
      `${kills} kills: ${saved.length} marks shown as saved, all there; ${
        tried.length - saved.length
      } more were under way`,
    );
  },
);

/** Marks until it fails, and notes what was shown as saved. */
async function markOn(tab: Tab, next: () => Mark, saved: Mark[]) {
  while (true) {
    const mark = next();
    await make(tab, mark);
    await tab.saved();
    saved.push(mark);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function nextMark(random: () => number, index: number): Mark {
  // strokes on the upper half of the frames, clicks on the lower, all places different
  const kind = random() < 0.5 ? "click" : "stroke";
  const frame = 2 * Math.floor(random() * 4) + (kind === "click" ? 0 : 1);
  const place = {
    x: 40 + 17 * (index % 14),
    y: 40 + 19 * Math.floor(index / 14) % 260,
  };
  return { frame, place, kind };
}

async function make(tab: Tab, { frame, place, kind }: Mark) {
  await tab.goTo(frame);
  await tab.press("Alt+1", kind === "click" ? "c" : "d");
  await tab.click(place);
}

/** Every mark that was shown as saved is there, and none is there twice. */
async function requireAll(
  server: Served,
  saved: readonly Mark[],
  tried: readonly Mark[],
) {
  const { prompts } = await server.get<SequenceView>("api/sequences/1");
  const keyOf = (frame: number, { x, y }: Point) =>
    `${frame}: ${Math.floor(x)}, ${Math.floor(y)}`;
  const there = prompts.flatMap((it) =>
    it.kind === "point" ? [keyOf(it.frame, it)] : []
  );
  equal(new Set(there).size, there.length, "a click was done twice");
  const clicks = saved.filter(({ kind }) => kind === "click").map((
    { frame, place },
  ) => keyOf(frame, place));
  deepEqual(
    clicks.filter((it) => !there.includes(it)),
    [],
    "clicks that are gone",
  );
  const known = tried.map(({ frame, place }) => keyOf(frame, place));
  deepEqual(
    there.filter((it) => !known.includes(it)),
    [],
    "clicks that nobody made",
  );
  for (const { frame, place, kind } of saved) {
    if (kind !== "stroke") continue;
    const { masks } = await server.get<FrameView>(
      `api/sequences/1/frames/${frame}`,
    );
    ok(
      masks.some((mask) => mask.origin === "drawn" && holds(mask, clip, place)),
      `the stroke on frame ${frame} is gone`,
    );
  }
}
