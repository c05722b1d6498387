// The page driven without a browser: events in, state and effects out.

import { deepEqual, equal, ok } from "node:assert/strict";
import { isReady } from "../../../lib/api/page/state.ts";
import { encodeCounts } from "../../../lib/masks/rle.ts";
import {
  drive,
  frameView,
  home,
  mask,
  result,
  sequenceView,
  squareCounts,
} from "./fake_sequence.ts";

Deno.test("update() opens the only sequence by itself", () => {
  const page = drive({ open: false }).do(
    { kind: "started", sequence: null, frame: 0 },
    { kind: "homeCame", home },
  );
  deepEqual(page.take("fetchSequence"), [
    { kind: "fetchSequence", sequence: 7 },
  ]);
});

Deno.test("update() shows a click at once and sends it with the version that was seen", () => {
  const page = drive();
  page.do(
    { kind: "frameCame", view: frameView({ masks: [mask()] }) },
    { kind: "point", x: 3, y: 2, sign: "+" },
  );
  equal(page.state.queue.length, 1);
  const [{ item }] = page.take("send");
  deepEqual(item.action, {
    kind: "point",
    objectId: 11,
    frame: 0,
    x: 3,
    y: 2,
    sign: "+",
    seen: "v1",
  });
});

Deno.test("update() sends actions one after another and renews what was seen", () => {
  const page = drive().do(
    { kind: "point", x: 3, y: 2, sign: "+" },
    { kind: "point", x: 5, y: 2, sign: "-" },
  );
  const [first, ...others] = page.take("send");
  equal(others.length, 0);

  const view = frameView({ masks: [mask({ version: "v2" })] });
  page.do({
    kind: "answered",
    id: first.item.id,
    result: result({ frame: view }),
  });
  const [second] = page.take("send");
  ok("seen" in second.item.action);
  equal(second.item.action.seen, "v2");
  equal(page.state.sequence?.lanes.get(11)?.[0], "c");
});

Deno.test("update() creates an object with the first click where none is active", () => {
  const page = drive().do(
    { kind: "command", id: "finish" }, // nothing is active now
    { kind: "tagChosen", tagId: 2 },
    { kind: "point", x: 3, y: 2, sign: "+" },
  );
  const [create] = page.take("send");
  deepEqual(create.item.action, { kind: "createObject", tagId: 2 });
  page.do({
    kind: "answered",
    id: create.item.id,
    result: result({ objectId: 12 }),
  });
  equal(page.state.activeObject, 12);
  const [point] = page.take("send");
  ok("objectId" in point.item.action);
  equal(point.item.action.objectId, 12);
});

Deno.test("update() ignores a click beside the picture, and a first click outside of nothing", () => {
  const page = drive().do(
    { kind: "point", x: -1, y: 2, sign: "+" },
    { kind: "activated", objectId: null },
    { kind: "point", x: 3, y: 2, sign: "-" },
  );
  equal(page.state.queue.length, 0);
  equal(page.state.message?.key, "firstInside");
});

Deno.test("update() keeps what the server did not get and sends it again", () => {
  const page = drive().do({ kind: "point", x: 3, y: 2, sign: "+" });
  const [{ item }] = page.take("send");
  page.do({ kind: "unsent", id: item.id });
  equal(page.state.queue.length, 1);
  equal(page.state.failures, 1);
  const [wait] = page.take("wait");
  deepEqual(wait.event, { kind: "retry" });

  page.do(wait.event);
  equal(page.take("send")[0].item.id, item.id);
  page.do({ kind: "answered", id: item.id, result: result() });
  equal(page.state.queue.length, 0);
  equal(page.state.failures, 0);
  deepEqual(page.take("keepQueue").at(-1)?.items, []);
});

Deno.test("update() takes up what an earlier visit could not send, before anything new", () => {
  const page = drive().do({
    kind: "queueFound",
    items: [{ id: 40, key: "old-40", action: { kind: "undo" } }],
  });
  equal(page.take("send")[0].item.id, 40);
  page.do({ kind: "point", x: 3, y: 2, sign: "+" });
  deepEqual(page.state.queue.map(({ id }) => id), [40, 41]);
});

Deno.test("update() asks before it overwrites what was changed elsewhere", () => {
  const page = drive().do({ kind: "point", x: 3, y: 2, sign: "+" });
  const [{ item }] = page.take("send");
  page.do({
    kind: "refused",
    id: item.id,
    refusal: { error: "changed", code: "conflict" },
  });
  equal(page.state.queue.length, 0);
  equal(page.state.conflicts.length, 1);
  deepEqual(page.take("fetchFrame"), [
    { kind: "fetchFrame", sequence: 7, frame: 0, news: 0 },
  ]);
  equal(page.take("keepQueue").at(-1)?.items.length, 1);

  page.do(
    {
      kind: "frameCame",
      view: frameView({ masks: [mask({ version: "theirs" })] }),
    },
    { kind: "conflictDecided", mine: true },
  );
  const [again] = page.take("send");
  ok("seen" in again.item.action);
  equal(again.item.action.seen, "theirs");
});

