import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { encodeCounts } from "medannotate";
import { doAction } from "../../lib/api/actions.ts";
import { listReview } from "../../lib/api/review.ts";
import { listDrifting } from "../../lib/work/review.ts";
import type { Action } from "../../lib/api/contract.ts";
import { viewFrame, viewSmallParts } from "../../lib/api/views.ts";
import { frameCount, frameSize, onPolyp } from "../work/small_clip.ts";
import { openDeskTests, type SmallDesk } from "./small_desk.ts";

const { deskTest } = await openDeskTests();

type Draw = Extract<Action, { kind: "draw" }>;
type Point = Extract<Action, { kind: "point" }>;

function clickOn(
  objectId: number,
  frame: number,
  more: Partial<Point> = {},
): Point {
  const { x, y } = onPolyp as { x: number; y: number };
  return {
    kind: "point",
    objectId,
    frame,
    x,
    y,
    sign: "+",
    seen: null,
    ...more,
  };
}

/** The first rows of a frame, drawn. */
function stripes(objectId: number, frame: number, rows: number): Draw {
  const { width, height } = frameSize;
  // counted down each column: `rows` inside, the rest outside
  const counts = [0];
  for (let x = 0; x < width; x++) counts.push(rows, height - rows);
  return {
    kind: "draw",
    objectId,
    frame,
    counts: encodeCounts(counts),
    seen: null,
  };
}

async function propagated(desk: SmallDesk): Promise<number> {
  const objectId = await desk.newObject();
  await desk.act(clickOn(objectId, 4));
  await desk.desk.propagation.start({ mode: "both", frame: 4 });
  while (desk.desk.propagation.view().status === "running") {
    await desk.desk.nextNews(50);
  }
  equal(desk.desk.propagation.view().status, "done");
  return objectId;
}

async function versionAt({ desk }: SmallDesk, objectId: number, frame: number) {
  const { masks } = await viewFrame(desk, frame);
  return masks.find((mask) => mask.objectId === objectId)?.version ?? null;
}

deskTest(
  "doAction() answers a click with the frame and its mask",
  async (desk) => {
    const objectId = await desk.newObject();
    const { frame, history, msTaken } = await desk.act(clickOn(objectId, 3));
    equal(frame?.frame, 3);
    ok(frame!.masks[0].areaPx > 100);
    equal(frame!.prompts.length, 1);
    deepEqual(history.undo, { label: "point", objectId, frame: 3 });
    ok(msTaken > 0);
    equal(await desk.lane(objectId), "...c........");
  },
);

deskTest(
  "doAction() takes every kind of action back, and does it again",
  async (desk) => {
    const objectId = await propagated(desk);
    const other = await desk.newObject();
    await desk.act(stripes(other, 4, 70)); // over the polyp's middle
    const tagId = await desk.tagId("polyp");
    const { spans: [span] } = await desk.act({
      kind: "createSpan",
      tagId,
      from: 1,
      to: 3,
    });
    const { prompts } = await viewFrame(desk.desk, 4);
    const seen = await versionAt(desk, objectId, 4);
    const actions: readonly Action[] = [
      clickOn(objectId, 8),
      {
        kind: "box",
        objectId,
        frame: 9,
        x0: 70,
        y0: 40,
        x1: 120,
        y1: 90,
        seen: null,
      },
      { kind: "removePrompt", promptId: prompts[0].id },
      { kind: "clearPrompts", objectId, frame: 4 },
      stripes(objectId, 6, 20),
      { kind: "fillHoles", objectId, frame: 5, seen: null },
      { kind: "keepLargest", objectId, frame: 5, seen: null },
      { kind: "subtractOthers", objectId, frame: 4, seen },
      { kind: "subtractFromOthers", objectId: other },
      { kind: "copyMask", objectId, frame: 7, from: 6, seen: null },
      { kind: "deleteMasks", objectId, from: 3, to: 6 },
      { kind: "deleteMasks", from: 2, to: 8 },
      { kind: "verify", objectId, from: 2, to: 9, verified: true },
      { kind: "createObject", tagId },
      {
        kind: "changeObject",
        objectId,
        tagId,
        name: "the polyp",
        colour: "#123456",
      },
      { kind: "deleteObject", objectId },
      { kind: "createSpan", tagId, from: 5, to: 5 },
      { kind: "changeSpan", spanId: span.id, from: 0, to: 11 },
      { kind: "deleteSpan", spanId: span.id },
    ];
    const content = async () => {
      const masks = [...(await desk.masks()).values()];
      const view = await viewSequenceOf(desk);
      return { masks: masks.map(maskContent).sort(), view };
    };
    for (const action of actions) {
      const before = await content();
      await desk.act(action);
      const after = await content();
      notEqual(
        JSON.stringify(after),
        JSON.stringify(before),
        `${action.kind} changes`,
      );
      await desk.act({ kind: "undo" });
      deepEqual(await content(), before, `undo of ${action.kind}`);
      await desk.act({ kind: "redo" });
      deepEqual(await content(), after, `redo of ${action.kind}`);
      await desk.act({ kind: "undo" });
      deepEqual(await content(), before, `second undo of ${action.kind}`);
    }
  },
);

