// Another model for the annotator: listed, opened, refused, under load.
//
// The tuned model is the shipped one under another id, at 96 pixels instead of
// 64 and with a checksum of its own, so that each mask tells who made it.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { addModel, type ModelPlace, type OpenModel } from "medannotate";
import type {
  Action,
  ActionResult,
  HomeView,
  ModelsView,
  PropagationView,
  Refusal,
  SequenceView,
} from "../../lib/api/contract.ts";
import type { ModelChanges } from "../../lib/api/models.ts";
import { openDesks } from "../../lib/api/desks.ts";
import { createHandler } from "../../lib/api/handler.ts";
import {
  installModel,
  listInstalled,
  modelsFolder,
  userFolder,
} from "../../lib/work/installed_models.ts";
import { openModel } from "../../lib/work/open_model.ts";
import {
  onClip,
  onPolyp,
  openSmallModel,
  type SmallClip,
} from "../work/small_clip.ts";
import { host, pageRequest, token } from "./small_desk.ts";

const first = await openSmallModel();
const folder = await Deno.makeTempDir({ prefix: "medannotate-" });
const place: ModelPlace = { folder, registry: [] };
await addModel(join(modelsFolder, "sam2-nano.safetensors"), {
  id: "tuned",
  licence: "MIT",
  tunedFrom: { parentSha256: first.sha256, certificate: "certificate.json" },
}, place);
await installModel(place, async (folder) => {
  await Deno.writeTextFile(join(folder, "boxes.onnx"), "");
  return {
    ...{ id: "boxes", family: "yolo", size: "yolo11n", imageSize: 640 },
    ...{ file: "boxes.onnx", licence: "AGPL-3.0", source: "here" },
    ...{ sha256: "0", bytes: 1, task: "detect", classes: ["polyp"] },
    format: "onnx",
  };
});
Deno.test.afterAll(async () => {
  await first.close();
  await Deno.remove(folder, { recursive: true });
});

/** What a test of changing the model works with. */
type Setting = SmallClip & {
  readonly id: number;
  /** Which models were opened and closed, in order. */
  readonly log: string[];
  ask(path: string, body?: unknown): Promise<Response>;
  get<Answer>(path: string): Promise<Answer>;
  choose(id: string): Promise<Response>;
  click(objectId: number, frame: number): Promise<Response>;
  newObject(): Promise<number>;
  /** By frame, whose mask an object has. */
  makers(): Promise<Record<number, string | null>>;
};

function modelTest(
  name: string,
  test: (setting: Setting) => Promise<void>,
  given: (open: (id: string) => Promise<OpenModel>) => ModelChanges = (
    openModel,
  ) => ({ openModel, place }),
) {
  Deno.test(
    name,
    onClip(first, async (clip) => {
      const log: string[] = [];
      const open = async (id: string) => {
        const model = await openModel({ model: id, size: 96, device: "cpu" }, {
          place,
        });
        log.push(`open ${id}`);
        const close = async () => {
          log.push(`close ${id}`);
          await model.close();
        };
        return { ...model, sha256: "of the tuned model", close };
      };
      const desks = openDesks(clip.store, first, given(open));
      await desks.adopt(clip.annotator);
      const handler = createHandler({ desks, token, hosts: new Set([host]) });
      const { id } = clip.annotator.writer.sequence;
      const ask = (path: string, body?: unknown) =>
        handler(pageRequest(`api/${path}`, { body }));
      const act = (action: Action) => ask(`sequences/${id}/actions`, action);
      try {
        await test({
          ...clip,
          id,
          log,
          ask,
          get: async (path) => await (await ask(path)).json(),
          choose: (id) => ask("model", { id }),
          click: (objectId, frame) => {
            const { x, y } = onPolyp as { x: number; y: number };
            const place = { objectId, frame, x, y };
            return act({ kind: "point", ...place, sign: "+", seen: null });
          },
          newObject: async () => {
            const answer = await act({ kind: "createObject", tagId: null });
            const { objectId }: ActionResult = await answer.json();
            ok(objectId);
            return objectId;
          },
          makers: async () =>
            Object.fromEntries(
              [...(await clip.masks()).values()]
                .map(({ frame, modelSha256 }) => [frame, modelSha256]),
            ),
        });
      } finally {
        await desks.close();
      }
      equal(
        log.filter((line) => line.startsWith("open")).length,
        log.filter((line) => line.startsWith("close")).length,
        "whatever was opened is closed",
      );
    }),
  );
}

