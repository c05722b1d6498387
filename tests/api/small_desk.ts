// A desk on the small clip, and a handler in front of it, without a port.

import { listTags } from "medannotate";
import type { Action, ActionResult } from "../../lib/api/contract.ts";
import { doAction } from "../../lib/api/actions.ts";
import type { Desk } from "../../lib/api/desk.ts";
import { openDesks } from "../../lib/api/desks.ts";
import { createHandler, type Handler } from "../../lib/api/handler.ts";
import { viewSequence } from "../../lib/api/views.ts";
import { getOrCreateTag } from "../../lib/store/tags.ts";
import { onClip, openSmallModel, type SmallClip } from "../work/small_clip.ts";

/** What a test of the interface works with. */
export type SmallDesk = SmallClip & {
  readonly desk: Desk;
  readonly handler: Handler;
  /** What was refused. */
  readonly log: readonly string[];
  act(action: Action): Promise<ActionResult>;
  /** Makes an object and returns its id. */
  newObject(): Promise<number>;
  /** A tag's id. */
  tagId(code: string): Promise<number>;
  /** The letters of an object's lane. */
  lane(objectId: number): Promise<string>;
  /** Everything that the store holds of the sequence, to see that nothing changed. */
  everything(): Promise<string>;
};

export const token = "test-token";
export const host = "127.0.0.1:8000";

/** A request of the page. */
export function pageRequest(
  path: string,
  { body, ...init }: Omit<RequestInit, "body"> & { body?: unknown } = {},
): Request {
  const headers = new Headers({ host, ...init.headers as object });
  if (body !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  const text = body === undefined || typeof body === "string"
    ? body
    : JSON.stringify(body);
  if (text !== undefined && !headers.has("content-length")) {
    const { length } = new TextEncoder().encode(text);
    headers.set("content-length", String(length)); // as every client does
  }
  return new Request(`http://${host}/${token}/${path}`, {
    method: text === undefined ? "GET" : "POST",
    ...init,
    headers,
    body: text,
  });
}

/** One model for the tests of a file, each of them on a desk of its own. */
export async function openDeskTests() {
  const model = await openSmallModel();
  Deno.test.afterAll(() => model.close());
  const deskTest = (name: string, test: (desk: SmallDesk) => Promise<void>) =>
    Deno.test(
      name,
      onClip(model, async (clip) => {
        const { store, annotator } = clip;
        const desks = openDesks(store, model);
        await desks.adopt(annotator);
        const desk = await desks.get(annotator.writer.sequence.id);
        const log: string[] = [];
        const handler = createHandler({
          desks,
          token,
          hosts: new Set([host]),
          log: (line) => log.push(line),
        });
        const act = (action: Action) => doAction(desk, action);
        try {
          await test({
            ...clip,
            desk,
            handler,
            log,
            act,
            newObject: async () =>
              (await act({ kind: "createObject", tagId: null })).objectId!,
            tagId: async (code) => (await getOrCreateTag(store, code)).id,
            lane: async (objectId) => {
              const { lanes } = await viewSequence(desk);
              const lane = lanes.find((lane) => lane.objectId === objectId);
              return lane?.letters ?? "gone";
            },
            everything: async () => {
              const { since: _, ...view } = await viewSequence(desk);
              const masks = [...await clip.masks()];
              return JSON.stringify([view, masks, await listTags(store)]);
            },
          });
        } finally {
          await desks.close();
        }
      }),
    );
  return { model, deskTest };
}
