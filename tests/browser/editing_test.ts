// Masks made and mended by hand: brush, eraser, polygon, and the verbs that clean.
// Each leads to a mask of origin "drawn" that propagation leaves alone.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Point } from "medannotate";
import { type Annotator, openAnnotatorTests } from "./annotator.ts";
import { disc, holds } from "./drawn.ts";
import { until } from "./until.ts";

const annotatorTest = openAnnotatorTests();

/** An object with a disc on frame 0, by somebody else. */
async function seedDisc(
  { act, clip }: Annotator,
  place = { x: 150, y: 150, radiusPx: 50 },
  { frame = 0, counts = disc(clip, place) } = {},
) {
  const { objectId } = await act({ kind: "createObject", tagId: null });
  ok(objectId);
  await act({ kind: "draw", objectId, frame, counts, seen: null });
  return objectId;
}

/** Waits until the mask of frame 0 is another than before, and was drawn. */
async function drawnSince(
  { mask }: Annotator,
  before: string | undefined,
  objectId?: number,
) {
  const drawn = await until(async () => {
    const now = await mask(0, objectId);
    return now.counts !== before && now;
  }, "another mask");
  equal(drawn.origin, "drawn");
  return drawn;
}

/** Propagates from a click on the last frame, over everything, and waits for the end. */
async function propagateOver(
  { act, post, view, sequenceId, clip }: Annotator,
  objectId: number,
) {
  const frame = clip.frameCount - 1;
  await act({
    kind: "point",
    objectId,
    frame,
    ...clip.polyp,
    sign: "+",
    seen: null,
  });
  await post(`api/sequences/${sequenceId}/propagation`, { mode: "all", frame });
  await until(
    async () => (await view()).propagation.status === "done",
    "the end of the propagation",
    { withinMs: 60_000 },
  );
}

annotatorTest(
  "brush and eraser draw a mask that propagation does not overwrite",
  async (annotator) => {
    const { openTab, clip, frame, lane, view } = annotator;
    const tab = await openTab();
    await tab.press("d");
    await tab.drag([{ x: 60, y: 60 }, { x: 120, y: 60 }, { x: 120, y: 110 }]);
    await tab.saved();
    const painted = await drawnSince(annotator, undefined);
    for (
      const place of [{ x: 60, y: 60 }, { x: 90, y: 60 }, { x: 120, y: 100 }]
    ) {
      ok(holds(painted, clip, place), JSON.stringify(place));
    }
    ok(!holds(painted, clip, { x: 90, y: 100 }));

    await tab.press("r");
    await tab.drag([{ x: 80, y: 60 }, { x: 100, y: 60 }]);
    await tab.saved();
    const erased = await drawnSince(annotator, painted.counts);
    ok(!holds(erased, clip, { x: 90, y: 60 }));
    ok(holds(erased, clip, { x: 120, y: 100 }));

    // the size of the brush, by keys: a larger one paints a larger dot
    await tab.press("d");
    for (let i = 0; i < 6; i++) await tab.press("BracketRight");
    const dot = { x: 200, y: 120 };
    await tab.click(dot);
    await tab.saved();
    const dotted = await drawnSince(annotator, erased.counts);
    ok(holds(dotted, clip, { x: dot.x + 20, y: dot.y }));
    for (let i = 0; i < 12; i++) await tab.press("BracketLeft");
    await tab.click({ x: 250, y: 200 });
    await tab.saved();
    const small = await drawnSince(annotator, dotted.counts);
    ok(!holds(small, clip, { x: 270, y: 200 }));

    const [{ id }] = (await view()).objects;
    await propagateOver(annotator, id);
    deepEqual(
      (await frame(0)).masks.map(({ counts, origin }) => [counts, origin]),
      [
        [small.counts, "drawn"],
      ],
    );
    equal((await lane())[0], "h");
    equal((await lane()).includes("."), false);
  },
);

