// The annotator page in a real browser, for tests and benches.
//
// Debian's Chromium, driven by playwright-core. Where it is missing, tests that
// need it are ignored and say so; under MEDANNOTATE_CI=1 they fail instead.

import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const path = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
const mustRun = Deno.env.get("MEDANNOTATE_CI") === "1";

/** Whether there is a browser, or has to be. */
export const hasBrowser: boolean = existsSync(path) || mustRun;

let isAnnounced = false;

/** Registers a test that needs the browser. */
export function browserTest(name: string, fn: () => Promise<void>) {
  if (!hasBrowser && !isAnnounced) {
    console.log(`Skipped: tests that need Chromium at ${path}`);
    isAnnounced = true;
  }
  Deno.test({ name: `${name} (in Chromium)`, ignore: !hasBrowser, fn });
}

/** Starts the browser; undefined where there is none. */
export async function findBrowser(): Promise<Browser | undefined> {
  if (!hasBrowser) return undefined;
  return await chromium.launch({
    executablePath: path,
    args: [
      "--no-sandbox", // tests run as root in a container
      "--disable-gpu",
      "--disable-background-networking",
      "--no-first-run",
      "--enable-precise-memory-info",
    ],
  });
}

/** An open page. */
export type OpenPage = {
  readonly page: Page;
  /** What the page's script holds, after collecting garbage. */
  memoryMb(): Promise<number>;
  close(): Promise<void>;
};

/** Opens the page and waits until it shows a frame. */
export async function openPage(
  browser: Browser,
  url: string,
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
  });
  const page = await context.newPage();
  await page.goto(url);
  // not waitForFunction: the page's CSP lets nobody evaluate text
  await page.locator("html[data-shown]:not([data-shown=''])")
    .waitFor({ state: "attached" });
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable");
  return {
    page,
    memoryMb: async () => {
      await devtools.send("HeapProfiler.collectGarbage");
      const { metrics } = await devtools.send("Performance.getMetrics");
      const used = metrics.find(({ name }) => name === "JSHeapUsedSize");
      return (used?.value ?? NaN) / 1e6;
    },
    close: async () => {
      await context.close();
      await browser.close();
    },
  };
}

/** Presses a key as often as wanted, waiting each time for the frame to be drawn. */
export async function pressTimes(
  { page }: OpenPage,
  key: string,
  times: number,
): Promise<void> {
  for (let i = 0; i < times; i++) {
    await page.keyboard.press(key);
    const frame = await page.locator("html").getAttribute("data-frame");
    await page.locator(`html[data-shown='${frame}']`)
      .waitFor({ state: "attached" });
  }
}
