import { deepEqual, equal, ok } from "node:assert/strict";
import type {
  Changes,
  FrameView,
  HomeView,
  SequenceView,
  TagsView,
} from "../../lib/api/contract.ts";
import type { Handler } from "../../lib/api/handler.ts";
import { addAnnotation } from "../../lib/work/annotate.ts";
import { onPolyp } from "../work/small_clip.ts";
import { openDeskTests, pageRequest } from "./small_desk.ts";

const { deskTest } = await openDeskTests();

async function get<Value>(handler: Handler, path: string): Promise<Value> {
  const answer = await handler(pageRequest(path));
  equal(answer.status, 200, path);
  return await answer.json();
}

function changesPath({ since, revision }: { since: string; revision: string }) {
  return `api/sequences/1/changes?since=${
    encodeURIComponent(since)
  }&revision=${revision}`;
}

/** Asks until a change fits, as a page does. */
async function follow(
  handler: Handler,
  from: { since: string; revision: string },
  fits: (changes: Changes) => boolean,
): Promise<Changes> {
  let known = from;
  while (true) {
    const changes = await get<Changes>(handler, changesPath(known));
    if (fits(changes)) return changes;
    known = changes;
  }
}

deskTest(
  "changes tell one tab what another did, a cell and a propagation too",
  async ({ handler, act, newObject, annotator }) => {
    const view = await get<SequenceView>(handler, "api/sequences/1");
    const waiting = follow(handler, view, ({ sequence }) => sequence !== null);
    const objectId = await newObject();
    const first = await waiting;
    deepEqual(first.sequence?.objects.map(({ id }) => id), [objectId]);

    // a cell of the notebook, which knows nothing of the page
    const seen = follow(handler, first, ({ cells }) => cells.length > 0);
    await addAnnotation(annotator, { objectId, frame: 3 }, onPolyp);
    const second = await seen;
    deepEqual(second.cells.map(({ frame, letter }) => [frame, letter]), [[
      3,
      "c",
    ]]);
    equal(second.maskCount, 1);
    equal((second.sequence ?? first.sequence)?.objects.length, 1);

    const body = { mode: "both", frame: 3 };
    const started = await handler(
      pageRequest("api/sequences/1/propagation", { body }),
    );
    equal(started.status, 200);
    await started.body?.cancel();
    const done = await follow(
      handler,
      second,
      ({ propagation }) => propagation.status === "done",
    );
    equal(done.propagation.progress?.done, 11);
    equal((await get<SequenceView>(handler, "api/sequences/1")).maskCount, 12);

    const deleted = follow(handler, done, ({ maskCount }) => maskCount < 12);
    await act({ kind: "deleteMasks", from: 5, to: 6 });
    equal((await deleted).maskCount, 10); // no cell tells it: the page counts
  },
);

deskTest(
  "a frame says when a click on it is answered at once",
  async ({ handler }) => {
    const before = await get<FrameView>(handler, "api/sequences/1/frames/5");
    equal(before.isReady, false);
    const made = await handler(
      pageRequest("api/sequences/1/frames/5/ready", { body: {} }),
    );
    equal((await made.json()).frame, 5);
    equal(
      (await get<FrameView>(handler, "api/sequences/1/frames/5")).isReady,
      true,
    );
  },
);

deskTest(
  "a desk prepares the frame where somebody stops, not those leafed through",
  async ({ desk }) => {
    const asked = Array.from({ length: 10 }, (_, frame) => desk.prepare(frame));
    const outcomes = await Promise.all(asked);
    equal(outcomes[9], true);
    ok(outcomes.filter((isReady) => !isReady).length >= 6);
    equal(await desk.annotator.held.isReady(9), true);
  },
);

