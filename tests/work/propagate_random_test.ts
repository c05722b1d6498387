// Propagation under random use: a seed draws a list of actions (clicks, undo,
// drawn and verified masks, deletions, propagations that are cancelled, fail or
// are killed), and after each propagation everything it promises is checked.
// The same actions also run undisturbed and with each object alone, in stores
// of their own. Engine: propagate/hash_engine.ts, so that a mask tells all that
// it was made from.
//
// SEED=n runs one seed, RANDOM_RUNS=n that many from FIRST on; a failure is
// shrunk to the shortest list of actions and told with its seed.

import { deepEqual, equal, fail, ok, rejects } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Prompt } from "medannotate";
import type { Bitmap } from "../../lib/base/image.ts";
import type { Box } from "../../lib/base/tensor.ts";
import { bitmapToRle } from "../../lib/masks/rle.ts";
import type { Frames } from "../../lib/media/frames.ts";
import { driftScore } from "../../lib/propagate/drift.ts";
import { pointerSlots } from "../../lib/sam2/memory.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { checkFiles } from "../../lib/store/check_files.ts";
import { openStore, type Store } from "../../lib/store/database.ts";
import { deletePropagated } from "../../lib/store/delete_propagated.ts";
import {
  deleteMasks,
  findMask,
  isPersonal,
  listMasks,
  readMaskBitmap,
  saveMask,
  setVerified,
  type StoredMask,
} from "../../lib/store/masks.ts";
import { getOrCreateObject } from "../../lib/store/objects.ts";
import { addPrompt, listPrompts } from "../../lib/store/prompts.ts";
import { listRuns } from "../../lib/store/runs.ts";
import { openForWriting, type SequenceWriter } from "../../lib/store/writer.ts";
import {
  annotate,
  type Annotator,
  redo,
  undo,
} from "../../lib/work/annotate.ts";
import { importFrames } from "../../lib/work/import.ts";
import type { OpenModel } from "../../lib/work/open_model.ts";
import {
  type PropagateResult,
  propagateSequence,
} from "../../lib/work/propagate.ts";
import { acceptMask, listDrifting } from "../../lib/work/review.ts";
import { drawer, hashEngine } from "../propagate/hash_engine.ts";

const frameSize = { width: 20, height: 12 };
const models = [1, 2].map(openHashModel);

// ---------------------------------------------------------------- scenarios

type How = {
  readonly direction: "both" | "forward" | "backward";
  readonly agreement: boolean;
  readonly nonOverlap: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly model: number;
};

/** How a call is stopped: after so many steps, or at so many calls of the engine. */
type Stop = {
  readonly kind: "cancel" | "cancelMidway" | "fail" | "kill";
  readonly after: number;
  readonly reopens: boolean;
};

type Action =
  | { kind: "prompt"; object: number; frame: number; prompt: Prompt }
  | { kind: "undo" }
  | { kind: "redo" }
  | { kind: "reopen" }
  | {
    kind: "save";
    object: number;
    frame: number;
    box: Box;
    origin: "drawn" | "imported" | "detected";
    verified: boolean;
  }
  | { kind: "verify"; object: number; frame: number; verified: boolean }
  | { kind: "delete"; object: number; from: number; to: number }
  | {
    kind: "correctAndUndo";
    object: number;
    frame: number;
    prompt: Prompt;
  }
  | {
    kind: "propagate";
    /** Undefined: as the last time. */
    how?: How;
    restart: boolean;
    stops: readonly Stop[];
    /** Goes on with the next action after the last stop. */
    leaves: boolean;
  };

type Scenario = {
  readonly frameCount: number;
  readonly objectCount: number;
  readonly how: How;
  readonly actions: readonly Action[];
};

