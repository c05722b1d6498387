// Propagation under random use: a seed draws a list of actions (clicks, undo,
// drawn and verified masks, deletions, propagations that are cancelled, fail or
// are killed), and after each propagation everything it promises is checked.
// The same actions also run undisturbed and with each object alone, in stores
// of their own. Engine: propagate/hash_engine.ts, so that a mask tells all that
// it was made from.
//
// SEED=n runs one seed, RANDOM_RUNS=n that many from FIRST on; a failure is
// shrunk to the shortest list of actions and told with its seed.

import { deepEqual, equal, fail, ok } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { deletePropagated } from "../../lib/store/delete_propagated.ts";
import {
  isPersonal,
  listMasks,
  readMaskBitmap,
  saveMask,
  type StoredMask,
} from "../../lib/store/masks.ts";
import { addPrompt, listPrompts } from "../../lib/store/prompts.ts";
import { listRuns } from "../../lib/store/runs.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";
import {
  type Action,
  drawScenario,
  type How,
  type Scenario,
  type Stop,
} from "./random_scenario.ts";
import {
  act,
  annotatorOf,
  closeWorld,
  conditionsOf,
  contentOf,
  contentsOf,
  masksOf,
  neighbours,
  openWorld,
  type Outcome,
  propagateOnce,
  reopen,
  type World,
} from "./random_world.ts";
import {
  checkAlways,
  checkFinished,
  checkKept,
  checkNothingToDo,
  isKept,
  placesOf,
  restsOnThere,
} from "./random_checks.ts";

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
