// Which path leads where. What each of them means is told in contract.ts.

import { setTimeout as delay } from "node:timers/promises";
import { decodeTagList } from "../work/tag_lists.ts";
import { exportFormats } from "../work/export/data_set.ts";
import { writeEisegLabels, writeTagCsv } from "../formats/tag_list.ts";
import { findSetting, saveSetting } from "../store/settings.ts";
import { addTags, listTags } from "../store/tags.ts";
import { rgbOf } from "../work/export_store.ts";
import { previewClick } from "../work/preview.ts";
import { doAction } from "./actions.ts";
import {
  Action,
  ExportRequest,
  type HomeView,
  ModelRequest,
  type ModelsView,
  Preferences,
  PreviewRequest,
  PropagationRequest,
  type Ready,
  TagRequest,
  type TagsView,
} from "./contract.ts";
import type { Desk } from "./desk.ts";
import type { Desks } from "./desks.ts";
import { exportSequence } from "./export.ts";
import { type PictureKind, pictureKinds } from "./picture_cache.ts";
import { listReview } from "./review.ts";
import { listSummaries } from "./summary.ts";
import {
  viewChanges,
  viewFrame,
  viewNoChanges,
  viewSequence,
  viewTag,
} from "./views.ts";

/** What a route is called with. */
export type RouteCall = {
  readonly desks: Desks;
  /** Parsed JSON. */
  readonly body: unknown;
  readonly query: URLSearchParams;
};

/** What a route answers. */
export type RouteAnswer =
  | { readonly kind: "json"; readonly value: unknown }
  | {
    readonly kind: "bytes";
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly type: string;
    /** The bytes of this address never change. */
    readonly isLasting?: boolean;
    /** To be saved under this name. */
    readonly fileName?: string;
  };

/** Answers a call. */
export type Route = (call: RouteCall) => Promise<RouteAnswer>;

/** Finds the route of a path below the token. */
export function findRoute(
  method: string,
  path: readonly string[],
): Route | undefined {
  const [api, place, id, ...rest] = path;
  if (api !== "api") return undefined;
  const name = `${method} ${path.slice(1).join("/")}`;
  const plain = plainRoutes.get(name);
  if (plain) return plain;
  const sequenceId = numberOf(id);
  if (place !== "sequences" || sequenceId === undefined) return undefined;
  const open = (work: Work) => async (call: RouteCall): Promise<RouteAnswer> =>
    json(await work(await call.desks.get(sequenceId), call));
  const known = sequenceRoutes.get(`${method} ${rest.join("/")}`);
  if (known) return open(known);
  const [frames, at, what] = rest;
  const frame = numberOf(at);
  if (frames !== "frames" || frame === undefined || rest.length > 3) {
    return undefined;
  }
  if (method === "GET" && what === undefined) {
    return open((desk) => viewFrame(desk, frame));
  }
  if (method === "POST" && what === "ready") {
    return open(withModel((desk) => makeReady(desk, frame)));
  }
  if (method === "GET" && what === "picture") {
    return async ({ desks, query }) =>
      await picture(await desks.get(sequenceId), frame, query.get("kind"));
  }
  return undefined;
}

const plainRoutes: ReadonlyMap<string, Route> = new Map([
  ["GET home", async ({ desks }) => json(await viewHome(desks))],
  ["POST preferences", async ({ desks: { store }, body }) => {
    const preferences = Preferences.parse(body);
    await saveSetting(store, preferencesName, JSON.stringify(preferences));
    return json(preferences);
  }],
  ["GET model", async ({ desks }) => json(await viewModels(desks))],
  ["POST model", async ({ desks, body }) => {
    await desks.changeModel(ModelRequest.parse(body).id);
    return json(await viewModels(desks));
  }],
  ["POST tags", async ({ desks, body }) => json(await changeTags(desks, body))],
  ["GET tags.csv", async ({ desks: { store } }) => {
    const tags = (await listTags(store))
      .map((tag) => ({ ...tag, colour: rgbOf(tag.colour) }));
    return textFile(writeTagCsv(tags), "tags.csv", "text/csv");
  }],
  ["GET labels.txt", async ({ desks: { store } }) => {
    const labels = (await listTags(store)).map((
      { classNumber, code, colour },
    ) => ({
      number: classNumber + 1, // 0 is background
      name: code,
      colour: rgbOf(colour),
    }));
    return textFile(writeEisegLabels(labels), "labels.txt", "text/plain");
  }],
]);