const nano = {
  ...{ id: "sam2-nano", side: 128, licence: "MIT", isTuned: false },
};
const tuned = { ...nano, id: "tuned", isTuned: true };
const ofTuned = "of the tuned model";

modelTest(
  "GET home lists the SAM 2 models that can be chosen, the tuned ones marked",
  async ({ get }) => {
    const { model, models, modelsTrouble } = await get<HomeView>("home");
    deepEqual([model.id, model.side], ["sam2-nano", 64]);
    deepEqual(models, [nano, tuned]);
    equal(modelsTrouble, null);
    deepEqual(await get<ModelsView>("model"), { model, models, modelsTrouble });
  },
);

modelTest(
  "POST model lets another model answer, and loses nothing",
  async ({ id, get, ask, choose, click, newObject, makers, masks, log }) => {
    const objectId = await newObject();
    equal((await click(objectId, 3)).status, 200);
    const view = async () => {
      const { since: _, ...view } = await get<SequenceView>(`sequences/${id}`);
      return [view, [...await masks()]];
    };
    const before = await view();

    const chosen = await choose("tuned");
    equal(chosen.status, 200);
    const { model }: ModelsView = await chosen.json();
    deepEqual([model.id, model.side, model.device], ["tuned", 96, "cpu"]);
    deepEqual(await view(), before);
    equal((await get<HomeView>("home")).model.id, "tuned");
    equal((await click(objectId, 5)).status, 200);
    deepEqual(await makers(), { 3: first.sha256, 5: ofTuned });

    // and masks are carried along by it
    const started = await ask(`sequences/${id}/propagation`, {
      ...{ mode: "all", frame: 3 },
    });
    equal(started.status, 200);
    const statusOf = async () =>
      (await get<SequenceView>(`sequences/${id}`)).propagation.status;
    while (await statusOf() === "running") await pause(20);
    equal(await statusOf(), "done");
    equal((await makers())[8], ofTuned);
    deepEqual(log, ["open tuned"]);

    // the one that was given is open still, and is not opened again
    equal((await choose("sam2-nano")).status, 200);
    deepEqual(log, ["open tuned", "close tuned"]);
    equal((await click(objectId, 6)).status, 200);
    deepEqual((await makers())[6], first.sha256);
    equal((await choose("sam2-nano")).status, 200); // nothing to do
    equal(log.length, 2);
    equal((await choose("tuned")).status, 200); // closed with the desks
    equal(log.length, 3);
  },
);

modelTest(
  "POST model waits for nobody's propagation: it is refused while one runs",
  async ({ id, ask, get, choose, click, newObject, log }) => {
    await click(await newObject(), 3);
    const started = await ask(`sequences/${id}/propagation`, {
      ...{ mode: "all", frame: 3 },
    });
    const { status }: PropagationView = await started.json();
    equal(status, "running");
    const refused = await choose("tuned");
    equal(refused.status, 409);
    const { code, error }: Refusal = await refused.json();
    equal(code, "busy");
    match(error, /propagated in .*: stop that, or wait/);
    deepEqual(log, []); // nothing was opened
    equal((await get<HomeView>("home")).model.id, "sam2-nano");
  },
);

const opened = Promise.withResolvers<void>();
const propagates = Promise.withResolvers<void>();
modelTest(
  "POST model is refused when a propagation was started while it was opened",
  async ({ id, ask, get, choose, click, newObject, log }) => {
    await click(await newObject(), 3);
    const chosen = choose("tuned");
    await opened.promise;
    const started = await ask(`sequences/${id}/propagation`, {
      ...{ mode: "all", frame: 3 },
    });
    const { status }: PropagationView = await started.json();
    equal(status, "running");
    propagates.resolve();
    const refused = await chosen;
    equal(refused.status, 409);
    equal((await refused.json()).code, "busy");
    deepEqual(log, ["open tuned", "close tuned"]);
    equal((await get<HomeView>("home")).model.id, "sam2-nano");
  },
  (open) => ({
    place,
    openModel: async (id) => {
      const model = await open(id);
      opened.resolve();
      await propagates.promise;
      return model;
    },
  }),
);

