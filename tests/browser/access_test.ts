// The page without a mouse, with assistive technology, and on a small screen.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { measureContrast } from "./contrast.ts";
import { disc } from "./drawn.ts";

const annotatorTest = openAnnotatorTests();

const panels = ["objects", "frameTags", "prompts", "review", "view"] as const;

/** Something in every panel. */
async function seed({ act, post, get, clip }: Annotator) {
  await post("api/tags", {
    kind: "create",
    code: "cecum",
    category: "landmark",
  });
  const { tags } = await get<{ tags: { id: number }[] }>("api/home");
  for (let i = 0; i < 2; i++) {
    const { objectId } = await act({ kind: "createObject", tagId: tags[0].id });
    ok(objectId);
    const counts = disc(clip, { x: 100 + 80 * i, y: 100, radiusPx: 30 });
    await act({ kind: "draw", objectId, frame: 0, counts, seen: null });
    await act({
      kind: "point",
      objectId,
      frame: 1,
      ...clip.polyp,
      sign: "+",
      seen: null,
    });
  }
  await act({ kind: "createSpan", tagId: tags[0].id, from: 1, to: 5 });
}

/** Controls whose name assistive technology would not find. */
function nameless(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll(
    "button, input, select, textarea, a[href], summary, [tabindex], [role=slider], [role=tab]",
  )].filter((it) => {
    const labels = [...(it.labels ?? [])].map((label) => label.textContent).join("");
    const own = it.matches("input, select, textarea") ? "" : it.textContent;
    const named = it.getAttribute("aria-label") ?? it.getAttribute("aria-labelledby");
    return !(named || labels.trim() || own.trim());
  }).map((it) => it.outerHTML.slice(0, 120))`);
}

annotatorTest(
  "no control is without a name, in any panel and dialog",
  async (annotator) => {
    await seed(annotator);
    const tab = await annotator.openTab();
    const { page } = tab;
    for (const panel of panels) {
      await tab.panel(panel);
      deepEqual([panel, ...await nameless(page)], [panel]);
    }
    for (const key of ["?", "n", "Control+e"]) {
      await tab.press(key);
      await page.locator("dialog").waitFor();
      deepEqual([key, ...await nameless(page)], [key]);
      await tab.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
    }
  },
);

annotatorTest(
  "Tab reaches every control, and the focus can be seen",
  async (annotator) => {
    await seed(annotator);
    const tab = await annotator.openTab();
    const { page } = tab;
    for (const panel of panels) {
      await tab.panel(panel);
      const wanted = await page.evaluate<number>(`(() => {
      let n = 0;
      for (const it of document.querySelectorAll("button, input, select, a[href], summary, [tabindex='0']")) {
        const hidden = it.disabled || it.tabIndex < 0 || it.closest("[inert], details:not([open]) > .menu-list") || it.getClientRects().length === 0;
        if (hidden) continue;
        it.dataset.wanted = String(n++);
      }
      document.activeElement?.blur();
      return n;
    })()`);
      const reached = new Set<string>();
      const unseen: string[] = [];
      for (let i = 0; i < wanted + 10; i++) {
        await tab.press("Tab");
        const focus = await page.evaluate<
          { id: string | null; seen: boolean; html: string }
        >(`(() => {
        const it = document.activeElement;
        // a field that lies over its label shows the focus there
        const around = [it, it.closest("label"), it.nextElementSibling].filter(Boolean);
        const seen = around.some((el) => {
          const style = getComputedStyle(el);
          const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
          return outlined || style.boxShadow !== "none";
        });
        return { id: it.dataset.wanted ?? null, seen, html: it.outerHTML.slice(0, 120) };
      })()`);
        if (focus.id === null) continue;
        reached.add(focus.id);
        if (!focus.seen) unseen.push(focus.html);
      }
      deepEqual(unseen, [], `${panel}: focus that cannot be seen`);
      const missed = await page.evaluate<string[]>(
        `[...document.querySelectorAll("[data-wanted]")].filter((it) => !${
          JSON.stringify([...reached])
        }.includes(it.dataset.wanted)).map((it) => it.outerHTML.slice(0, 120))`,
      );
      deepEqual(missed, [], `${panel}: controls that Tab does not reach`);
      await page.evaluate(
        `document.querySelectorAll("[data-wanted]").forEach((it) => delete it.dataset.wanted)`,
      );
    }
  },
);

annotatorTest(
  "an object is marked, refined, propagated and verified without a mouse",
  async ({ openTab, view, lane, clip }) => {
    const tab = await openTab();
    await tab.ready();
    await tab.press("Alt+Enter"); // the keyboard's pointer appears in the middle
    for (let i = 0; i < 4; i++) await tab.press("Alt+ArrowUp");
    for (let i = 0; i < 4; i++) await tab.press("Alt+ArrowLeft");
    await tab.press("Alt+Enter");
    await tab.saved();
    const [prompt] = (await view()).prompts;
    ok(prompt?.kind === "point");
    ok(prompt.x < clip.width / 2 && prompt.y < clip.height / 2);
    equal((await lane())[0], "c");
    for (let i = 0; i < 20; i++) await tab.press("Alt+ArrowRight");
    await tab.press("Alt+Shift+Enter");
    await tab.saved();
    equal((await view()).prompts.length, 2);
    await tab.press("p");
    await tab.page.getByTestId("status").filter({
      hasText: "Propagation is done",
    })
      .waitFor({ timeout: 60_000 });
    await tab.press("f");
    await tab.shows(1);
    await tab.press("v");
    await tab.saved();
    equal((await lane())[1], "v");
    await tab.press("Control+e");
    await tab.page.getByTestId("exportNow").press("Enter");
    await tab.page.locator("dialog .result").waitFor();
    await tab.press("Enter"); // "Close" has the focus now
    await tab.page.locator("dialog").waitFor({ state: "detached" });
  },
);

annotatorTest(
  "menus work from the keyboard and give the focus back",
  async (annotator) => {
    await seed(annotator);
    const tab = await annotator.openTab();
    const { page } = tab;
    const summary = page.locator("[aria-label='Ways to propagate']");
    await summary.focus();
    await tab.press("Enter");
    const items = page.locator(".split [role=menuitem]");
    await items.first().waitFor();
    await tab.press("Tab");
    ok(
      await page.evaluate<boolean>(
        `document.activeElement.matches("[role=menuitem]")`,
      ),
    );
    await tab.press("Escape");
    await items.first().waitFor({ state: "hidden" });
    ok(
      await page.evaluate<boolean>(
        `document.activeElement.matches("[aria-label='Ways to propagate']")`,
      ),
    );
    // Space on a button presses the button, and does not end the object
    await tab.button("toggleOnion").focus();
    await tab.press("Space");
    equal(await tab.button("toggleOnion").getAttribute("aria-pressed"), "true");
  },
);

annotatorTest(
  "at 200 % of 1280x800 everything important can be reached",
  async (annotator) => {
    await seed(annotator);
    const tab = await annotator.openTab({
      width: 640,
      height: 400,
      deviceScaleFactor: 2,
    });
    const { page } = tab;
    const outside = () =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll("button, input, select, summary, canvas[data-testid]")]
      .filter((it) => it.getClientRects().length > 0 && !it.closest(".menu-list, .names, .visually-hidden") && !it.matches(".visually-hidden, [type=color]"))
      .filter((it) => {
        it.scrollIntoView({ block: "nearest", inline: "nearest" });
        const { left, right, top, bottom } = it.getBoundingClientRect();
        return right < 8 || bottom < 8 || left > innerWidth - 8 || top > innerHeight - 8;
      }).map((it) => it.outerHTML.slice(0, 100))`,
      );
    deepEqual(await outside(), []);
    const canvas = await tab.canvas.boundingBox();
    ok(
      canvas && canvas.width >= 200 && canvas.height >= 120,
      `the stage is ${canvas?.width} x ${canvas?.height}`,
    );
    const scrolls = await page.evaluate<boolean>(
      "document.documentElement.scrollWidth > innerWidth + 1",
    );
    equal(scrolls, false, "the page is wider than the screen");
    if (!await page.locator(".side-panel").isVisible()) {
      await tab.press(
        "Backslash",
      );
    }
    for (const panel of panels) {
      await tab.panel(panel);
      deepEqual(await outside(), [], panel);
    }
    for (const key of ["?", "n", "Control+e"]) {
      await tab.press(key);
      const box = await page.locator("dialog").boundingBox();
      ok(
        box && box.x >= 0 && box.y >= 0 && box.x + box.width <= 640 &&
          box.y + box.height <= 400,
        `${key}: ${JSON.stringify(box)}`,
      );
      await tab.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
    }
  },
);

annotatorTest(
  "every text has a contrast of 4.5 to 1 at least, dark and light",
  async (annotator) => {
    await seed(annotator);
    for (const theme of ["dark", "light"]) {
      await annotator.post("api/preferences", { theme });
      const tab = await annotator.openTab();
      const require = async (where: string) => {
        const texts = await measureContrast(tab.page);
        ok(texts.length > 15);
        const weak = texts.filter(({ ratio }) => ratio < 4.5);
        deepEqual([theme, where, ...weak], [theme, where]);
      };
      for (const panel of panels) {
        await tab.panel(panel);
        await require(panel);
      }
      for (const key of ["?", "n", "Control+e"]) {
        await tab.press(key);
        await tab.page.locator("dialog").waitFor();
        await require(key);
        await tab.press("Escape");
        await tab.page.locator("dialog").waitFor({ state: "detached" });
      }
      await tab.close();
    }
  },
);