Deno.test("update() says why the server refused, and goes on", () => {
  const page = drive().do({ kind: "command", id: "fillHoles" });
  const [{ item }] = page.take("send");
  page.do({ kind: "refused", id: item.id, refusal: { error: "no mask" } });
  deepEqual(page.state.message?.values, { why: "no mask" });
  equal(page.state.queue.length, 0);
});

Deno.test("update() waits with an action while a propagation is busy", () => {
  const page = drive().do({ kind: "command", id: "fillHoles" });
  const [{ item }] = page.take("send");
  page.do({
    kind: "refused",
    id: item.id,
    refusal: { error: "busy", code: "busy" },
  });
  equal(page.state.queue.length, 1);
  deepEqual(page.take("wait")[0].event, { kind: "retry" });
});

Deno.test("update() goes to the frame that undo is about", () => {
  const page = drive().do(
    { kind: "point", x: 3, y: 2, sign: "+" },
  );
  page.do({
    kind: "answered",
    id: page.take("send")[0].item.id,
    result: result(),
  }, { kind: "command", id: "undo" });
  equal(page.take("send").length, 0); // nothing to undo is known

  page.do({
    kind: "changesCame",
    changes: {
      revision: "r2",
      since: "t2",
      maskCount: 1,
      cells: [],
      sequence: {
        objects: sequenceView().objects,
        spans: [],
        prompts: [],
        history: {
          undo: { label: "point", objectId: 11, frame: 5 },
          redo: null,
        },
      },
      propagation: sequenceView().propagation,
    },
  }, { kind: "command", id: "undo" });
  const [{ item }] = page.take("send");
  page.do({
    kind: "answered",
    id: item.id,
    result: result({ frame: frameView({ frame: 5 }) }),
  });
  equal(page.state.frame, 5);
});

Deno.test("update() applies changes of another tab and fetches the frame that is seen", () => {
  const page = drive().do({
    kind: "frameCame",
    view: frameView({ masks: [mask()] }),
  });
  page.do({
    kind: "changesCame",
    changes: {
      revision: "r1",
      since: "t2",
      maskCount: 2,
      cells: [
        { objectId: 11, frame: 0, letter: "v", version: "v9" },
      ],
      sequence: null,
      propagation: sequenceView().propagation,
    },
  });
  equal(page.state.sequence?.lanes.get(11), "v..c......");
  deepEqual(page.take("fetchFrame").map(({ frame }) => frame), [0]);
  equal(page.take("poll")[0].since, "t2");
  equal(page.take("fetchSequence").length, 0);
});

Deno.test("update() looks at the whole sequence again when a mask is missing", () => {
  const page = drive().do({
    kind: "changesCame",
    changes: {
      revision: "r1",
      since: "t2",
      maskCount: 0,
      cells: [],
      sequence: null,
      propagation: sequenceView().propagation,
    },
  });
  equal(page.take("fetchSequence").length, 1);
  equal(page.take("poll").length, 0);
});

Deno.test("update() travels with EISeg's keys, to conditions and to doubtful frames", () => {
  const page = drive();
  page.do({ kind: "command", id: "nextFrame" });
  equal(page.state.frame, 1);
  page.do({ kind: "command", id: "nextCondition" });
  equal(page.state.frame, 3);
  page.do({ kind: "command", id: "lastFrame" });
  equal(page.state.frame, 9);
  page.do({ kind: "command", id: "nextFrame" });
  equal(page.state.frame, 9); // the end
  page.do({ kind: "command", id: "nextDoubtful" });
  equal(page.state.message?.key, "noSuchFrame");
});

Deno.test("update() means a click for the picture that is seen, not for the one on its way", () => {
  const page = drive().do(
    { kind: "command", id: "nextFrame" }, // its picture is not there yet
    { kind: "point", x: 3, y: 2, sign: "+" },
  );
  const [{ item }] = page.take("send");
  ok("frame" in item.action);
  equal(item.action.frame, 0);
});

Deno.test("update() keeps at most 400 frames after a long scrub", () => {
  const page = drive();
  for (let frame = 0; frame < 2000; frame++) {
    page.do({ kind: "frameCame", view: frameView({ frame }) });
  }
  equal(page.state.frames.size, 400);
  ok(page.state.frames.has(page.state.frame)); // the one that is seen stays
});