async function viewSequenceOf({ desk }: SmallDesk) {
  const { store, sequence } = desk.annotator.writer;
  const { objects, spans, prompts } = await viewSmallParts(store, sequence.id);
  return { objects, spans, prompts };
}

/** State aside: what was stale may be found to be in order. */
function maskContent(
  { objectId, frame, origin, counts, verified }: {
    objectId: number;
    frame: number;
    origin: string;
    counts: string;
    verified: boolean;
  },
): string {
  return JSON.stringify([objectId, frame, origin, counts, verified]);
}

deskTest(
  "doAction() undoes back to nothing, however long the history",
  async (desk) => {
    const objectId = await desk.newObject();
    for (let i = 0; i < 30; i++) {
      const frame = i % frameCount;
      const seen = await versionAt(desk, objectId, frame);
      await desk.act({ ...stripes(objectId, frame, i + 1), seen });
    }
    for (let i = 0; i < 31; i++) await desk.act({ kind: "undo" });
    const last = await desk.act({ kind: "undo" });
    equal(last.history.undo, null);
    equal(last.objects.length, 0);
    equal((await desk.masks()).size, 0);
    for (let i = 0; i < 31; i++) await desk.act({ kind: "redo" });
    equal((await desk.act({ kind: "redo" })).history.redo, null);
    equal(await desk.lane(objectId), "h".repeat(frameCount));
  },
);

deskTest(
  "doAction() does not overwrite a person's mask that the page has not seen",
  async (desk) => {
    const objectId = await desk.newObject();
    await desk.act(clickOn(objectId, 2));
    const before = await desk.everything();
    const late = /changed elsewhere/;
    await rejects(desk.act(stripes(objectId, 2, 10)), late);
    await rejects(desk.act(clickOn(objectId, 2)), late);
    await rejects(
      desk.act({ kind: "fillHoles", objectId, frame: 2, seen: "old" }),
      late,
    );
    equal(await desk.everything(), before);
    const seen = await versionAt(desk, objectId, 2);
    const { frame } = await desk.act(clickOn(objectId, 2, { x: 100, seen }));
    equal(frame?.prompts.length, 2);

    await desk.act({ kind: "deleteMasks", objectId, from: 2, to: 2 });
    const gone = /deleted elsewhere/;
    await rejects(desk.act({ ...clickOn(objectId, 2), seen }), gone);
  },
);

deskTest(
  "doAction() overwrites a model's mask that was tracked meanwhile",
  async (desk) => {
    const objectId = await propagated(desk);
    await desk.act(stripes(objectId, 7, 10));
    // what was tracked from frame 4 alone is out of date, frame 4 is not
    const lane = await desk.lane(objectId);
    ok(/^[pda]{4}cssh/.test(lane), lane);
    equal(lane.slice(8), "ssss");
  },
);