/** Work on an open sequence. */
type Work = (desk: Desk, call: RouteCall) => Promise<unknown>;

const sequenceRoutes: ReadonlyMap<string, Work> = new Map<string, Work>([
  ["GET ", viewSequence],
  ["GET changes", waitForChanges],
  [
    "POST actions",
    withModel((desk, { body, query }) =>
      doAction(desk, Action.parse(body), {
        key: query.get("key")?.slice(0, 100),
      })
    ),
  ],
  [
    "POST preview",
    withModel((desk, { body }) =>
      previewClick(desk.annotator, PreviewRequest.parse(body))
    ),
  ],
  [
    "POST propagation",
    withModel((desk, { body }) =>
      desk.propagation.start(PropagationRequest.parse(body))
    ),
  ],
  ["DELETE propagation", (desk) => desk.propagation.cancel()],
  ["GET review", listReview],
  [
    "POST export",
    (desk, { body }) => exportSequence(desk, ExportRequest.parse(body)),
  ],
]);

/** Work that the model must not be changed under. */
function withModel(work: Work): Work {
  return (desk, call) => call.desks.withModel(() => work(desk, call));
}

const waitMs = 20_000; // less than the patience of proxies
const lookAgainMs = 400;
const gatherMs = 150; // more than rows are told twice for: see views.ts

async function waitForChanges(desk: Desk, { query }: RouteCall) {
  const known = {
    since: query.get("since") ?? "",
    revision: query.get("revision") ?? "",
  };
  const endMs = performance.now() + waitMs;
  while (performance.now() < endMs) {
    if (await viewChanges(desk, known)) {
      await delay(gatherMs); // what comes together is told together
      return await viewChanges(desk, known) ?? viewNoChanges(desk, known);
    }
    await desk.nextNews(lookAgainMs);
  }
  return await viewNoChanges(desk, known);
}

async function makeReady(desk: Desk, frame: number): Promise<Ready> {
  const startMs = performance.now();
  await viewFrame(desk, frame); // throws for a frame that is not there
  const isReady = await desk.prepare(frame);
  return { frame, isReady, msTaken: performance.now() - startMs };
}

async function picture(
  desk: Desk,
  frame: number,
  wanted: string | null,
): Promise<RouteAnswer> {
  const kind: PictureKind = pictureKinds.find((kind) => kind === wanted) ??
    "jpeg";
  return {
    kind: "bytes",
    bytes: await desk.pictures.read(frame, kind),
    type: kind === "png" ? "image/png" : "image/jpeg",
    isLasting: true,
  };
}

const preferencesName = "page.preferences";

async function viewHome(desks: Desks): Promise<HomeView> {
  const { store } = desks;
  const text = await findSetting(store, preferencesName);
  return {
    imports: desks.imports(),
    sequences: await listSummaries(store, desks.troubleOf),
    tags: (await listTags(store)).map(viewTag),
    preferences: Preferences.parse(JSON.parse(text ?? "{}")),
    ...await viewModels(desks),
    exportFormats,
    dataFolder: store.folder,
  };
}

async function viewModels(desks: Desks): Promise<ModelsView> {
  const choices = await desks.models();
  const { id, runtime, engine, licence } = desks.model;
  const model = { id, device: runtime.device, side: engine.side, licence };
  return { model, ...choices };
}

async function changeTags(
  { store }: Desks,
  body: unknown,
): Promise<TagsView> {
  const request = TagRequest.parse(body);
  const { tags, repeated } = request.kind === "import"
    ? decodeTagList(request.text, request.format)
    : {
      tags: [{
        code: request.code,
        name: request.name,
        category: request.category,
        ...(request.colour ? { colour: rgbOf(request.colour) } : {}),
      }],
      repeated: [],
    };
  const { added, duplicates } = await addTags(store, tags);
  return {
    tags: (await listTags(store)).map(viewTag),
    added: added.length,
    duplicates: [
      ...repeated,
      ...duplicates.map(({ code }) => ({ code, why: "is in the store" })),
    ],
  };
}

function json(value: unknown): RouteAnswer {
  return { kind: "json", value };
}

function textFile(text: string, fileName: string, type: string): RouteAnswer {
  const bytes = new TextEncoder().encode(text);
  return { kind: "bytes", bytes, type: `${type}; charset=utf-8`, fileName };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text)
    ? Number(text)
    : undefined;
}
