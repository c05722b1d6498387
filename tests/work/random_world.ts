// Where random actions happen: a store of its own with a clip of numbered
// frames, and models that answer by checksum (propagate/hash_engine.ts).

import { deepEqual, rejects } from "node:assert/strict";
import type { Frames } from "../../lib/media/frames.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { openStore, type Store } from "../../lib/store/database.ts";
import {
  deleteMasks,
  findMask,
  isPersonal,
  listMasks,
  saveMask,
  setVerified,
  type StoredMask,
} from "../../lib/store/masks.ts";
import { getOrCreateObject } from "../../lib/store/objects.ts";
import { listPrompts } from "../../lib/store/prompts.ts";
import { openForWriting, type SequenceWriter } from "../../lib/store/writer.ts";
import { addAnnotation, type Annotator } from "../../lib/work/annotate.ts";
import { redo, undo } from "../../lib/work/history.ts";
import { importFrames } from "../../lib/work/import.ts";
import type { OpenModel } from "../../lib/work/open_model.ts";
import {
  type PropagateResult,
  propagateSequence,
} from "../../lib/work/propagate.ts";
import { acceptMask } from "../../lib/work/review.ts";
import { hashEngine } from "../propagate/hash_engine.ts";
import {
  type Action,
  boxMask,
  frameSize,
  type How,
  type Scenario,
  type Stop,
} from "./random_scenario.ts";

export const models = [1, 2].map(openHashModel);

/** One store in which actions are done. */
export type World = {
  readonly folder: string;
  readonly frames: Frames;
  readonly numbers: readonly number[];
  store: Store;
  writer: SequenceWriter;
  objectIds: ReadonlyMap<number, number>;
  /** How it was propagated last. */
  how: How;
};

export function openHashModel(salt: number): OpenModel {
  return {
    id: `hash-${salt}`,
    path: "",
    sha256: String(salt).repeat(64),
    licence: "",
    engine: hashEngine(salt),
    runtime: {} as Runtime, // only a feature cache asks for it
    keepsFeatures: false,
    close: () => Promise.resolve(),
  };
}

export function makeFrames(count: number): Frames {
  const { width, height } = frameSize;
  return {
    kind: "folder",
    source: "/nowhere/frames",
    size: frameSize,
    count,
    fps: undefined,
    infos: Array.from(
      { length: count },
      (_, index) => ({ index, timeMs: index * 40, name: `${index}.png` }),
    ),
    read: (index) => {
      const data = new Uint8Array(3 * width * height).fill(5 * index + 1);
      return Promise.resolve({ width, height, data });
    },
    again: () => Promise.resolve(makeFrames(count)),
    close: () => Promise.resolve(),
  };
}

export async function openWorld(
  folder: string,
  { frameCount, how }: Scenario,
  numbers: readonly number[],
): Promise<World> {
  await Deno.mkdir(folder);
  const frames = makeFrames(frameCount);
  const opened = await openAgain(folder, frames, numbers);
  return { folder, frames, numbers, how, ...opened };
}

export async function openAgain(
  folder: string,
  frames: Frames,
  numbers: readonly number[],
) {
  const store = await openStore({ url: `file:${folder}/store.db`, folder });
  const { id } = await importFrames(store, frames);
  const writer = await openForWriting(store, id);
  deepEqual(writer.swept, [], "files that no row names");
  deepEqual(writer.repaired, [], "rows without their file");
  const ids = await Promise.all(
    numbers.map((number) => getOrCreateObject(store, id, number)),
  );
  const objectIds = new Map(ids.map(({ id, number }) => [number, id]));
  return { store, writer, objectIds };
}

export async function closeWorld({ writer, store }: World) {
  await writer.close();
  await store.close();
}

export async function reopen(world: World) {
  await closeWorld(world);
  const { folder, frames, numbers } = world;
  Object.assign(world, await openAgain(folder, frames, numbers));
}

export function annotatorOf({ writer, frames, how }: World): Annotator {
  return { writer, frames, model: models[how.model] };
}

/** Every mask by `number frame`. */
export async function masksOf(
  world: World,
): Promise<ReadonlyMap<string, StoredMask>> {
  const { store, writer: { sequence }, objectIds } = world;
  const numberOf = new Map([...objectIds].map(([number, id]) => [id, number]));
  const masks = await listMasks(store, sequence.id);
  return new Map(
    masks.map((m) => [`${numberOf.get(m.objectId)} ${m.frame}`, m]),
  );
}

/** What two worlds must agree on. */
export function contentOf(
  { objectId: _, file: _file, runId: _run, updatedAt: _at, ...content }:
    StoredMask,
) {
  return content;
}

export async function contentsOf(world: World, number?: number) {
  return new Map(
    [...await masksOf(world)]
      .filter(([key]) => number === undefined || key.startsWith(`${number} `))
      .map(([key, mask]) => [key, contentOf(mask)]),
  );
}