annotatorTest(
  "tools have buttons too, and many quick strokes are all kept",
  async (annotator) => {
    const { openTab, clip, mask } = annotator;
    const tab = await openTab();
    await tab.run("toolBrush");
    const places = Array.from(
      { length: 8 },
      (_, i) => ({ x: 30 + 30 * i, y: 40 + 20 * i }),
    );
    for (const place of places) await tab.click(place);
    await tab.saved();
    const painted = await mask(0);
    for (const place of places) ok(holds(painted, clip, place));
    await tab.run("toolEraser");
    for (const place of places) await tab.click(place);
    await tab.saved();
    for (const place of places) ok(!holds(await mask(0), clip, place));
    for (let i = 0; i < places.length; i++) await tab.press("Control+z");
    await tab.saved();
    equal((await mask(0)).counts, painted.counts);
  },
);

annotatorTest(
  "the polygon tool draws, moves, inserts and deletes vertices",
  async (annotator) => {
    const { openTab, clip, mask } = annotator;
    const tab = await openTab();
    const corners: Point[] = [{ x: 60, y: 60 }, { x: 160, y: 60 }, {
      x: 160,
      y: 160,
    }, { x: 60, y: 160 }];
    await tab.press("g");
    for (const corner of corners.slice(0, 3)) await tab.click(corner);
    await tab.doubleClick(corners[3]);
    await tab.saved();
    const square = await mask(0);
    equal(square.origin, "drawn");
    ok(
      holds(square, clip, { x: 110, y: 110 }) &&
        !holds(square, clip, { x: 180, y: 110 }),
    );
    ok(Math.abs(square.areaPx - 100 * 100) < 300, `${square.areaPx} px`);

    // move a vertex; Enter makes it the mask
    await tab.drag([corners[2], { x: 220, y: 220 }]);
    await tab.press("Enter");
    await tab.saved();
    const moved = await drawnSince(annotator, square.counts);
    ok(holds(moved, clip, { x: 190, y: 190 }));

    // insert one on the upper edge by a double click, and drag it up
    await tab.doubleClick({ x: 110, y: 60 });
    await tab.drag([{ x: 110, y: 60 }, { x: 110, y: 20 }]);
    await tab.press("Enter");
    await tab.saved();
    const inserted = await drawnSince(annotator, moved.counts);
    ok(holds(inserted, clip, { x: 110, y: 40 }));

    // delete it again by a double click, and another one by key
    await tab.doubleClick({ x: 110, y: 20 });
    await tab.press("Enter");
    await tab.saved();
    const deleted = await drawnSince(annotator, inserted.counts);
    ok(!holds(deleted, clip, { x: 110, y: 40 }));
    await tab.click({ x: 220, y: 220 });
    await tab.press("Delete");
    await tab.press("Enter");
    await tab.saved();
    const triangle = await drawnSince(annotator, deleted.counts);
    ok(!holds(triangle, clip, { x: 150, y: 150 }));
    ok(holds(triangle, clip, { x: 80, y: 80 }));

    // Escape throws away what was moved
    await tab.drag([corners[0], { x: 20, y: 20 }]);
    await tab.press("Escape");
    await tab.saved();
    equal((await mask(0)).counts, triangle.counts);
  },
);

annotatorTest(
  "a polygon that was changed is kept when the person goes on",
  async (annotator) => {
    const { openTab, clip, mask } = annotator;
    const tab = await openTab();
    await tab.press("g");
    for (const place of [{ x: 60, y: 60 }, { x: 160, y: 60 }]) {
      await tab.click(
        place,
      );
    }
    await tab.doubleClick({ x: 110, y: 160 });
    await tab.saved();
    const before = await mask(0);
    await tab.drag([{ x: 110, y: 160 }, { x: 110, y: 220 }]);
    await tab.press("f"); // the next frame, without Enter
    await tab.saved();
    ok(
      holds(await drawnSince(annotator, before.counts), clip, {
        x: 110,
        y: 200,
      }),
    );
  },
);