Deno.test("update() plays by the clock, and waits for pictures that are late", () => {
  const page = drive().do(
    { kind: "command", id: "play" },
    { kind: "tick", nowMs: 1000, loadedTo: 9 },
    { kind: "tick", nowMs: 1125, loadedTo: 9 }, // 25 a second: 3 frames and an eighth
  );
  equal(page.state.frame, 3);
  page.do({ kind: "tick", nowMs: 1400, loadedTo: 4 });
  equal(page.state.frame, 4);
  page.do({ kind: "tick", nowMs: 1440, loadedTo: 9 });
  equal(page.state.frame, 5); // goes on from there, it does not jump
});

Deno.test("update() draws a stroke on top of one that is still on its way", () => {
  const page = drive().do(
    { kind: "looked", look: { brushPx: 1.5 } },
    { kind: "command", id: "toolBrush" },
    { kind: "stroke", points: [{ x: 0.5, y: 0.5 }] },
    { kind: "stroke", points: [{ x: 7.5, y: 5.5 }] },
  );
  const last = page.state.queue.at(-1)?.action;
  equal(last?.kind, "draw");
  // Both corners: a pixel, 46 between them, a pixel.
  ok(last?.kind === "draw");
  equal(last.counts, encodeCounts([0, 1, 46, 1]));
});

Deno.test("update() opens the active mask for the polygon tool and never loses a change", () => {
  const page = drive().do(
    { kind: "frameCame", view: frameView({ masks: [mask()] }) },
    { kind: "command", id: "toolPolygon" },
  );
  equal(page.state.polygon?.polygons.length, 1);
  page.do(
    { kind: "vertexSelected", at: { polygon: 0, ring: 0, vertex: 0 } },
    { kind: "vertexMoved", x: 0, y: 0 },
    { kind: "command", id: "nextFrame" },
    { kind: "shown", frame: 1 },
  );
  const [{ item }] = page.take("send");
  equal(item.action.kind, "draw");
  ok("frame" in item.action);
  equal(item.action.frame, 0);
});

Deno.test("update() deletes and verifies as one action each", () => {
  const page = drive().do(
    { kind: "frameCame", view: frameView({ masks: [mask()] }) },
    { kind: "command", id: "verify" },
    { kind: "command", id: "deleteFollowing" },
  );
  deepEqual(page.state.queue.map(({ action }) => action), [
    { kind: "verify", objectId: 11, from: 0, to: 0, verified: true },
    { kind: "deleteMasks", objectId: 11, from: 0, to: 9 },
  ]);
});

Deno.test("update() tags a span from its beginning to its end", () => {
  const page = drive().do(
    { kind: "command", id: "spanBegin" },
    { kind: "go", frame: 4 },
    { kind: "shown", frame: 4 },
    { kind: "command", id: "spanEnd" },
    { kind: "tagChosen", tagId: 2 },
  );
  deepEqual(page.state.queue[0].action, {
    kind: "createSpan",
    tagId: 2,
    from: 0,
    to: 4,
  });
  equal(page.state.spanBegin, null);
});

Deno.test("update() accepts the worst mask and shows the next one", () => {
  const lanes = [
    { objectId: 11, letters: "...cpd...." },
    { objectId: 12, letters: ".........." },
  ];
  const page = drive().do(
    { kind: "sequenceCame", view: sequenceView({ lanes, maskCount: 3 }) },
    {
      kind: "reviewCame",
      items: [
        {
          objectId: 11,
          frame: 5,
          drift: 0.9,
          areaPx: 4,
          because: "jump",
          doubt: { kind: "placeKept", value: null },
        },
        {
          objectId: 11,
          frame: 4,
          drift: 0.2,
          areaPx: 4,
          because: "none",
          doubt: { kind: "predictedIou", value: 0.9 },
        },
      ],
    },
    { kind: "command", id: "accept" }, // goes there first
    { kind: "shown", frame: 5 },
  );
  equal(page.state.frame, 5);
  page.do({ kind: "command", id: "accept" });
  deepEqual(page.state.queue[0].action, {
    kind: "verify",
    objectId: 11,
    from: 5,
    to: 5,
    verified: true,
  });
  equal(page.state.frame, 4);
});

Deno.test("update() offers to start anew when other masks are in the way", () => {
  const request = { mode: "both", frame: 0 } as const;
  const page = drive().do({
    kind: "propagationRefused",
    request,
    refusal: { error: "another model", code: "differs" },
  });
  deepEqual(page.state.dialog, { kind: "differs", request });
});

