// The picture on the stage: zoom, pan, sharp pixels, how masks and picture look.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Point, readImage, type RgbImage } from "medannotate";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { disc } from "./drawn.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** The pixel of the frame under the pointer, as the page tells it. */
async function placeUnderPointer(tab: Tab): Promise<Point> {
  const text = await until(
    () => tab.page.getByTestId("place").innerText(),
    "a place under the pointer",
  );
  const [x, y] = text.split(", ").map(Number);
  return { x, y };
}

async function zoomPercent(tab: Tab): Promise<number> {
  return parseFloat(
    await tab.page.locator(".readout span").first().innerText(),
  );
}

/** Turns the wheel until the zoom is what is wanted. */
async function zoomTo(tab: Tab, isEnough: (percent: number) => boolean) {
  for (let i = 0; !isEnough(await zoomPercent(tab)); i++) {
    ok(i < 40, "the wheel does not zoom as far");
    await tab.changes("picture", () => tab.page.mouse.wheel(0, -240));
  }
}

/** An object with discs on the first frames, made without the page. */
async function seedDiscs({ act, clip }: Annotator, { frames = 3 } = {}) {
  const { objectId } = await act({ kind: "createObject", tagId: null });
  ok(objectId);
  for (let frame = 0; frame < frames; frame++) {
    const counts = disc(clip, { x: 100 + 20 * frame, y: 120, radiusPx: 40 });
    await act({ kind: "draw", objectId, frame, counts, seen: null });
  }
  return objectId;
}

annotatorTest(
  "the wheel zooms at the pointer, Alt and drag move the picture",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    await tab.hover(clip.polyp);
    const before = await placeUnderPointer(tab);
    deepEqual(before, clip.polyp);
    const fitted = await zoomPercent(tab);
    for (const deltaY of [-240, -240, -240, 120, -240]) {
      await tab.page.mouse.wheel(0, deltaY);
    }
    await until(
      async () => await zoomPercent(tab) > 3 * fitted,
      "a larger picture",
    );
    await tab.page.mouse.move(0, 0);
    await tab.hover(clip.polyp); // the fitted place of the pixel is where the pointer was
    deepEqual(await placeUnderPointer(tab), clip.polyp);

    const zoom = await zoomPercent(tab) / 100;
    const at = await tab.at(clip.polyp);
    await tab.page.keyboard.down("Alt");
    await tab.page.mouse.down();
    await tab.page.mouse.move(at.x + 10 * zoom, at.y - 5 * zoom, { steps: 3 });
    await tab.page.mouse.up();
    await tab.page.keyboard.up("Alt");
    const moved = await placeUnderPointer(tab);
    ok(
      Math.abs(moved.x - clip.polyp.x) <= 1 &&
        Math.abs(moved.y - clip.polyp.y) <= 1,
    );

    await tab.page.mouse.down({ button: "middle" });
    await tab.page.mouse.move(at.x, at.y, { steps: 3 });
    await tab.page.mouse.up({ button: "middle" });
    await tab.page.mouse.move(0, 0);
    await tab.hover(clip.polyp);
    const back = await placeUnderPointer(tab);
    ok(
      Math.abs(back.x - clip.polyp.x) <= 1 &&
        Math.abs(back.y - clip.polyp.y) <= 1,
    );

    await tab.changes("picture", () => tab.run("fit"));
    equal(await zoomPercent(tab), fitted);
  },
);

annotatorTest(
  "0 fits the picture, 1 shows it as large as it is, + and - zoom",
  async ({ openTab }) => {
    const tab = await openTab();
    const fitted = await zoomPercent(tab);
    const zoomIs = (percent: number) =>
      until(async () => await zoomPercent(tab) === percent, `${percent} %`);
    await tab.press("1");
    await zoomIs(100);
    await tab.press("Equal");
    await zoomIs(125);
    await tab.press("Minus");
    await zoomIs(100);
    await tab.press("0");
    await zoomIs(fitted);
  },
);