/** The conditions of an object, as this test reads the promise: by frame, what was given. */
export async function conditionsOf(
  { store, writer: { sequence }, objectIds }: World,
  number: number,
): Promise<ReadonlyMap<number, string>> {
  const objectId = objectIds.get(number);
  const prompts = await listPrompts(store, sequence.id, { objectId });
  const masks = await listMasks(store, sequence.id, { objectId });
  const given = new Map<number, string>();
  for (const { frame, prompt } of prompts) {
    const { was: _, ...bare } = { was: undefined, ...prompt };
    given.set(frame, `${given.get(frame) ?? ""}${JSON.stringify(bare)}`);
  }
  for (const mask of masks) {
    if (isPersonal(mask)) given.set(mask.frame, mask.counts);
  }
  return new Map([...given].sort(([a], [b]) => a - b));
}

export function neighbours(conditions: Iterable<number>, frame: number) {
  const all = [...conditions];
  return {
    before: Math.max(-1, ...all.filter((other) => other < frame)),
    after: Math.min(Infinity, ...all.filter((other) => other > frame)),
  };
}

// ------------------------------------------------------------------ actions

/** Does an action that is no propagation; says which object and frames it touched. */
export async function act(
  world: World,
  action: Exclude<Action, { kind: "propagate" | "correctAndUndo" | "reopen" }>,
): Promise<{ number: number; from: number; to: number } | undefined> {
  const { store, writer, objectIds } = world;
  const annotator = annotatorOf(world);
  if (action.kind === "undo" || action.kind === "redo") {
    const change = await (action.kind === "undo" ? undo : redo)(annotator);
    if (!change) return undefined;
    if (change.kind === "changed") throw new Error("only prompts were given");
    const { objectId, frame } = change.prompt;
    const [number] = [...objectIds].find(([, id]) => id === objectId)!;
    return { number, from: frame, to: frame };
  }
  const { object: number } = action;
  const objectId = objectIds.get(number)!;
  if (action.kind === "delete") {
    const { from, to } = action;
    await deleteMasks(writer, { objectId, from, to });
    return { number, from, to };
  }
  const place = { objectId, frame: action.frame };
  const touched = { number, from: action.frame, to: action.frame };
  if (action.kind === "prompt") {
    await addAnnotation(annotator, place, action.prompt);
    return touched;
  }
  if (action.kind === "save") {
    const { origin, verified, box } = action;
    await saveMask(writer, {
      ...place,
      origin,
      verified,
      bitmap: boxMask(box),
    });
    return touched;
  }
  if (!await findMask(store, place)) {
    await rejects(acceptMask(store, place), /No mask of object/);
    return undefined;
  }
  await (action.verified
    ? acceptMask(store, place)
    : setVerified(store, place, false));
  return touched;
}

export type Outcome =
  | { readonly kind: "done"; readonly result: PropagateResult }
  | { readonly kind: "stopped" | "refused" };

/** Calls propagateSequence() once, stopped or not. */
export async function propagateOnce(
  world: World,
  how: How,
  { restart, stop }: { restart: boolean; stop?: Stop },
): Promise<Outcome> {
  const { model: index, ...asked } = how;
  const cancel = new AbortController();
  const killed = Promise.withResolvers<"killed">();
  const model = models[index];
  let calls = 0;
  const encodeMemory: typeof model.engine.encodeMemory = (...args) => {
    if (calls++ === stop?.after) {
      if (stop.kind === "fail") return Promise.reject(new Error("device lost"));
      if (stop.kind === "cancelMidway") cancel.abort();
      if (stop.kind === "kill") {
        killed.resolve("killed");
        return new Promise(() => {}); // nobody hears of it again
      }
    }
    return model.engine.encodeMemory(...args);
  };
  if (stop?.kind === "cancel" && stop.after === 0) cancel.abort();
  const { writer, frames } = world;
  const engine = { ...model.engine, encodeMemory };
  const annotator = { writer, frames, model: { ...model, engine } };
  const run = propagateSequence(annotator, {
    ...asked,
    restart,
    signal: cancel.signal,
    onProgress: ({ done }) => {
      if (stop?.kind === "cancel" && done >= stop.after) cancel.abort();
    },
  });
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(
    () => timer.reject(new Error("propagateSequence() hangs")),
    20_000,
  );
  try {
    const result = await Promise.race([run, killed.promise, timer.promise]);
    if (result === "killed") {
      await writer.serially(() => Promise.resolve()); // what was under way is committed
      await reopen(world);
      return { kind: "stopped" };
    }
    return { kind: "done", result };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "CancelledError" && stop?.kind.startsWith("cancel")) {
      return { kind: "stopped" };
    }
    if (error.message === "device lost" && stop?.kind === "fail") {
      return { kind: "stopped" };
    }
    if (
      error instanceof RangeError &&
      /^Cannot (propagate sequence \d+: no object has|go on with run)/.test(
        error.message,
      )
    ) return { kind: "refused" };
    throw error;
  } finally {
    clearTimeout(timeout);
  }
}