modelTest(
  "POST model says why an id cannot be chosen",
  async ({ choose, ask, log }) => {
    const why = async (answer: Response) => {
      equal(answer.status, 400);
      return (await answer.json()).error;
    };
    const expected = "Expected one of sam2-nano, tuned";
    match(await why(await choose("nope")), /nope: it is not installed/);
    match(await why(await choose("../tuned")), new RegExp(expected));
    match(await why(await choose("boxes")), /finds boxes, it is no SAM 2/);
    match(await why(await ask("model", { id: 7 })), /string/);
    match(await why(await ask("model", {})), /id/);
    deepEqual(log, []);
  },
);

modelTest(
  "POST model leaves the former in use when another cannot be opened",
  async ({ choose, click, newObject, makers }) => {
    const failed = await choose("tuned");
    equal(failed.status, 500);
    match((await failed.json()).error, /the disk is failing/);
    equal((await click(await newObject(), 3)).status, 200);
    deepEqual(await makers(), { 3: first.sha256 });
    equal((await choose("tuned")).status, 500); // and can be tried again
  },
  () => ({
    place,
    openModel: () => Promise.reject(new Error("the disk is failing")),
  }),
);

modelTest(
  "POST model changes it under work that goes on, one change at a time",
  async ({ id, ask, choose, click, newObject, log }) => {
    const objectId = await newObject();
    let isOver = false;
    const statuses: number[] = [];
    const work = async (once: (i: number) => Promise<Response>) => {
      for (let i = 0; !isOver; i++) {
        const answer = await once(i);
        statuses.push(answer.status);
        if (answer.status !== 200) throw new Error(await answer.text());
        await answer.body?.cancel();
        await pause(1);
      }
    };
    const path = `sequences/${id}`;
    const works = [
      work(async (i) => {
        const frame = i % 12;
        const answer = await click(objectId, frame);
        await ask(`${path}/actions`, {
          ...{ kind: "clearPrompts", objectId, frame },
        });
        return answer;
      }),
      work((i) =>
        ask(`${path}/preview`, {
          ...{ objectId: null, frame: i % 12, x: 97, y: 67, sign: "+" },
        })
      ),
      work((i) => ask(`${path}/frames/${(5 * i) % 12}/ready`, {})),
      work((i) => ask(`${path}/frames/${(7 * i) % 12}`)),
    ];
    for (const wanted of ["tuned", "sam2-nano", "tuned", "sam2-nano"]) {
      const [one, other] = await Promise.all([choose(wanted), choose(wanted)]);
      deepEqual([one.status, other.status], [200, 409]);
      match((await other.json()).error, /being opened/);
      equal((await one.json()).model.id, wanted);
      await pause(50);
    }
    isOver = true;
    await Promise.all(works);
    ok(statuses.length > 40, `${statuses.length} answers`);
    deepEqual(log, Array(2).fill(["open tuned", "close tuned"]).flat());
  },
);

modelTest(
  "POST model is refused by a server that can open no other",
  async ({ get, choose }) => {
    deepEqual((await get<HomeView>("home")).models, []);
    const refused = await choose("tuned");
    equal(refused.status, 400);
    match((await refused.json()).error, /only has sam2-nano/);
  },
  () => ({}),
);

Deno.test("GET home tells of a damaged record, and is answered all the same", async () => {
  const damaged = await Deno.makeTempDir();
  await cp(userFolder(place), join(damaged, "user"), { recursive: true });
  const record = join(damaged, "user", "boxes", ".installed.json");
  await Deno.writeTextFile(record, "{");
  const place2: ModelPlace = { folder: damaged, registry: [] };
  await onClip(first, async ({ store }) => {
    const desks = openDesks(store, first, {
      openModel: () => Promise.reject(new Error("not asked")),
      place: place2,
    });
    const handler = createHandler({ desks, token, hosts: new Set([host]) });
    const answer = await handler(pageRequest("api/home"));
    equal(answer.status, 200);
    const { models, modelsTrouble }: HomeView = await answer.json();
    deepEqual(models, [nano]);
    match(modelsTrouble ?? "", /which says what model boxes is/);
    await desks.close();
  })();
  await Deno.remove(damaged, { recursive: true });
  equal((await listInstalled(place)).length, 2);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