Deno.test("update() asks for one preview at a time", () => {
  const page = drive().do(
    { kind: "looked", look: { preview: true } },
    { kind: "hovered", at: { x: 1, y: 1 } },
    { kind: "hovered", at: { x: 2, y: 1 } },
    { kind: "hovered", at: { x: 3, y: 1 } },
  );
  equal(page.take("preview").length, 1);
  const preview = { counts: squareCounts, predictedIou: 0.5 };
  page.do({ kind: "previewCame", frame: 0, preview });
  equal(page.take("preview")[0].request.x, 3); // the newest place
  equal(page.state.preview.shown?.counts, squareCounts);
});

Deno.test("update() fits the picture again when the stage changes its size", () => {
  const page = drive().do({ kind: "stageSized", width: 104, height: 84 });
  page.do({ kind: "command", id: "fit" });
  equal(page.state.viewport.zoom, 10); // (84 - 2 * 12) / 6
  page.do({ kind: "stageSized", width: 56, height: 84 });
  equal(page.state.viewport.zoom, 4); // (56 - 2 * 12) / 8
});

Deno.test("update() waits for a video that is being read, and opens it", () => {
  const reading = {
    name: "new.mp4",
    progress: null,
    picture: null,
    sequenceId: null,
  };
  const page = drive({ open: false }).do(
    { kind: "started", sequence: null, frame: 0 },
    {
      kind: "homeCame",
      home: { ...home, sequences: [], imports: [reading] },
    },
  );
  const [wait] = page.take("wait");
  deepEqual(wait.event, { kind: "homeWanted" });
  page.do({
    kind: "homeCame",
    home: { ...home, imports: [{ ...reading, sequenceId: 7 }] },
  });
  equal(page.take("fetchSequence")[0].sequence, 7);
});

Deno.test("update() keeps a polygon that is drawn while the server names its object", () => {
  const page = drive().do(
    { kind: "activated", objectId: null },
    { kind: "command", id: "toolPolygon" },
    { kind: "polygonClick", x: 1, y: 1 },
  );
  const [create] = page.take("send");
  page.do(
    {
      kind: "answered",
      id: create.item.id,
      result: result({ objectId: 12 }),
    },
    { kind: "polygonClick", x: 6, y: 1 },
    { kind: "polygonClick", x: 6, y: 5 },
    { kind: "command", id: "apply" },
  );
  const [{ item }] = page.take("send");
  equal(item.action.kind, "draw");
  ok("objectId" in item.action);
  equal(item.action.objectId, 12);
});

Deno.test("update() asks again for a frame that was fetched before news of it came", () => {
  const cells = [
    { objectId: 11, frame: 4, letter: "p", version: "v5" },
  ] as const;
  const page = drive().do({
    kind: "changesCame",
    changes: {
      revision: "r1",
      since: "t2",
      maskCount: 2,
      cells,
      sequence: null,
      propagation: sequenceView().propagation,
    },
  });
  page.do({ kind: "frameCame", view: frameView({ frame: 4 }), news: 0 });
  equal(page.state.frames.has(4), false);
  const [again] = page.take("fetchFrame");
  page.do({
    kind: "frameCame",
    view: frameView({ frame: 4 }),
    news: again.news,
  });
  ok(page.state.frames.has(4));
});

Deno.test("update() asks for the model that was chosen last, and prepares the frame anew", () => {
  const page = drive().do({ kind: "readyCame", frame: 0 });
  equal(isReady(page.state), true);
  const models = (id: string) => ({
    model: { ...home.model, id },
    models: home.models,
    modelsTrouble: null,
  });
  page.do({ kind: "modelChosen", id: "nano" }); // it is in use
  deepEqual(page.take("changeModel"), []);

  page.do(
    { kind: "modelChosen", id: "nano-tuned" },
    { kind: "modelChosen", id: "third" },
  );
  deepEqual(page.take("changeModel"), [
    { kind: "changeModel", id: "nano-tuned" },
  ]);
  page.do({ kind: "modelChanged", models: models("nano-tuned") });
  equal(page.state.home?.model.id, "nano-tuned");
  deepEqual(page.take("changeModel"), [{ kind: "changeModel", id: "third" }]);
  equal(isReady(page.state), false);
  deepEqual(page.take("makeReady"), [
    { kind: "makeReady", sequence: 7, frame: 0 },
  ]);

  // it cannot be opened: the former goes on
  page.do({ kind: "modelRefused", error: "no such file" });
  equal(page.state.modelChange, null);
  equal(page.state.message?.tone, "error");
  equal(page.take("fetchModels").length, 1);
  page.do({ kind: "readyCame", frame: 0 });
  page.do({ kind: "modelsCame", models: models("nano-tuned") }); // nothing new
  equal(isReady(page.state), true);
});
