// Carrying masks along: every way to, watching it, stopping it, and the review.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { sampleClip } from "./clip.ts";
import { holds } from "./drawn.ts";
import type { Tab } from "./tab.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** An object that was clicked on some frames. */
async function seedClicks(
  { act, clip }: Annotator,
  frames: readonly number[],
) {
  const { objectId } = await act({ kind: "createObject", tagId: null });
  ok(objectId);
  for (const frame of frames) {
    await act({
      kind: "point",
      objectId,
      frame,
      ...clip.polyp,
      sign: "+",
      seen: null,
    });
  }
  return objectId;
}

/** Starts a propagation and waits for its end. */
async function propagate(
  { view }: Annotator,
  tab: Tab,
  start: () => Promise<void>,
) {
  const [answer] = await Promise.all([
    tab.page.waitForResponse(/\/propagation$/),
    start(),
  ]);
  equal(answer.status(), 200);
  await until(
    async () => (await view()).propagation.status === "done",
    "the end of the propagation",
    { withinMs: 60_000 },
  );
  await until(
    async () => /Propagation is done/.test(await tab.status()),
    "the word",
  );
}

/** The frames of a lane that are not empty, as first and last. */
function filled(lane: string): [number, number] {
  const inLane = [...lane].flatMap((letter, i) => letter === "." ? [] : [i]);
  return [inLane[0], inLane[inLane.length - 1]];
}

async function choose(tab: Tab, command: string) {
  await tab.page.locator("[aria-label='Ways to propagate']").click();
  await tab.page.locator(`[role=menuitem][data-command='${command}']`).click();
}

annotatorTest(
  "P carries a mask both ways, from the keyboard and by the button",
  async (annotator) => {
    const { openTab, lane, mask, clip, act } = annotator;
    const objectId = await seedClicks(annotator, [6]);
    const tab = await openTab();
    await propagate(annotator, tab, () => tab.press("p"));
    deepEqual(filled(await lane()), [0, clip.frameCount - 1]);
    equal((await lane())[6], "c");
    const next = await mask(7);
    equal(next.origin, "propagated");
    ok(holds(next, clip, clip.polyp));
    // the page shows them without being asked to
    await tab.goTo(3);
    await tab.changes("overlay", () => tab.press("m"));
    await tab.press("m");
    // a second run has nothing to do, and says it is done
    await tab.run("propagateBoth");
    await until(
      async () => !/running/.test((await annotator.view()).propagation.status),
      "its end",
    );
    equal((await lane(objectId)).includes("."), false);
    await act({ kind: "undo" });
  },
);

annotatorTest(
  "forward, backward and between fill what they say",
  async (annotator) => {
    const { openTab, lane, clip, act } = annotator;
    const last = clip.frameCount - 1;
    const objectId = await seedClicks(annotator, [10, 20]);
    const tab = await openTab();
    const clear = async () => {
      await act({ kind: "deleteMasks", objectId, from: 0, to: 9 });
      await act({ kind: "deleteMasks", objectId, from: 11, to: 19 });
      await act({ kind: "deleteMasks", objectId, from: 21, to: last });
      equal((await lane()).replaceAll(".", ""), "cc");
    };
    await tab.goTo(15);
    await propagate(annotator, tab, () => tab.press("Control+Shift+P"));
    deepEqual(filled(await lane()), [10, 20]);
    equal((await lane()).slice(10, 21).includes("."), false);

    await clear();
    await tab.goTo(20);
    await propagate(annotator, tab, () => tab.press("Shift+P"));
    deepEqual(filled((await lane()).slice(11)), [9, last - 11]);
    equal((await lane()).slice(0, 10), ".".repeat(10));

    await clear();
    await tab.goTo(10);
    await propagate(annotator, tab, () => choose(tab, "propagateBackward"));
    equal(filled(await lane())[0], 0);
    equal((await lane()).slice(21), ".".repeat(last - 20));

    await clear();
    await propagate(annotator, tab, () => choose(tab, "propagateAll"));
    equal((await lane()).includes("."), false);
  },
);

annotatorTest(
  "masks and progress are seen while it runs, stopping keeps them, a second run goes on",
  async (annotator) => {
    const { openTab, lane, view, clip } = annotator;
    await seedClicks(annotator, [0]);
    const tab = await openTab();
    const running = tab.page.getByTestId("propagation");
    await tab.press("Shift+P");
    await until(async () => {
      const text = await running.innerText({ timeout: 500 }).catch(() => "");
      return /\d+\/\d+ · [\d.]+\/s · \d+ s left/.test(text);
    }, "rate and estimate");
    // the lane grows on the page meanwhile
    const lanesNow = () =>
      tab.page.evaluate<string>(
        `document.querySelector(".lanes canvas").toDataURL()`,
      );
    const lanesBefore = await lanesNow();
    await until(async () => await lanesNow() !== lanesBefore, "a longer lane");
    await until(async () => filled(await lane())[1] >= 5, "some masks");
    await tab.run("cancelPropagation");
    await until(async () => /Stopped/.test(await tab.status()), "the word");
    equal((await view()).propagation.status, "cancelled");
    const [, to] = filled(await lane());
    ok(to >= 5 && to < clip.frameCount - 1, `stopped after frame ${to}`);
    const before = (await annotator.mask(3)).version;

    await propagate(annotator, tab, () => tab.press("Shift+P"));
    deepEqual(filled(await lane()), [0, clip.frameCount - 1]);
    equal((await annotator.mask(3)).version, before); // not done again
  },
  { clip: sampleClip },
);