deskTest(
  "pictures come quick, exact or small, and a frame past the end does not",
  async ({ handler }) => {
    for (
      const [kind, start] of [["jpeg", 0xff], ["png", 0x89], [
        "thumbnail",
        0xff,
      ]] as const
    ) {
      const answer = await handler(
        pageRequest(`api/sequences/1/frames/2/picture?kind=${kind}`),
      );
      equal(answer.status, 200);
      equal((await answer.bytes())[0], start, kind);
    }
    const past = await handler(
      pageRequest("api/sequences/1/frames/12/picture"),
    );
    equal(past.status, 400);
    ok(/frames are 0 to 11/.test((await past.json()).error));
  },
);

deskTest(
  "preferences, tags and label lists come back as they were given",
  async ({ handler }) => {
    const preferences = {
      language: "ru",
      theme: "light",
      shortcuts: { undo: ["Ctrl+U"] },
    };
    const saved = await handler(
      pageRequest("api/preferences", { body: preferences }),
    );
    deepEqual(await saved.json(), preferences);
    const csv = "Tags_category,Code_of_tag,Name,Description\n" +
      "anatomy,a_160000,z_line,\nanatomy,a_160000,cardia,\nquality,q_001000,foam,\n";
    const body = { kind: "import", format: "csv", text: csv };
    const added = await handler(pageRequest("api/tags", { body }));
    const { added: count, duplicates }: TagsView = await added.json();
    equal(count, 2);
    deepEqual(duplicates, [{ code: "a_160000", why: "line 3 repeats line 2" }]);
    const labels = "1 liver 244 108 59 \n2 liver 1 2 3 \n";
    const more = await handler(
      pageRequest("api/tags", {
        body: { kind: "import", format: "txt", text: labels },
      }),
    );
    deepEqual((await more.json()).duplicates, [{
      code: "liver",
      why: "has two numbers in the list",
    }]);
    const home = await get<HomeView>(handler, "api/home");
    deepEqual(home.preferences, preferences);
    deepEqual(home.tags.map(({ code }) => code), [
      "a_160000",
      "q_001000",
      "liver",
    ]);
    const list = await handler(pageRequest("api/labels.txt"));
    ok((await list.text()).includes("3 liver 244 108 59 \n"));
    const again = await handler(pageRequest("api/tags.csv"));
    ok((await again.text()).includes("q_001000,foam,quality"));
  },
);

deskTest(
  "a propagation is cancelled, keeps its masks, and goes on",
  async ({ handler, act, newObject, lane, desk }) => {
    const objectId = await newObject();
    await act({
      kind: "point",
      objectId,
      frame: 0,
      ...onPolyp as { x: number; y: number },
      sign: "+",
      seen: null,
    });
    const start = () =>
      handler(
        pageRequest("api/sequences/1/propagation", {
          body: { mode: "forward", frame: 0 },
        }),
      );
    equal((await start()).status, 200);
    const busy = await start();
    equal(busy.status, 409);
    equal((await busy.json()).code, "busy");
    const cancelled = await handler(
      pageRequest("api/sequences/1/propagation", { method: "DELETE" }),
    );
    equal((await cancelled.json()).status, "cancelled");
    const kept = (await lane(objectId)).replaceAll(".", "").length;
    ok(kept >= 2 && kept < 12, `${kept} frames`);
    equal((await start()).status, 200);
    while (desk.propagation.view().status === "running") {
      await desk.nextNews(
        50,
      );
    }
    ok(!(await lane(objectId)).includes("."));
    equal(desk.propagation.view().progress?.total, 12 - kept);
  },
);

deskTest(
  "an export goes below the data folder and says what it is worth",
  async ({ handler, act, newObject, folder }) => {
    const objectId = await newObject();
    await act({
      kind: "point",
      objectId,
      frame: 0,
      ...onPolyp as { x: number; y: number },
      sign: "+",
      seen: null,
    });
    const path = "api/sequences/1/export";
    const answer = await handler(
      pageRequest(path, { body: { format: "coco" } }),
    );
    const view = await answer.json();
    equal(view.folder, `${folder}/data/exports/sequence-1-coco`);
    deepEqual([view.images, view.masks], [1, 1]);
    ok(view.notes.includes("no independent validation"));
    equal(
      (await handler(pageRequest(path, { body: { format: "../x" } }))).status,
      400,
    );
  },
);