annotatorTest(
  "holes are filled, by button and key, and only the largest part kept",
  async (annotator) => {
    const { openTab, clip, act, mask } = annotator;
    const holed = disc(clip, { x: 120, y: 120, radiusPx: 50 }, {
      x: 120,
      y: 120,
      radiusPx: 15,
    });
    const objectId = await seedDisc(annotator, undefined, { counts: holed });
    const tab = await openTab();
    await tab.run("fillHoles");
    await tab.saved();
    ok(holds(await drawnSince(annotator, holed), clip, { x: 120, y: 120 }));
    await tab.press("Control+z");
    await tab.saved();
    equal((await mask(0)).counts, holed);
    await tab.press("Control+h");
    await tab.saved();
    const filled = await drawnSince(annotator, holed);
    ok(holds(filled, clip, { x: 120, y: 120 }));

    await tab.press("d");
    await tab.click({ x: 250, y: 250 });
    await tab.saved();
    const parted = await drawnSince(annotator, filled.counts);
    ok(holds(parted, clip, { x: 250, y: 250 }));
    await tab.press("Control+l");
    await tab.saved();
    equal((await drawnSince(annotator, parted.counts)).counts, filled.counts);
    await tab.press("Control+z");
    await tab.run("keepLargest");
    await tab.saved();
    equal((await mask(0, objectId)).counts, filled.counts);
    await act({ kind: "undo" });
  },
);

annotatorTest(
  "another object's mask is subtracted, from this one and from all others",
  async (annotator) => {
    const { openTab, clip, mask } = annotator;
    const first = await seedDisc(annotator, { x: 120, y: 120, radiusPx: 50 });
    const second = await seedDisc(annotator, { x: 170, y: 120, radiusPx: 50 });
    const shared = { x: 145, y: 120 };
    const tab = await openTab();
    await tab.press("Alt+2");
    await tab.run("subtractOthers");
    await tab.saved();
    const cut = await mask(0, second);
    equal(cut.origin, "drawn");
    ok(!holds(cut, clip, shared) && holds(cut, clip, { x: 200, y: 120 }));
    await tab.press("Control+z");
    await tab.saved();
    ok(holds(await mask(0, second), clip, shared));

    const row = tab.page.locator(`[data-object='${second}']`);
    await row.getByRole("button", { name: /^More for/ }).click();
    await tab.page.getByRole("menuitem", { name: "Subtract from all others" })
      .click();
    await tab.saved();
    ok(holds(await mask(0, second), clip, shared));
    ok(!holds(await mask(0, first), clip, shared));
  },
);

annotatorTest(
  "the mask of the previous frame is copied, by key and button",
  async (annotator) => {
    const { openTab, frame, mask } = annotator;
    await seedDisc(annotator);
    const { counts } = await mask(0);
    const tab = await openTab({ expects: /status of 400/ });
    await tab.goTo(1);
    await tab.press("Control+d");
    await tab.saved();
    const copy = await mask(1);
    deepEqual([copy.counts, copy.origin], [counts, "drawn"]);
    await tab.goTo(2);
    await tab.run("copyPrevious");
    await tab.saved();
    equal((await mask(2)).counts, counts);
    await tab.goTo(0);
    await tab.press("Control+d");
    equal(await tab.status(), "This is the first frame.");
    // where there is nothing to copy, it says so and goes on working
    await tab.goTo(9);
    await tab.press("Control+d");
    await until(async () => /^Not done/.test(await tab.status()), "a refusal");
    deepEqual((await frame(9)).masks, []);
  },
);

annotatorTest(
  "everything drawn by hand stays when the rest is propagated",
  async (annotator) => {
    const { openTab, frame } = annotator;
    const objectId = await seedDisc(annotator);
    const tab = await openTab();
    await tab.goTo(1);
    await tab.press("Control+d");
    await tab.goTo(2);
    await tab.press("g");
    for (const place of [{ x: 60, y: 60 }, { x: 160, y: 60 }]) {
      await tab.click(
        place,
      );
    }
    await tab.doubleClick({ x: 110, y: 160 });
    await tab.saved();
    const drawn = async () =>
      (await Promise.all([0, 1, 2].map(frame)))
        .map(({ masks: [mask] }) => [mask.counts, mask.origin]);
    const before = await drawn();
    await propagateOver(annotator, objectId);
    deepEqual(await drawn(), before);
  },
);