annotatorTest(
  "another click while it runs waits, and a running one is not started twice",
  async (annotator) => {
    const { openTab, view, clip, frame } = annotator;
    await seedClicks(annotator, [0]);
    const tab = await openTab({ expects: /status of 409/ });
    await tab.ready();
    await tab.press("p");
    await tab.page.getByTestId("propagation").waitFor();
    await tab.press("p");
    equal(await tab.status(), "A propagation runs already.");
    await tab.click({ x: clip.polyp.x + 3, y: clip.polyp.y });
    await tab.saved();
    equal((await frame(0)).prompts.length, 2);
    await until(
      async () => (await view()).propagation.status !== "running",
      "its end",
      { withinMs: 60_000 },
    );
  },
  { clip: sampleClip },
);

annotatorTest(
  "the review accepts, corrects and skips, and J finds what is out of date",
  async (annotator) => {
    const { openTab, lane, clip, get, sequenceId } = annotator;
    const objectId = await seedClicks(annotator, [0]);
    const tab = await openTab();
    await propagate(annotator, tab, () => tab.press("p"));
    await tab.panel("review");
    const items = () =>
      get<{ frame: number }[]>(`api/sequences/${sequenceId}/review`);
    const [worst] = await items();
    const frameNow = async () => Number(await tab.data("frame"));
    const leaves = async (frame: number) => {
      await until(async () => await frameNow() !== frame, "the next one");
      await tab.shows(await frameNow());
      return await frameNow();
    };
    match(
      await tab.page.locator(".review li").first().innerText(),
      new RegExp(`Frame ${worst.frame}\\b`),
    );

    await tab.press("a"); // opens the worst one first
    await tab.shows(worst.frame);
    await tab.press("a"); // and accepts it
    await tab.saved();
    equal((await lane(objectId))[worst.frame], "v");
    const second = await leaves(worst.frame);

    await tab.press("Shift+A"); // skips
    const third = await leaves(second);
    ok("pd".includes((await lane(objectId))[second]));
    ok("pd".includes((await lane(objectId))[third]));

    await tab.run("correct");
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    equal((await lane(objectId))[third], "c");
    ok(
      (await lane(objectId)).includes("s"),
      "what was carried from elsewhere is out of date",
    );

    await tab.goTo(0);
    await until( // the page may not have heard yet what is out of date
      async () => {
        await tab.press("j");
        return await tab.data("frame") !== "0";
      },
      "a doubtful frame",
    );
    const found = Number(await tab.data("frame"));
    ok("ds".includes((await lane(objectId))[found]));

    // by mouse
    await tab.panel("review");
    await tab.page.locator(".review li button").first().click();
    await tab.page.locator(".review li.active").waitFor();
    const chosen = await frameNow();
    await tab.shows(chosen);
    await tab.run("accept");
    await tab.saved();
    equal((await lane(objectId))[chosen], "v");
  },
);

annotatorTest(
  "V verifies what is shown on a frame, and all shown with Shift",
  async (annotator) => {
    const { openTab, lane, act } = annotator;
    const first = await seedClicks(annotator, [0]);
    const second = await seedClicks(annotator, [0]);
    const tab = await openTab();
    await tab.press("Alt+1", "v");
    await tab.saved();
    deepEqual([(await lane(first))[0], (await lane(second))[0]], ["v", "c"]);
    await tab.press("Shift+V");
    await tab.saved();
    deepEqual([(await lane(first))[0], (await lane(second))[0]], ["v", "v"]);
    await tab.goTo(4);
    await tab.press("v");
    equal(await tab.status(), "There is no mask to verify here.");
    await act({ kind: "undo" });
  },
);

annotatorTest(
  "the review counts what nobody verified, and verifies all of it after one question",
  async (annotator) => {
    const { openTab, lane } = annotator;
    const objectId = await seedClicks(annotator, [0]);
    const tab = await openTab();
    await propagate(annotator, tab, () => tab.press("p"));
    await tab.panel("review");
    const before = await lane(objectId);
    const left = async () =>
      parseInt(await tab.page.locator(".section h2").first().innerText());
    const all = before.replaceAll(/[^pda]/g, "").length;
    equal(await left(), all);
    await tab.page.locator(".review-picture path[d^=M]").first().waitFor();
    await tab.press("a"); // opens the worst one
    await tab.page.locator(".review li.active").waitFor();
    await tab.shows(Number(await tab.data("frame")));
    await tab.press("a");
    await tab.saved();
    await until(async () => await left() === all - 1, "one less");

    await tab.run("verifyPropagated");
    await tab.press("Escape"); // nothing yet
    equal(await left(), all - 1);
    await tab.run("verifyPropagated");
    await tab.press("Enter");
    await tab.saved();
    equal(
      (await lane(objectId)).replaceAll(/[pda]/g, "v"),
      await lane(objectId),
    );
    await tab.press("Control+z");
    await tab.saved();
    equal(await left(), all - 1);
  },
);
