// One tab with the annotator page, and what a person does in it.
//
// Places are pixels of the frame, and the pointer goes to their centre. What the page shows is read off the
// document and the buttons, as assistive technology does.

import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import type { Point } from "medannotate";
import { fitPicture } from "../../lib/api/page/geometry.ts";
import type { Clip } from "./clip.ts";
import { until } from "./until.ts";

/** How a tab is opened. */
export type TabOptions = {
  readonly width?: number;
  readonly height?: number;
  readonly deviceScaleFactor?: number;
  readonly locale?: string;
  readonly colorScheme?: "light" | "dark";
  /** The profile of another tab, to open beside it. */
  readonly context?: BrowserContext;
  /** Console errors that the test brings about on purpose. */
  readonly expects?: RegExp;
  /** Added to the address, such as `?frame=5`. */
  readonly query?: string;
};

/** How the mouse is used. */
export type MouseOptions = {
  readonly button?: "left" | "right" | "middle";
  /** Held meanwhile. */
  readonly key?: "Shift" | "Control" | "Alt";
};

/** An open tab. */
export type Tab = {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly canvas: Locator;
  /** What went wrong: errors in the console, requests to elsewhere. */
  faults(): readonly string[];
  /** Where the centre of a pixel of the frame is on the screen, while the frame is fitted. */
  at(place: Point): Promise<Point>;
  click(place: Point, options?: MouseOptions): Promise<void>;
  doubleClick(place: Point): Promise<void>;
  /** Presses at the first place, moves over the others, lets go at the last. */
  drag(places: readonly Point[], options?: MouseOptions): Promise<void>;
  hover(place: Point): Promise<void>;
  /** Presses keys one after another, as playwright names them. */
  press(...keys: readonly string[]): Promise<void>;
  /** Clicks the button of a command. */
  run(command: string): Promise<void>;
  button(command: string): Locator;
  /** Opens a tab of the side panel. */
  panel(tab: "objects" | "frameTags" | "prompts" | "review" | "view"): Promise<
    void
  >;
  /** Goes to a frame by its number and waits until it is shown and can be clicked. */
  goTo(frame: number): Promise<void>;
  /** Waits until a frame is shown. */
  shows(frame: number): Promise<void>;
  /** Waits until all is saved. */
  saved(): Promise<void>;
  /** Waits until the frame shown answers at once. */
  ready(): Promise<void>;
  /** What the document says of itself. */
  data(name: string): Promise<string | null>;
  status(): Promise<string>;
  /** The pixels of the masks' canvas, or of the picture's, as text to compare. */
  pixels(canvas: "overlay" | "picture"): Promise<string>;
  /** Does something and waits until those pixels are others. */
  changes(
    canvas: "overlay" | "picture",
    act: () => Promise<unknown>,
  ): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
};

/** Opens the page and waits until it shows a frame. */
export async function openTab(
  browser: Browser,
  url: string,
  clip: Clip,
  {
    width = 1280,
    height = 800,
    deviceScaleFactor = 1,
    locale = "en-GB",
    colorScheme = "dark",
    context: given,
    expects,
    query = "",
  }: TabOptions = {},
): Promise<Tab> {
  const context = given ?? await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor,
    locale,
    colorScheme,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults: string[] = [];
  watch(page, faults, expects);
  const canvas = page.getByTestId("canvas");
  const html = page.locator("html");
  const shown = async () => {
    await page.locator("html[data-shown]:not([data-shown=''])").waitFor({
      state: "attached",
    });
  };
  await page.goto(`${url}${query}`);
  await shown();

  const at = async ({ x, y }: Point) => {
    const box = await canvas.boundingBox();
    if (!box) throw new Error("The canvas is not there");
    const fitted = fitPicture(clip, box);
    return {
      x: box.x + fitted.x + (x + 0.5) * fitted.zoom,
      y: box.y + fitted.y + (y + 0.5) * fitted.zoom,
    };
  };
  const move = async (place: Point, steps = 1) => {
    const { x, y } = await at(place);
    await page.mouse.move(x, y, { steps });
  };
  const holding = async (
    key: MouseOptions["key"],
    act: () => Promise<void>,
  ) => {
    if (key) await page.keyboard.down(key);
    await act();
    if (key) await page.keyboard.up(key);
  };
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const data = (name: string) => html.getAttribute(`data-${name}`);
  const shows = (frame: number) =>
    page.locator(`html[data-frame='${frame}'][data-shown='${frame}']`).waitFor({
      state: "attached",
    });
  const ready = () =>
    page.locator("html[data-ready='true']").waitFor({ state: "attached" });
  const pixels = (which: "overlay" | "picture") =>
    page.evaluate<string>(
      `document.querySelector(".stage canvas${
        which === "overlay" ? "[data-testid=canvas]" : ":not([data-testid])"
      }").toDataURL()`,
    );

  return {
    page,
    context,
    canvas,
    faults: () => faults,
    at,
    click: (place, { button = "left", key } = {}) =>
      holding(key, async () => {
        await move(place);
        await page.mouse.down({ button });
        await page.mouse.up({ button });
      }),
    doubleClick: async (place) => {
      const { x, y } = await at(place);
      await page.mouse.dblclick(x, y);
    },
    drag: ([first, ...others], { button = "left", key } = {}) =>
      holding(key, async () => {
        await move(first);
        await page.mouse.down({ button });
        for (const place of others) await move(place, 4);
        await page.mouse.up({ button });
      }),
    hover: (place) => move(place, 2),
    press,
    run: (command) =>
      page.locator(`button[data-command='${command}']:visible`).first().click(),
    button: (command) =>
      page.locator(`button[data-command='${command}']:visible`).first(),
    panel: (tab) => page.locator(`[data-tab='${tab}']`).click(),
    goTo: async (frame) => {
      const field = page.getByTestId("frame");
      await until(async () => {
        await field.fill(String(frame));
        await field.press("Enter");
        return await data("frame") === String(frame);
      }, `frame ${frame}`);
      await shows(frame);
      await ready();
    },
    shows,
    saved: async () => {
      await page.locator("html[data-queue='0']").waitFor({ state: "attached" });
      await page.getByTestId("saved")
        .filter({ hasText: /^(Saved|Сохранено)/ }).waitFor();
    },
    ready,
    data,
    status: () => page.getByTestId("status").innerText(),
    pixels,
    changes: async (which, act) => {
      const before = await pixels(which);
      await act();
      await until(
        async () => await pixels(which) !== before,
        `other pixels of the ${which}`,
      );
    },
    reload: async () => {
      await page.reload();
      await shown();
    },
    close: () => given ? page.close() : context.close(),
  };
}

/** Notes what must not happen in any tab. */
function watch(page: Page, faults: string[], expects: RegExp | undefined) {
  page.on("console", (message) => {
    const text = message.text();
    if (!["error", "warning"].includes(message.type())) return;
    if (!expects?.test(text)) faults.push(`${message.type()}: ${text}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.stack}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isOwn = url.hostname === "127.0.0.1" ||
      ["data:", "blob:"].includes(url.protocol);
    if (!isOwn) faults.push(`request to ${request.url()}`);
  });
}