annotatorTest(
  "at high zoom every pixel of the frame is a square of its exact colour",
  async ({ openTab, url, sequenceId, clip }) => {
    const tab = await openTab();
    await tab.hover(clip.polyp);
    await Promise.all([
      tab.page.waitForResponse(/picture\?kind=png/),
      zoomTo(tab, (percent) => percent >= 5000),
    ]);
    const { x, y } = await placeUnderPointer(tab);
    const at = await tab.at(clip.polyp);
    await tab.page.mouse.move(at.x, 10); // away from the picture

    const answer = await fetch(
      `${url}api/sequences/${sequenceId}/frames/0/picture?kind=png`,
    );
    const frame = await readImage(await answer.bytes());
    const expected = colourAt(frame, x, y);
    const clipped = {
      x: Math.round(at.x) - 160,
      y: Math.round(at.y),
      width: 320,
      height: 1,
    };
    const row = await until(async () => {
      const shot = await readImage(
        await tab.page.screenshot({ clip: clipped }),
      );
      return `${colourAt(shot, 160, 0)}` === `${expected}` && shot;
    }, "the pixel in its exact colour");

    const edges: number[] = [];
    for (let i = 1; i < row.width; i++) {
      if (`${colourAt(row, i, 0)}` !== `${colourAt(row, i - 1, 0)}`) {
        edges.push(i);
      }
    }
    ok(edges.length >= 3, "neighbouring pixels differ somewhere");
    // one colour over 50 screen pixels, and edges that are sharp
    deepEqual(edges.map((edge) => (edge - edges[0]) % 50), edges.map(() => 0));
  },
);

annotatorTest(
  "a dense screen gets a canvas of twice the size",
  async ({ openTab }) => {
    const tab = await openTab({ deviceScaleFactor: 2 });
    const box = await tab.canvas.boundingBox();
    ok(box);
    const widths = await tab.page.evaluate<number[]>(
      `[...document.querySelectorAll(".stage canvas")].map((it) => it.width)`,
    );
    deepEqual(widths, [Math.round(box.width * 2), Math.round(box.width * 2)]);
  },
);

annotatorTest(
  "masks follow opacity, fill and outline, and can be hidden",
  async (annotator) => {
    await seedDiscs(annotator);
    const tab = await annotator.openTab();
    await tab.panel("view");
    const look = (name: string) => tab.page.locator(`[data-look='${name}']`);
    await tab.changes("overlay", () => look("opacity").fill("0.9"));
    await tab.changes("overlay", () => look("outline").uncheck());
    await tab.changes("overlay", () => look("fill").uncheck());
    await tab.changes("overlay", () => look("fill").check());
    await tab.changes("overlay", () => look("masks").uncheck());
    await tab.changes("overlay", () => look("masks").check());
    // and by keys
    await tab.changes("overlay", () => tab.press("m"));
    await tab.changes("overlay", () => tab.press("m"));
    await tab.changes("overlay", () => tab.press("Shift+M"));
    // from the keyboard a slider moves with the arrows
    await look("opacity").focus();
    await tab.changes("overlay", () => tab.press("Shift+M"));
    await tab.changes("overlay", () => tab.press("ArrowLeft"));
    equal(await tab.data("frame"), "0");
  },
);

annotatorTest(
  "onion skin shows the neighbours' outlines, by button and key",
  async (annotator) => {
    await seedDiscs(annotator);
    const tab = await annotator.openTab();
    await tab.goTo(1);
    await tab.changes("overlay", () => tab.run("toggleOnion"));
    await tab.changes("overlay", () => tab.press("l"));
    await tab.panel("view");
    await tab.goTo(2);
    await tab.changes(
      "picture",
      () => tab.page.locator("[data-look='onionPicture']").check(),
    );
  },
);

annotatorTest(
  "brightness and contrast change the picture that is seen, and reset brings it back",
  async ({ openTab, clip }) => {
    const tab = await openTab();
    await tab.panel("view");
    const at = await tab.at(clip.polyp);
    const seen = async () => {
      const shot = await readImage(
        await tab.page.screenshot({
          clip: { x: at.x, y: at.y, width: 1, height: 1 },
        }),
      );
      return colourAt(shot, 0, 0);
    };
    await tab.page.mouse.move(0, 0);
    const plain = await seen();
    await tab.page.locator("[data-look='brightness']").fill("1.5");
    const bright = await seen();
    ok(bright[1] > plain[1]);
    await tab.page.locator("[data-look='brightness']").fill("1");
    await tab.page.locator("[data-look='contrast']").fill("0.4");
    ok(`${await seen()}` !== `${plain}`);
    await tab.page.getByRole("button", { name: "Reset" }).click();
    deepEqual(await seen(), plain);
  },
);

annotatorTest("how the page looks is remembered", async (annotator) => {
  const tab = await annotator.openTab();
  await tab.panel("view");
  await Promise.all([
    tab.page.waitForResponse(/api\/preferences/),
    tab.page.locator("[data-look='opacity']").fill("0.7"),
  ]);
  await tab.reload();
  await tab.panel("view");
  equal(await tab.page.locator("[data-look='opacity']").inputValue(), "0.7");
});

function colourAt({ width, data }: RgbImage, x: number, y: number) {
  const i = 3 * (y * width + x);
  return [...data.subarray(i, i + 3)];
}
