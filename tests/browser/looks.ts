// Pictures of every view and dialog, to be looked at by a person.
//
// deno run -A tests/browser/looks.ts FOLDER: dark and light, three sizes, English
// and Russian, on the clip of the tests.

import { openModel } from "medannotate";
import type { Browser } from "playwright-core";
import type { Action, ActionResult } from "../../lib/api/contract.ts";
import { openDesks } from "../../lib/api/desks.ts";
import { serveAnnotator } from "../../lib/api/server.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { clip, sampleClip } from "./clip.ts";
import { disc } from "./drawn.ts";
import { findBrowser } from "./page.ts";
import { openTab, type Tab } from "./tab.ts";
import { until } from "./until.ts";

const sizes = [[1280, 800], [1920, 1080], [900, 600]] as const;

/** What is shown, by the name of the picture. */
const views: Readonly<Record<string, (tab: Tab) => Promise<void>>> = {
  objects: (tab) => tab.panel("objects"),
  "object-menu": async (tab) => {
    await tab.panel("objects");
    await tab.page.locator(".object .menu summary").first().click();
  },
  "propagate-menu": (tab) => tab.page.locator(".split summary").click(),
  "frame-tags": (tab) => tab.panel("frameTags"),
  prompts: (tab) => tab.panel("prompts"),
  review: (tab) => tab.panel("review"),
  view: (tab) => tab.panel("view"),
  shortcuts: (tab) => tab.press("?"),
  tags: (tab) => tab.press("n"),
  "new-tag": async (tab) => {
    await tab.press("n");
    await tab.page.getByTestId("tagSearch").fill("a tag that is new");
  },
  export: async (tab) => {
    await tab.press("Control+e");
    await tab.page.getByTestId("exportNow").click();
    await tab.page.locator("dialog .result").waitFor();
  },
  range: async (tab) => {
    await tab.panel("review");
    await tab.run("verifyRange");
  },
  "verify-propagated": async (tab) => {
    await tab.panel("review");
    await tab.run("verifyPropagated");
  },
  brush: async (tab) => {
    await tab.press("d");
    await tab.hover(clip.polyp);
  },
  polygon: async (tab) => {
    await tab.press("g");
    await tab.hover(clip.polyp);
  },
  zoomed: async (tab) => {
    await tab.hover(clip.polyp);
    for (let i = 0; i < 8; i++) await tab.page.mouse.wheel(0, -240);
    await until(
      async () => (await tab.page.locator(".readout").innerText()) !== "",
      "a place",
    );
  },
  unsaved: async (tab) => {
    await tab.page.route("**/actions?*", (route) => route.abort());
    await tab.click(clip.polypToo);
    await tab.page.getByTestId("unsaved").waitFor();
  },
};

if (import.meta.main) {
  const [out = await Deno.makeTempDir({ prefix: "looks-" })] = Deno.args;
  await Deno.mkdir(out, { recursive: true });
  const folder = await Deno.makeTempDir();
  const browser = await findBrowser();
  if (!browser) throw new Error("There is no browser");
  const model = await openModel({ device: "cpu" });
  const store = await openDataStore({ folder: `${folder}/data` });
  const desks = openDesks(store, model);
  const server = serveAnnotator(desks);
  try {
    const id = await desks.import(clip.path);
    await takeEmpty(browser, server.localUrl, out);
    await seed(server.localUrl, id);
    await takeAll(browser, server.localUrl, out);
    await desks.import(sampleClip.path, {
      patient: "P-014",
      procedure: "Colonoscopy",
    });
    await takeHome(browser, server.localUrl, out);
  } finally {
    await browser.close();
    await server.close();
    await desks.close();
    await store.close();
    await model.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function takeEmpty(browser: Browser, url: string, out: string) {
  const tab = await openTab(browser, url, clip);
  await tab.ready();
  await tab.page.screenshot({ path: `${out}/dark-1280-empty.png` });
  for (const panel of ["frameTags", "prompts", "review"] as const) {
    await tab.panel(panel);
    await tab.page.screenshot({ path: `${out}/dark-1280-empty-${panel}.png` });
  }
  await tab.close();
}

async function takeAll(browser: Browser, url: string, out: string) {
  for (const [width, height] of sizes) {
    for (const theme of ["dark", "light"] as const) {
      for (const language of ["en", "ru"] as const) {
        if (language === "ru" && (width === 1920 || theme === "light")) {
          continue;
        }
        await post(`${url}api/preferences`, { theme, language });
        for (const [name, show] of Object.entries(views)) {
          const tab = await openTab(browser, url, clip, { width, height });
          await tab.ready();
          await tab.press("Alt+1");
          if (!await tab.page.locator(".side-panel").isVisible()) {
            await tab.press("Backslash");
          }
          await show(tab).catch((error) =>
            console.error(`${name}: ${error.message.slice(0, 200)}`)
          );
          await tab.page.waitForLoadState("networkidle", { timeout: 300 })
            .catch(() => {}); // the page always waits for news
          const part = language === "ru" ? "ru-" : "";
          await tab.page.screenshot({
            path: `${out}/${part}${theme}-${width}-${name}.png`,
          });
          await tab.close();
        }
      }
    }
  }
}

async function takeHome(browser: Browser, url: string, out: string) {
  for (const theme of ["dark", "light"] as const) {
    await post(`${url}api/preferences`, { theme, language: "en" });
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    await page.goto(url);
    await page.locator("[data-sequence]").first().waitFor();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${out}/${theme}-1280-home.png` });
    await context.close();
  }
}

/** Three objects, two of one tag, propagated; frame tags; something verified. */
async function seed(url: string, id: number) {
  const act = (action: Action): Promise<ActionResult> =>
    post(`${url}api/sequences/${id}/actions`, action);
  for (
    const [code, name, category] of [
      ["polyp", "Sessile polyp", "finding"],
      ["erosion", "Erosion with a fibrin coat", "finding"],
      ["ileum", "Terminal ileum", "anatomy"],
      ["blur", "Blurred", "quality"],
    ]
  ) await post(`${url}api/tags`, { kind: "create", code, name, category });
  const ids: number[] = [];
  for (const tagId of [1, 1, 2]) {
    ids.push((await act({ kind: "createObject", tagId })).objectId!);
  }
  const [first, second, third] = ids;
  const click = (
    objectId: number,
    frame: number,
    place: { x: number; y: number },
    sign: "+" | "-",
  ) =>
    act({ kind: "point", objectId, frame, ...place, sign, seen: null }).catch(
      () => {},
    );
  await click(first, 0, clip.polyp, "+");
  await act({
    kind: "createSpan",
    tagId: 3,
    from: 2,
    to: 14,
  });
  await act({ kind: "createSpan", tagId: 4, from: 20, to: 22 });
  await act({
    kind: "draw",
    objectId: second,
    frame: 0,
    counts: disc(clip, { x: 290, y: 90, radiusPx: 25 }),
    seen: null,
  });
  await act({
    kind: "draw",
    objectId: third,
    frame: 3,
    counts: disc(clip, { x: 60, y: 260, radiusPx: 20 }),
    seen: null,
  });
  await post(`${url}api/sequences/${id}/propagation`, {
    mode: "all",
    frame: 0,
  });
  await until(
    async () => {
      const answer = await fetch(`${url}api/sequences/${id}`);
      return (await answer.json()).propagation.status === "done";
    },
    "the propagation",
    { withinMs: 60_000 },
  );
  await act({
    kind: "verify",
    objectId: first,
    from: 4,
    to: 8,
    verified: true,
  });
}

async function post<Answer>(address: string, body: unknown): Promise<Answer> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await answer.json();
}
