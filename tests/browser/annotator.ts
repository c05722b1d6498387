// The real annotator for tests in the browser: server, store, model and tabs.
//
// Model and browser serve all tests of a file; each test has a store of its own,
// so that none sees what another did. A tab that asked for anything beyond
// 127.0.0.1, or wrote an error to the console, fails its test.

import { deepEqual, ok } from "node:assert/strict";
import { cp } from "node:fs/promises";
import { type OpenModel, openModel, type Store } from "medannotate";
import type { Browser } from "playwright-core";
import type {
  Action,
  ActionResult,
  FrameView,
  MaskView,
  SequenceView,
} from "../../lib/api/contract.ts";
import { type Desks, openDesks } from "../../lib/api/desks.ts";
import type { ModelChanges } from "../../lib/api/models.ts";
import { serveAnnotator } from "../../lib/api/server.ts";
import { importSequence } from "../../lib/work/import.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { type Clip, clip as polypClip } from "./clip.ts";
import { browserTest, findBrowser, hasBrowser } from "./page.ts";
import { openTab, type Tab, type TabOptions } from "./tab.ts";
import { until } from "./until.ts";

/** What a test of the page works with. */
export type Annotator = {
  readonly clip: Clip;
  readonly folder: string;
  readonly store: Store;
  readonly desks: Desks;
  readonly browser: Browser;
  readonly url: string;
  readonly sequenceId: number;
  /** Opens the page in a profile of its own, and waits for the first picture. */
  openTab(options?: TabOptions): Promise<Tab>;
  /** What the server holds. */
  view(): Promise<SequenceView>;
  frame(frame: number): Promise<FrameView>;
  /** The only mask of a frame, or that of an object. */
  mask(frame: number, objectId?: number): Promise<MaskView>;
  /** The letters of an object's lane; of the first one where none is named. */
  lane(objectId?: number): Promise<string>;
  /** Does what somebody else would do, without a page. */
  act(action: Action): Promise<ActionResult>;
  /** Asks the server for JSON. */
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
};

/** Model and browser of a file's tests, and the function that registers one. */
export function openAnnotatorTests() {
  let model: OpenModel | undefined;
  let browser: Browser | undefined;
  const prepared = new Map<Clip, Promise<string>>();
  Deno.test.beforeAll(async () => {
    if (!hasBrowser) return;
    model = await openModel({ device: "cpu" });
    browser = await findBrowser();
  });
  Deno.test.afterAll(async () => {
    await browser?.close();
    await model?.close();
    for (const folder of prepared.values()) {
      await Deno.remove(await folder, { recursive: true });
    }
  });
  return (
    name: string,
    test: (annotator: Annotator) => Promise<void>,
    { clip = polypClip, changes }: {
      readonly clip?: Clip;
      /** What it takes to change the model; without, it stays the same. */
      readonly changes?: ModelChanges;
    } = {},
  ) =>
    browserTest(
      name,
      inFolder(async (folder) => {
        ok(model && browser);
        if (!prepared.has(clip)) prepared.set(clip, importOnce(clip));
        const imported = await prepared.get(clip);
        ok(imported);
        await cp(imported, `${folder}/data`, { recursive: true });
        await withAnnotator({ folder, model, browser, clip, changes }, test);
      }),
    );
}

/** A data folder with the clip imported, to be copied for each test. */
async function importOnce({ path }: Clip): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "medannotate-" });
  const store = await openDataStore({ folder });
  const { frames } = await importSequence(store, path);
  await frames.close();
  await store.close();
  return folder;
}

async function withAnnotator(
  { folder, model, browser, clip, changes }: {
    readonly folder: string;
    readonly model: OpenModel;
    readonly browser: Browser;
    readonly clip: Clip;
    readonly changes?: ModelChanges;
  },
  test: (annotator: Annotator) => Promise<void>,
) {
  await using open = new AsyncDisposableStack();
  const store = open.adopt(
    await openDataStore({ folder: `${folder}/data` }),
    (store) => store.close(),
  );
  const desks = open.adopt(
    openDesks(store, model, changes),
    (desks) => desks.close(),
  );
  const sequenceId = 1;
  const server = open.adopt(serveAnnotator(desks), (server) => server.close());
  const tabs: Tab[] = [];
  open.defer(() => Promise.all(tabs.map((tab) => tab.close())).then());
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${server.localUrl}${path}`, init);
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${answer.status}: ${json.error}`);
    return json;
  };
  const get = <Answer>(path: string): Promise<Answer> => ask(path);
  const post = <Answer>(path: string, body: unknown): Promise<Answer> =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const path = `api/sequences/${sequenceId}`;
  const annotator: Annotator = {
    clip,
    folder,
    store,
    desks,
    browser,
    url: server.localUrl,
    sequenceId,
    openTab: async (options) => {
      const tab = await openTab(browser, server.localUrl, clip, options);
      tabs.push(tab);
      return tab;
    },
    view: () => get(path),
    frame: (frame) => get(`${path}/frames/${frame}`),
    mask: (frame, objectId) =>
      until(
        async () => {
          const { masks } = await annotator.frame(frame);
          return masks.find((mask) =>
            objectId === undefined || mask.objectId === objectId
          );
        },
        `a mask on frame ${frame}`,
      ),
    lane: async (objectId) => {
      const { lanes } = await annotator.view();
      const lane = lanes.find((lane) =>
        objectId === undefined || lane.objectId === objectId
      );
      return lane?.letters ?? "";
    },
    act: (action) => post(`${path}/actions`, action),
    get,
    post,
  };
  await test(annotator);
  for (const tab of tabs) deepEqual(tab.faults(), [], "what went wrong");
}