/** Draws a scenario; the same seed draws the same one. */
function drawScenario(seed: number): Scenario {
  const random = drawer(seed);
  for (let i = 0; i < 3; i++) random(); // seeds that are neighbours part
  const below = (n: number) => Math.floor(random() * n);
  const oneOf = <T>(...list: readonly T[]): T => list[below(list.length)];
  const chance = (share: number) => random() < share;

  const frameCount = oneOf(1, 2, 6, 9, 9, 12, 12, 12, 20, 20, 40);
  const objectCount = 1 + below(3);
  const mayLeave = chance(0.6);
  const mayOverlap = chance(0.7);
  const drawHow = (): How => {
    const from = below(frameCount);
    const isWhole = chance(0.75);
    return {
      direction: chance(0.7) ? "both" : oneOf("forward", "backward"),
      agreement: chance(0.75),
      nonOverlap: !mayOverlap && chance(0.7),
      ...(isWhole ? {} : { from, to: from + below(frameCount - from) }),
      model: chance(0.85) ? 0 : 1,
    };
  };
  const drawBox = (): Box => {
    const [x0, y0] = [below(frameSize.width - 1), below(frameSize.height - 1)];
    return {
      x0,
      y0,
      x1: x0 + 1 + below(frameSize.width - x0 - 1),
      y1: y0 + 1 + below(frameSize.height - y0 - 1),
    };
  };
  const drawPrompt = (): Prompt => {
    const kind = oneOf("point", "point", "box", "mask");
    if (kind === "box") return { kind, ...drawBox() };
    if (kind === "mask") return { kind, rle: bitmapToRle(boxMask(drawBox())) };
    return {
      kind: "point",
      x: below(frameSize.width),
      y: below(frameSize.height),
      sign: chance(0.8) ? "+" : "-",
    };
  };
  const place = () => ({
    object: 1 + below(objectCount),
    frame: below(frameCount),
  });
  const drawStops = (): Stop[] =>
    Array.from({ length: chance(0.35) ? 0 : 1 + below(3) }, () => ({
      kind: oneOf("cancel", "cancelMidway", "fail", "kill"),
      after: below(chance(0.7) ? 6 : 2 * frameCount),
      reopens: chance(0.3),
    }));
  const drawAction = (): Action => {
    const n = random();
    if (n < 0.25) return { kind: "prompt", ...place(), prompt: drawPrompt() };
    if (n < 0.35) return chance(0.7) ? { kind: "undo" } : { kind: "redo" };
    if (n < 0.42) {
      const origin = oneOf("drawn", "drawn", "imported", "detected");
      const verified = chance(0.2);
      return { kind: "save", ...place(), box: drawBox(), origin, verified };
    }
    if (n < 0.52) {
      return { kind: "verify", ...place(), verified: chance(0.75) };
    }
    if (n < 0.58) {
      const { object, frame: from } = place();
      const to = chance(0.6) ? from : from + below(frameCount - from);
      return { kind: "delete", object, from, to };
    }
    if (n < 0.63) {
      return { kind: "correctAndUndo", ...place(), prompt: drawPrompt() };
    }
    if (n < 0.66) return { kind: "reopen" };
    const how = chance(0.12) ? drawHow() : undefined;
    return {
      kind: "propagate",
      how,
      restart: how ? chance(0.8) : chance(0.05),
      stops: drawStops(),
      leaves: mayLeave && chance(0.7),
    };
  };
  /** An edit while a run is stopped, then the rest of it. */
  const goOn = (): Action[] => {
    if (chance(0.4)) return [];
    const { object, frame } = place();
    const edit: Action = chance(0.5)
      ? { kind: "delete", object, from: frame, to: frame }
      : { kind: "prompt", object, frame, prompt: drawPrompt() };
    return [edit, {
      kind: "propagate",
      restart: false,
      stops: [],
      leaves: false,
    }];
  };
  return {
    frameCount,
    objectCount,
    how: drawHow(),
    actions: [
      { kind: "prompt", ...place(), prompt: drawPrompt() },
      ...Array.from({ length: 4 + below(20) }, drawAction)
        .flatMap((action) => isLeft(action) ? [action, ...goOn()] : [action]),
      { kind: "propagate", restart: false, stops: [], leaves: false },
    ],
  };
}

/** Whether an action leaves a run that was stopped. */
function isLeft(action: Action): boolean {
  return action.kind === "propagate" && action.leaves &&
    action.stops.length > 0;
}

function boxMask({ x0, y0, x1, y1 }: Box): Bitmap {
  const { width, height } = frameSize;
  const data = new Uint8Array(width * height);
  for (let y = y0; y < y1; y++) data.fill(1, y * width + x0, y * width + x1);
  return { width, height, data };
}

// ------------------------------------------------------------------- worlds

/** One store in which actions are done. */
type World = {
  readonly folder: string;
  readonly frames: Frames;
  readonly numbers: readonly number[];
  store: Store;
  writer: SequenceWriter;
  objectIds: ReadonlyMap<number, number>;
  /** How it was propagated last. */
  how: How;
};

function openHashModel(salt: number): OpenModel {
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

function makeFrames(count: number): Frames {
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
    close: () => Promise.resolve(),
  };
}

async function openWorld(
  folder: string,
  { frameCount, how }: Scenario,
  numbers: readonly number[],
): Promise<World> {
  await Deno.mkdir(folder);
  const frames = makeFrames(frameCount);
  const opened = await openAgain(folder, frames, numbers);
  return { folder, frames, numbers, how, ...opened };
}

