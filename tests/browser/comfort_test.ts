// Comfort: shortcuts that can be changed, light and dark, two languages.

import { equal, match, ok } from "node:assert/strict";
import { openAnnotatorTests } from "./annotator.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** The button that holds a command's keys in the sheet. */
function keysOf({ page }: Tab, command: string) {
  return page.locator(`[data-shortcut='${command}'] .key`);
}

/** Gives a command another key, in the open sheet. */
async function setKey(tab: Tab, command: string, key: string) {
  await keysOf(tab, command).click();
  await keysOf(tab, command).press(key);
}

annotatorTest(
  "? shows every command with its keys, Escape closes the sheet",
  async ({ openTab }) => {
    const tab = await openTab();
    const dialog = tab.page.locator("dialog");
    await tab.press("?");
    await dialog.waitFor();
    ok(await tab.page.locator("[data-shortcut]").count() > 60);
    match(await keysOf(tab, "undo").innerText(), /Ctrl\s*Z/);
    match(await tab.page.locator("[data-shortcut='undo']").innerText(), /Undo/);
    await tab.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await tab.run("shortcuts");
    await dialog.waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "detached" });
  },
);

annotatorTest(
  "a changed shortcut works, survives a reload and can be reset",
  async ({ openTab }) => {
    const tab = await openTab();
    const { page } = tab;
    await tab.press("e"); // EISeg: edit shortcuts
    await Promise.all([
      page.waitForResponse(/api\/preferences/),
      setKey(tab, "nextFrame", "Alt+n"),
    ]);
    match(await keysOf(tab, "nextFrame").innerText(), /Alt\s*N/);
    await tab.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await tab.press("Alt+n");
    await tab.shows(1);
    await tab.press("f"); // no longer
    await tab.reload();
    await tab.press("Home");
    await tab.shows(0);
    await tab.press("Alt+n");
    await tab.shows(1);
    await tab.press("f");
    equal(await tab.data("frame"), "1");

    await tab.press("?");
    await page.locator("[data-shortcut='nextFrame']").getByRole("button", {
      name: "Reset",
    }).click();
    await tab.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await tab.press("f");
    await tab.shows(2);
  },
);

annotatorTest(
  "a key that belongs to another command is named, and can be taken over",
  async ({ openTab }) => {
    const tab = await openTab();
    const { page } = tab;
    await tab.press("?");
    await setKey(tab, "toolBrush", "f");
    const taken = page.getByRole("alert");
    match(await taken.innerText(), /F.*Next frame/);
    await taken.getByRole("button", { name: "Cancel" }).click();
    match(await keysOf(tab, "toolBrush").innerText(), /^D$/);

    await setKey(tab, "toolBrush", "f");
    await taken.getByRole("button", { name: "Take it over" }).click();
    match(await keysOf(tab, "toolBrush").innerText(), /^F$/);
    await tab.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await tab.press("f");
    equal(await tab.button("toolBrush").getAttribute("aria-pressed"), "true");
    equal(await tab.data("frame"), "0");
    await tab.press("ArrowRight"); // the other key of it is left
    await tab.shows(1);
  },
);

annotatorTest(
  "the theme is dark, light or as the system has it, and remembered",
  async ({ openTab }) => {
    const tab = await openTab({ colorScheme: "light" });
    const background = () =>
      tab.page.evaluate<string>(
        "getComputedStyle(document.body).backgroundColor",
      );
    equal(await tab.data("theme"), "dark");
    const dark = await background();
    const saved = tab.page.waitForResponse(/api\/preferences/);
    await tab.run("toggleTheme");
    equal(await tab.data("theme"), "light");
    ok(await background() !== dark);
    await saved;
    await tab.reload();
    equal(await tab.data("theme"), "light");
    await tab.run("toggleTheme"); // as the system
    equal(await tab.data("theme"), "light");
    await tab.page.emulateMedia({ colorScheme: "dark" });
    await until(
      async () => await tab.data("theme") === "dark",
      "the system's dark",
    );
  },
);

annotatorTest(
  "the page speaks English and Russian, and remembers which",
  async ({ openTab }) => {
    const tab = await openTab();
    equal(await tab.data("theme"), "dark");
    const html = tab.page.locator("html");
    equal(await html.getAttribute("lang"), "en");
    const saved = tab.page.waitForResponse(/api\/preferences/);
    await tab.page.getByTestId("language").click();
    equal(await html.getAttribute("lang"), "ru");
    match(await tab.status(), /[а-я]/);
    await saved;
    // nothing is left in English: every label, title and text
    const left = await tab.page.evaluate<string[]>(
      `[...document.querySelectorAll("button, label, h2, h3, p, a, option")]
    .flatMap((it) => [it.getAttribute("aria-label"), it.textContent])
    .filter((text) => text && /[a-z]{4,}/.test(text) && !/[а-я]/i.test(text))`,
    );
    equal(
      left.filter((text) =>
        !/MedAnnotate|capsule|clip|tags\.csv|labels|CSV|EISeg/.test(text)
      ).join("; "),
      "",
    );
    await tab.reload();
    equal(await html.getAttribute("lang"), "ru");
    await tab.saved();
  },
);

annotatorTest(
  "a Russian browser is spoken to in Russian at once",
  async ({ openTab }) => {
    const tab = await openTab({ locale: "ru-RU" });
    equal(await tab.page.locator("html").getAttribute("lang"), "ru");
  },
);

annotatorTest(
  "letters are keys on a Russian keyboard as well",
  async ({ openTab }) => {
    const tab = await openTab();
    // what a browser reports for the key F on a Russian layout
    await tab.page.evaluate(
      `document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyF", key: "а", bubbles: true, cancelable: true }))`,
    );
    await tab.shows(1);
  },
);