deskTest(
  "doAction() refuses what is not there and changes nothing",
  async (desk) => {
    const objectId = await desk.newObject();
    await desk.act(clickOn(objectId, 1));
    const seen = await versionAt(desk, objectId, 1);
    const before = await desk.everything();
    const wrong: readonly Action[] = [
      clickOn(99, 1),
      clickOn(objectId, 99),
      clickOn(objectId, 2, { x: 1000 }),
      clickOn(objectId, 2, { y: -1 }),
      { kind: "box", objectId, frame: 1, x0: 5, y0: 5, x1: 5, y1: 9, seen },
      { kind: "removePrompt", promptId: 99 },
      { kind: "draw", objectId, frame: 1, counts: "garbage~", seen },
      { kind: "draw", objectId, frame: 1, counts: encodeCounts([5, 5]), seen },
      {
        kind: "draw",
        objectId: 99,
        frame: 1,
        counts: encodeCounts([160 * 120]),
        seen: null,
      },
      { kind: "fillHoles", objectId, frame: 5, seen: null },
      { kind: "copyMask", objectId, frame: 2, from: 5, seen: null },
      { kind: "deleteMasks", objectId, from: 3, to: 2 },
      { kind: "verify", objectId, from: 0, to: 99, verified: true },
      { kind: "createObject", tagId: 99 },
      { kind: "changeObject", objectId, tagId: 99 },
      { kind: "changeObject", objectId: 99, name: "x" },
      { kind: "deleteObject", objectId: 99 },
      { kind: "createSpan", tagId: 99, from: 0, to: 1 },
      { kind: "changeSpan", spanId: 99, from: 0, to: 1 },
      { kind: "deleteSpan", spanId: 99 },
    ];
    for (const action of wrong) {
      await rejects(desk.act(action), JSON.stringify(action));
      equal(await desk.everything(), before, JSON.stringify(action));
    }
  },
);

deskTest(
  "a removed first click brings back the propagated mask under it",
  async (desk) => {
    const objectId = await propagated(desk);
    const before = await viewFrame(desk.desk, 8);
    const { frame } = await desk.act(clickOn(objectId, 8));
    const point = frame!.prompts.find(({ kind }) => kind === "point")!;
    const after = await desk.act({ kind: "removePrompt", promptId: point.id });
    equal(after.frame?.masks[0].counts, before.masks[0].counts);
    equal(after.frame?.masks[0].origin, "propagated");
    equal(after.frame?.prompts.length, 0);
  },
);

deskTest(
  "doAction() does not do twice what a page sends again",
  async ({ desk, act, newObject, lane }) => {
    const objectId = await newObject();
    await act(stripes(objectId, 1, 5));
    await act(stripes(objectId, 2, 5));
    const undo = { kind: "undo" } as const;
    const first = await doAction(desk, undo, { key: "tab-7" });
    const again = await doAction(desk, undo, { key: "tab-7" });
    deepEqual({ ...again, msTaken: 0 }, { ...first, msTaken: 0 });
    equal(await lane(objectId), ".h..........");
    await doAction(desk, undo, { key: "tab-8" });
    equal(await lane(objectId), "............");

    const create = { kind: "createObject", tagId: null } as const;
    const made = await doAction(desk, create, { key: "tab-9" });
    const same = await doAction(desk, create, { key: "tab-9" });
    equal(same.objectId, made.objectId);
    equal(same.objects.length, 2);
  },
);

deskTest(
  "the review lists what nobody verified, with its drift calibrated by what was",
  async (desk) => {
    const objectId = await propagated(desk);
    const before = await listReview(desk.desk);
    ok(before.length > 0 && before.every(({ frame }) => frame !== 4));
    const [{ frame }] = before;
    await desk.act({
      kind: "verify",
      objectId,
      from: 0,
      to: 3,
      verified: true,
    });
    await desk.act({
      kind: "verify",
      objectId,
      from: frame,
      to: frame,
      verified: true,
    });
    const after = await listReview(desk.desk);
    ok(after.every((item) => item.frame > 4 && item.frame !== frame));
    const calibrated = await listDrifting(desk.store, 1);
    for (const item of after) {
      const mask = calibrated.find((mask) => mask.frame === item.frame);
      equal(item.drift, mask?.drift);
    }
  },
);