async function openAgain(
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

async function closeWorld({ writer, store }: World) {
  await writer.close();
  await store.close();
}

async function reopen(world: World) {
  await closeWorld(world);
  const { folder, frames, numbers } = world;
  Object.assign(world, await openAgain(folder, frames, numbers));
}

function annotatorOf({ writer, frames, how }: World): Annotator {
  return { writer, frames, model: models[how.model] };
}

/** Every mask by `number frame`. */
async function masksOf(world: World): Promise<ReadonlyMap<string, StoredMask>> {
  const { store, writer: { sequence }, objectIds } = world;
  const numberOf = new Map([...objectIds].map(([number, id]) => [id, number]));
  const masks = await listMasks(store, sequence.id);
  return new Map(
    masks.map((m) => [`${numberOf.get(m.objectId)} ${m.frame}`, m]),
  );
}

/** What two worlds must agree on. */
function contentOf(
  { objectId: _, file: _file, runId: _run, updatedAt: _at, ...content }:
    StoredMask,
) {
  return content;
}

async function contentsOf(world: World, number?: number) {
  return new Map(
    [...await masksOf(world)]
      .filter(([key]) => number === undefined || key.startsWith(`${number} `))
      .map(([key, mask]) => [key, contentOf(mask)]),
  );
}

/** The conditions of an object, as this test reads the promise: by frame, what was given. */
async function conditionsOf(
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

function neighbours(conditions: Iterable<number>, frame: number) {
  const all = [...conditions];
  return {
    before: Math.max(-1, ...all.filter((other) => other < frame)),
    after: Math.min(Infinity, ...all.filter((other) => other > frame)),
  };
}

// ------------------------------------------------------------------ actions

/** Does an action that is no propagation; says which object and frames it touched. */
async function act(
  world: World,
  action: Exclude<Action, { kind: "propagate" | "correctAndUndo" | "reopen" }>,
): Promise<{ number: number; from: number; to: number } | undefined> {
  const { store, writer, objectIds } = world;
  const annotator = annotatorOf(world);
  if (action.kind === "undo" || action.kind === "redo") {
    const change = await (action.kind === "undo" ? undo : redo)(annotator);
    if (!change) return undefined;
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
    await annotate(annotator, place, action.prompt);
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

type Outcome =
  | { readonly kind: "done"; readonly result: PropagateResult }
  | { readonly kind: "stopped" | "refused" };

/** Calls propagateSequence() once, stopped or not. */
async function propagateOnce(
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

// ------------------------------------------------------------------- checks

/** Masks that no propagation may touch. */
function isKept({ origin, verified }: StoredMask): boolean {
  return origin !== "propagated" || verified;
}

function checkKept(
  before: ReadonlyMap<string, StoredMask>,
  after: ReadonlyMap<string, StoredMask>,
) {
  for (const [key, mask] of before) {
    if (!isKept(mask)) continue;
    deepEqual(after.get(key), mask, `a: mask ${key} of a person was changed`);
  }
  for (const [key, mask] of after) {
    if (before.has(key) && isKept(before.get(key)!)) continue;
    equal(mask.origin, "propagated", `a: mask ${key} came from nowhere`);
    equal(mask.verified, false, `a: mask ${key} verified itself`);
  }
}

/** What holds after every call, finished or not. */
async function checkAlways(world: World) {
  const { store, writer: { sequence } } = world;
  deepEqual(await checkFiles(store, sequence.id), [], "h: files");
  const runs = await listRuns(store, sequence.id);
  for (const { framesDone, framesTotal, id } of runs) {
    ok(framesDone <= framesTotal, `g: run ${id}: ${framesDone}/${framesTotal}`);
  }
  const memories = await store.db.selectFrom("runMemory")
    .select(["runId", "objectId", "direction", "frame"]).execute();
  const last = runs.at(-1);
  for (const { runId } of memories) {
    equal(runId, last?.id, "g: a memory of an earlier run was left behind");
  }
  const groups = Map.groupBy(
    memories,
    ({ objectId, direction }) => `${objectId} ${direction}`,
  );
  for (const [key, { length }] of groups) {
    ok(length < pointerSlots, `g: ${length} memories of object ${key}`);
  }
  const drifting = await listDrifting(store, sequence.id);
  for (const [i, { drift, frame }] of drifting.entries()) {
    ok(drift !== null && drift >= 0 && drift <= 1, `g: drift ${drift}`);
    if (i === 0) continue;
    const { drift: worse, frame: earlier } = drifting[i - 1];
    ok(
      worse! > drift || (worse === drift && earlier <= frame),
      "g: drift is not sorted",
    );
  }
}

/** What holds after a propagation that ended. */
async function checkFinished(world: World, { run }: PropagateResult) {
  const { store, how, numbers, frames } = world;
  equal(run.status, "done");
  equal(run.framesDone, run.framesTotal, "g: a run that is done lacks frames");
  const left = await store.db.selectFrom("runMemory").select("frame").execute();
  equal(left.length, 0, "g: memories are left after the run");

  const masks = await masksOf(world);
  const { from = 0, to = frames.count - 1, direction, agreement } = how;
  for (const number of numbers) {
    const conditions = [...(await conditionsOf(world, number)).keys()];
    if (conditions.length === 0) continue;
    for (let frame = from; frame <= to; frame++) {
      if (conditions.includes(frame)) continue; // a person may have deleted its mask
      const { before, after } = neighbours(conditions, frame);
      const isReached = (before >= 0 && direction !== "backward") ||
        (after !== Infinity && direction !== "forward");
      if (!isReached) continue;
      const name = `mask ${number} ${frame}`;
      const mask = masks.get(`${number} ${frame}`);
      ok(mask, `b: ${name} is missing`);
      equal(mask.state, "final", `b: ${name}`);
      if (mask.origin !== "propagated") continue;
      for (const place of placesOf(mask)) {
        if (place === undefined || place <= before || place >= after) continue;
        fail(
          `${name} rests on frame ${place} (${mask.basis}), where nobody stands behind a mask any more`,
        );
      }
    }
  }
  for (const [key, mask] of masks) {
    if (mask.verified) equal(mask.state, "final", `b: verified mask ${key}`);
    if (isKept(mask) || mask.state !== "final") continue;
    equal(
      mask.modelSha256,
      models[how.model].sha256,
      `mask ${key} is another model's`,
    );
    checkSource(key, mask, { direction, agreement });
  }
}

/** The conditions that a mask says it was tracked from. */
function placesOf({ basis }: StoredMask): (number | undefined)[] {
  const match = /(-?\d+):\S* (\d+|Infinity):\S*$/.exec(basis);
  ok(match, `basis ${basis}`);
  const [before, after] = [Number(match[1]), Number(match[2])];
  return [before < 0 ? undefined : before, isFinite(after) ? after : undefined];
}

/** Whether all masks of an object rest on conditions that are still there. */
async function restsOnThere(world: World, number: number): Promise<boolean> {
  const conditions = await conditionsOf(world, number);
  return [...await masksOf(world)].every(([key, mask]) =>
    !key.startsWith(`${number} `) || isKept(mask) ||
    placesOf(mask).every((place) =>
      place === undefined || conditions.has(place)
    )
  );
}

/** Whether a mask came from where its conditions and options say. */
function checkSource(
  key: string,
  mask: StoredMask,
  { direction, agreement }: Pick<How, "direction" | "agreement">,
) {
  const { frame, source } = mask;
  const [before, after] = placesOf(mask);
  const there = direction === "backward" ? undefined : before;
  const back = direction === "forward" ? undefined : after;
  const isForward = there !== undefined &&
    (back === undefined || frame - there <= back - frame);
  equal(source, isForward ? "forward" : "backward", `source of mask ${key}`);
  const parts = JSON.parse(mask.driftParts);
  // more where a mask was accepted halfway through a pass
  const distance = Math.abs(frame - (isForward ? there : back)!);
  ok(parts.distance >= distance, `distance of mask ${key}`);
  const isBoth = there !== undefined && back !== undefined && agreement;
  equal(
    typeof parts.agreement,
    isBoth ? "number" : "undefined",
    `agreement of ${key}`,
  );
  equal(mask.drift, driftScore(parts), `drift of mask ${key}`);
  for (const value of Object.values<unknown>(parts)) {
    ok(typeof value === "number" && isFinite(value), mask.driftParts);
  }
}

/** A second call does nothing. */
async function checkNothingToDo(world: World, message: string) {
  const before = await masksOf(world);
  const outcome = await propagateOnce(world, world.how, { restart: false });
  ok(outcome.kind === "done", `${message}: ${outcome.kind}`);
  equal(outcome.result.framesTracked, 0, message);
  deepEqual(await masksOf(world), before, message);
}

// --------------------------------------------------------------------- runs

/** Counts of a whole test. */
const counts = {
  scenarios: 0,
  actions: 0,
  propagations: 0,
  stops: 0,
  fresh: 0,
};

/** What the test remembers of the main world. */
type Memory = {
  /** Frames of each object that may change in the next propagation; undefined: all. */
  dirty: Map<number, Set<number>> | undefined;
  /** A run was stopped and not gone on with. */
  wasLeft: boolean;
  /** Nothing was done since the last propagation ended. */
  isSettled: boolean;
  /** All conditions of the object when each mask was tracked. */
  trackedFrom: Map<string, string>;
  /** Worlds without stops, or with one object alone. */
  twins: { readonly world: World; readonly number?: number }[];
};

async function runScenario(scenario: Scenario, folder: string) {
  const numbers = Array.from({ length: scenario.objectCount }, (_, i) => i + 1);
  const world = await openWorld(`${folder}/main`, scenario, numbers);
  const twins: Memory["twins"] = [];
  const propagations = scenario.actions.filter((a) => a.kind === "propagate");
  if (!propagations.some(({ leaves, stops }) => leaves && stops.length > 0)) {
    if (propagations.some(({ stops }) => stops.length > 0)) {
      const calm = await openWorld(`${folder}/calm`, scenario, numbers);
      twins.push({ world: calm });
    }
    const overlaps = ![scenario, ...propagations]
      .some(({ how }) => how?.nonOverlap);
    if (numbers.length > 1 && overlaps) {
      for (const number of numbers) {
        const alone = await openWorld(`${folder}/${number}`, scenario, [
          number,
        ]);
        twins.push({ world: alone, number });
      }
    }
  }
  const all = [...twins];
  const memory: Memory = {
    dirty: new Map(),
    wasLeft: false,
    isSettled: false,
    trackedFrom: new Map(),
    twins,
  };
  try {
    for (const [i, action] of scenario.actions.entries()) {
      try {
        await step(world, action, memory);
      } catch (error) {
        const message = error instanceof Error ? error.stack : String(error);
        throw new Error(`action ${i} ${JSON.stringify(action)}: ${message}`);
      }
      counts.actions++;
    }
    await checkFresh(world, memory, `${folder}/fresh`);
    await reopen(world);
  } finally {
    await closeWorld(world);
    for (const { world } of all) await closeWorld(world);
  }
}

async function step(world: World, action: Action, memory: Memory) {
  if (action.kind === "reopen") return await reopen(world);
  if (action.kind === "propagate") {
    return await propagate(world, action, memory);
  }
  if (action.kind === "correctAndUndo") {
    const { object, frame, prompt } = action;
    const correct = { kind: "prompt", object, frame, prompt } as const;
    const before = await contentsOf(world);
    // beyond an accepted mask others may rest on a click that was taken back
    // since; once they are stale, nothing tells that they could stay
    const wasSettled = memory.isSettled && await restsOnThere(world, object);
    const { store, writer: { sequence }, objectIds } = world;
    const place = { objectId: objectIds.get(object)!, frame };
    const hadPrompts =
      (await listPrompts(store, sequence.id, place)).length > 0;
    await step(world, correct, memory);
    await step(world, { kind: "undo" }, memory);
    if (!wasSettled) return;
    const outcome = await propagateOnce(world, world.how, { restart: false });
    if (outcome.kind === "refused") return; // no condition is left
    ok(outcome.kind === "done");
    equal(outcome.result.framesTracked, 0, "f: frames tracked after undo");
    if (!hadPrompts) deepEqual(await contentsOf(world), before, "f: undo");
    return;
  }
  const before = new Map<number, ReadonlyMap<number, string>>();
  for (const number of world.numbers) {
    before.set(number, await conditionsOf(world, number));
  }
  const masks = await masksOf(world);
  const touched = await act(world, action);
  if (!touched) return;
  if (action.kind === "undo") {
    const left = await masksOf(world);
    for (const [key, mask] of masks) {
      if (!isPersonal(mask)) continue;
      deepEqual(left.get(key), mask, `a: undo changed mask ${key} of a person`);
    }
  }
  memory.isSettled = false;
  const { number, from, to } = touched;
  const after = await conditionsOf(world, number);
  markDirty(memory, touched, [before.get(number)!, after], world);
  for (const twin of memory.twins) {
    if (twin.number !== undefined && twin.number !== number) continue;
    const same = await act(twin.world, action);
    deepEqual(same, { number, from, to }, "a twin did something else");
  }
}

function markDirty(
  { dirty }: Memory,
  { number, from, to }: { number: number; from: number; to: number },
  conditions: readonly ReadonlyMap<number, string>[],
  { frames }: World,
) {
  if (!dirty) return;
  const frames_ = dirty.get(number) ?? new Set();
  dirty.set(number, frames_);
  for (const list of conditions) {
    for (let at = from; at <= to; at++) {
      const { before, after } = neighbours(list.keys(), at);
      for (let f = before + 1; f < Math.min(after, frames.count); f++) {
        frames_.add(f);
      }
    }
  }
}

async function propagate(
  world: World,
  action: Action & { kind: "propagate" },
  memory: Memory,
) {
  const { stops, leaves } = action;
  const how = action.how ?? world.how;
  const before = await masksOf(world);
  const settledBefore = memory.isSettled;
  const runsBefore = await listRuns(world.store, world.writer.sequence.id);
  let restart = action.restart;
  let outcome: Outcome | undefined;
  counts.propagations++;
  for (const stop of stops) {
    outcome = await propagateOnce(world, how, { restart, stop });
    if (outcome.kind !== "stopped") break;
    counts.stops++;
    restart = false;
    world.how = how;
    memory.isSettled = false;
    if (action.restart) memory.dirty = undefined;
    const now = await masksOf(world);
    checkKept(before, now);
    await recordTracked(world, before, now, memory);
    await checkAlways(world);
    if (stop.reopens) await reopen(world);
  }
  if (outcome?.kind === "stopped" && leaves) {
    memory.wasLeft = true;
    return;
  }
  if (!outcome || outcome.kind === "stopped") {
    outcome = await propagateOnce(world, how, { restart });
  }
  const after = await masksOf(world);
  if (outcome.kind !== "done") {
    deepEqual(after, before, "a call that was refused changed masks");
    deepEqual(
      await listRuns(world.store, world.writer.sequence.id),
      runsBefore,
      "a call that was refused left a run",
    );
    return;
  }
  world.how = how;
  checkKept(before, after);
  if (!action.restart && memory.dirty) {
    for (const [key, mask] of before) {
      const [number, frame] = key.split(" ").map(Number);
      if (memory.dirty.get(number)?.has(frame)) continue;
      if (how.nonOverlap && memory.dirty.size > 0) continue;
      if (settledBefore || memory.dirty.size > 0) {
        deepEqual(after.get(key), mask, `e: mask ${key} lies beyond`);
      }
    }
  }
  await recordTracked(world, before, after, memory);
  await checkAlways(world);
  await checkFinished(world, outcome.result);
  await checkNothingToDo(world, "b: a second call finds something to do");
  memory.dirty = new Map();
  memory.isSettled = true;
  if (memory.wasLeft) {
    memory.wasLeft = false;
    const folder = `${world.folder}-fresh`;
    await checkFresh(world, memory, folder);
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
  await checkTwins(world, memory, { how, restart: action.restart });
}

/** Remembers what each new mask was tracked from. */
async function recordTracked(
  world: World,
  before: ReadonlyMap<string, StoredMask>,
  after: ReadonlyMap<string, StoredMask>,
  { trackedFrom }: Memory,
) {
  const fresh = [...after].filter(([key, mask]) =>
    !isKept(mask) && before.get(key)?.updatedAt !== mask.updatedAt
  );
  const known = new Map(trackedFrom);
  for (const [key, mask] of fresh) {
    const [number] = key.split(" ").map(Number);
    const name = JSON.stringify([...await conditionsOf(world, number)]);
    const old = before.get(key);
    const wasHalf = old?.state === "provisional" ||
      mask.state === "provisional";
    trackedFrom.set(
      key,
      wasHalf && known.has(key) && known.get(key) !== name ? "mixed" : name,
    );
  }
  for (const [key, mask] of fresh) {
    // a pass that went on from masks of other conditions
    const [number, frame] = key.split(" ").map(Number);
    const name = trackedFrom.get(key);
    const sign = mask.source === "forward" ? -1 : 1;
    const conditions = await conditionsOf(world, number);
    for (
      let at = frame + sign;
      at >= 0 && at < world.frames.count;
      at += sign
    ) {
      if (conditions.has(at)) break;
      if (trackedFrom.get(`${number} ${at}`) !== name) {
        trackedFrom.set(key, "mixed");
      }
    }
  }
}

/** c and d: the same actions without stops, or of one object alone, give the same masks. */
async function checkTwins(
  world: World,
  { twins }: Memory,
  { how, restart }: { how: How; restart: boolean },
) {
  for (const { world: twin, number } of twins) {
    const outcome = await propagateOnce(twin, how, { restart });
    if (outcome.kind === "refused") {
      // alone it has no condition
      ok(number !== undefined, "d: the undisturbed call was refused");
      equal((await conditionsOf(twin, number)).size, 0, "c: refused");
      if (restart) {
        await deletePropagated(twin.writer);
        await twin.store.db.deleteFrom("runMemory").execute();
        await twin.store.db.deleteFrom("run").execute();
      }
    }
    twin.how = how;
    deepEqual(
      await contentsOf(world, number),
      await contentsOf(twin),
      number === undefined
        ? "d: stops changed masks"
        : `c: object ${number} has other masks alone`,
    );
  }
}

/** i: all conditions given at once give the same masks where the history does not show. */
async function checkFresh(
  world: World,
  { isSettled, trackedFrom }: Memory,
  folder: string,
) {
  const { how, numbers, frames, store, writer: { sequence } } = world;
  if (!isSettled || how.nonOverlap) return;
  const scenario = {
    frameCount: frames.count,
    objectCount: numbers.length,
    how,
    actions: [],
  };
  const fresh = await openWorld(folder, scenario, numbers);
  try {
    for (const number of numbers) {
      const own = { objectId: world.objectIds.get(number)! };
      const objectId = fresh.objectIds.get(number)!;
      for (
        const { frame, prompt } of await listPrompts(store, sequence.id, own)
      ) {
        await addPrompt(fresh.store, { objectId, frame, prompt });
      }
      for (const mask of await listMasks(store, sequence.id, own)) {
        const { frame } = mask;
        const given = { objectId, frame, bitmap: readMaskBitmap(mask) };
        if (isPersonal(mask)) {
          await saveMask(fresh.writer, { ...given, origin: "drawn" });
        } else if (mask.origin === "detected") {
          await saveMask(fresh.writer, { ...given, origin: "detected" });
        }
      }
    }
    const outcome = await propagateOnce(fresh, how, { restart: false });
    if (outcome.kind === "refused") return;
    const expected = await masksOf(fresh);
    for (const [key, mask] of await masksOf(world)) {
      const [number, frame] = key.split(" ").map(Number);
      if (isKept(mask) || mask.state !== "final") continue;
      const anew = expected.get(key);
      if (
        anew?.origin === "propagated" &&
        isDeepStrictEqual(placesOf(mask), placesOf(anew))
      ) {
        equal(
          mask.basis,
          anew.basis,
          `i: mask ${key} rests on what has changed`,
        );
      }
      const conditions = await conditionsOf(world, number);
      const name = JSON.stringify([...conditions]);
      const { before, after } = neighbours(conditions.keys(), frame);
      const { from = 0, to = frames.count - 1 } = how;
      const gap = [];
      for (let at = before + 1; at < Math.min(after, frames.count); at++) {
        if (at >= from && at <= to) gap.push(at);
      }
      if (!gap.includes(frame)) continue;
      if (gap.some((at) => trackedFrom.get(`${number} ${at}`) !== name)) {
        continue;
      }
      counts.fresh++;
      const there = expected.get(key);
      ok(there, `i: mask ${key} is not there from the start`);
      deepEqual(
        contentOf(mask),
        contentOf(there),
        `i: mask ${key} is another from the start`,
      );
    }
  } finally {
    await closeWorld(fresh);
  }
}

/** Runs a scenario in a new folder; says what fails. */
async function findFailure(scenario: Scenario): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "medannotate-random-" });
  try {
    await runScenario(scenario, folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a failure is about, without frames and numbers. */
function aboutOf(failure: string): string {
  const [, message = failure] = /Error(?: \[\w+\])?: ([^\n]*)/.exec(failure) ??
    [];
  return message.replace(/\d+/g, "n").slice(0, 24);
}

/** Leaves actions out as long as the same thing fails. */
async function shrink(scenario: Scenario, failure: string) {
  let [best, message] = [scenario, failure];
  for (let size = best.actions.length >> 1; size >= 1;) {
    let isSmaller = false;
    for (let i = best.actions.length - size; i >= 0; i -= size) {
      const actions = best.actions.toSpliced(i, size);
      const found = await findFailure({ ...best, actions });
      if (!found || aboutOf(found) !== aboutOf(message)) continue;
      [best, message, isSmaller] = [{ ...best, actions }, found, true];
    }
    if (!isSmaller || size > 1) size = size === 1 ? 0 : size >> 1;
  }
  return { best, message };
}

const click = (object: number, frame: number): Action => ({
  kind: "prompt",
  object,
  frame,
  prompt: { kind: "point", x: 6, y: 6, sign: "+" },
});
const accept = (object: number, frame: number): Action => ({
  kind: "verify",
  object,
  frame,
  verified: true,
});
const carry: Action = {
  kind: "propagate",
  restart: false,
  stops: [],
  leaves: false,
};
const how: How = {
  direction: "both",
  agreement: true,
  nonOverlap: false,
  model: 0,
};
const stopped = (kind: Stop["kind"], after: number): Action => ({
  ...carry,
  leaves: true,
  stops: [{ kind, after, reopens: false }],
});

/** Histories that once broke a promise. */
const histories: readonly {
  readonly name: string;
  readonly frameCount: number;
  readonly actions: readonly Action[];
}[] = [
  {
    name: "leaves no rejection unheard when it is cancelled between two steps",
    frameCount: 9,
    actions: [click(1, 0), stopped("cancel", 2), carry],
  },
  {
    name: "restarts with other options where nothing is left to track",
    frameCount: 1,
    actions: [click(1, 0), carry, {
      ...carry,
      how: { ...how, agreement: false },
      restart: true,
    }],
  },
  {
    name:
      "takes a mask that is accepted while it waits for the other direction as final",
    frameCount: 9,
    actions: [
      click(1, 0),
      click(1, 8),
      stopped("cancel", 4),
      accept(1, 2),
      carry,
    ],
  },
  {
    name: "takes a mask that is accepted though out of date as final",
    frameCount: 9,
    actions: [click(1, 0), carry, click(1, 6), accept(1, 3), carry],
  },
  {
    name: "takes an accepted mask that undo brings back as final",
    frameCount: 9,
    actions: [
      click(1, 0),
      carry,
      accept(1, 4),
      click(1, 4),
      { kind: "undo" },
      carry,
    ],
  },
  {
    name: "tracks anew what came from a mask that is no longer accepted",
    frameCount: 9,
    actions: [
      click(1, 0),
      carry,
      accept(1, 4),
      { ...carry, restart: true },
      { kind: "verify", object: 1, frame: 4, verified: false },
      carry,
    ],
  },
  {
    name: "has nothing to do after undo beside a mask that was accepted",
    frameCount: 9,
    actions: [
      click(1, 0),
      carry,
      accept(1, 7),
      carry,
      {
        kind: "correctAndUndo",
        object: 1,
        frame: 3,
        prompt: { kind: "point", x: 2, y: 2, sign: "+" },
      },
    ],
  },
  {
    name: "tracks anew what undo brings back of another model",
    frameCount: 9,
    actions: [
      click(1, 0),
      carry,
      click(1, 8),
      { ...carry, how: { ...how, model: 1 }, restart: true },
      { kind: "undo" },
      carry,
    ],
  },
  {
    name: "tracks anew what undo brings back of other options",
    frameCount: 9,
    actions: [
      click(1, 4),
      carry,
      click(1, 0),
      { ...carry, how: { ...how, direction: "forward" }, restart: true },
      { kind: "undo" },
      carry,
    ],
  },
  {
    name: "keeps a drawn mask when a click on it is taken back",
    frameCount: 9,
    actions: [
      click(1, 0),
      {
        kind: "save",
        object: 1,
        frame: 0,
        box: { x0: 2, y0: 2, x1: 9, y1: 9 },
        origin: "drawn",
        verified: false,
      },
      carry,
      {
        kind: "correctAndUndo",
        object: 1,
        frame: 0,
        prompt: { kind: "point", x: 2, y: 2, sign: "+" },
      },
    ],
  },
];

for (const { name, frameCount, actions } of histories) {
  Deno.test({
    name: `propagateSequence() ${name}`,
    fn: async () => {
      const failure = await findFailure({
        frameCount,
        objectCount: 1,
        how,
        actions,
      });
      if (failure) fail(failure);
    },
  });
}

Deno.test({
  name: "propagateSequence() works in what a person draws while it runs",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "medannotate-random-" });
    const scenario = { frameCount: 9, objectCount: 1, how, actions: [] };
    const drawn = {
      kind: "save",
      object: 1,
      frame: 5,
      box: { x0: 2, y0: 2, x1: 9, y1: 9 },
      origin: "drawn",
      verified: false,
    } as const;
    const first = click(1, 0) as Action & { kind: "prompt" };
    const found: unknown[] = [];
    try {
      for (const isMeanwhile of [false, true]) {
        const path = `${folder}/${isMeanwhile}`;
        const world = await openWorld(path, scenario, [1]);
        await act(world, first);
        if (!isMeanwhile) await act(world, drawn);
        let drawing: Promise<unknown> = Promise.resolve();
        await propagateSequence(annotatorOf(world), {
          onProgress: ({ done }) => {
            if (isMeanwhile && done === 3) drawing = act(world, drawn);
          },
        });
        await drawing;
        await propagateSequence(annotatorOf(world));
        found.push(await contentsOf(world));
        await closeWorld(world);
      }
      deepEqual(found[1], found[0]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const seed = Deno.env.get("SEED");
const runs = Number(Deno.env.get("RANDOM_RUNS") ?? 6);
const firstSeed = Number(seed ?? Deno.env.get("FIRST") ?? 1);

Deno.test("propagateSequence() keeps its promises whatever is done in whatever order", async () => {
  const failures: string[] = [];
  for (let i = 0; i < (seed === undefined ? runs : 1); i++) {
    const scenario = drawScenario(firstSeed + i);
    counts.scenarios++;
    const failure = await findFailure(scenario);
    if (!failure) continue;
    const { best, message } = await shrink(scenario, failure);
    const { actions, ...rest } = best;
    failures.push([
      `SEED=${firstSeed + i}: ${message}`,
      `shortest: ${JSON.stringify(rest)}`,
      ...actions.map((action) => `  ${JSON.stringify(action)}`),
    ].join("\n"));
    if (failures.length >= Number(Deno.env.get("MOST") ?? 1)) break;
  }
  if (runs > 6 || failures.length > 0) console.log(counts);
  if (failures.length > 0) fail(failures.join("\n\n"));
});
