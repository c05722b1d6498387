// Actions on their way: sent strictly one after another, never lost.
//
// An action says which version of the mask the person saw (`seen`). It is set
// when the action is made; an answer renews it in the actions behind it that
// are about the same mask, because the person meant them to come on top.

import type { Action, ActionResult, FrameView, Refusal } from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import { letterOf } from "./lanes.ts";
import type { PolygonEdit, QueuedAction, State } from "./state.ts";
import { goTo, rememberFrame } from "./travel.ts";

/** Puts an action at the end of the queue. */
export function enqueue(
  state: State,
  action: Action,
  { creates }: { creates?: number } = {},
): Step {
  const { nextId: id, visit } = state;
  const key = `${visit}-${id}`;
  const item = { id, key, action: withSeen(state, action), creates };
  const next = {
    ...state,
    nextId: id + 1,
    queue: [...state.queue, item],
    message: state.message?.tone === "error" ? state.message : null,
  };
  return chain(step(next), keepQueue, sendNext);
}

/** Sends the first of the queue, when none is at the server and the server answers. */
export function sendNext(state: State): Step {
  const [item] = state.queue;
  if (!item || !state.sequence || state.sending !== null) return step(state);
  const sequence = state.sequence.summary.id;
  return step({ ...state, sending: item.id }, {
    kind: "send",
    sequence,
    item,
  });
}

/** Takes up what an earlier visit of the page could not send. */
export function queueFound(
  state: State,
  items: readonly QueuedAction[],
): Step {
  if (items.length === 0) return step(state);
  const known = new Set(state.queue.map(({ id }) => id));
  const older = items.filter(({ id }) => !known.has(id));
  const highest = Math.max(...items.map(({ id }) => id));
  // The person goes on with the object that they were about.
  const last = items[items.length - 1];
  const object = last.creates ?? placeOf(last.action)?.objectId;
  const next = {
    ...state,
    activeObject: object ?? state.activeObject,
    queue: [...older, ...state.queue],
    nextId: Math.max(state.nextId, highest + 1),
  };
  return chain(step(next), sendNext);
}

/** What the server did with the first action of the queue. */
export function answered(
  state: State,
  id: number,
  result: ActionResult,
): Step {
  const item = state.queue.find((it) => it.id === id);
  if (!item || !state.sequence) return step(state);
  const { action } = item;
  const rest = state.queue.filter((it) => it !== item)
    .map((it) => nameObject(it, item.creates, result.objectId))
    .map((it) => renewSeen(it, action, result.frame));
  const { history, objects, spans } = result;
  const deleted = !objects.some((it) => it.id === state.activeObject);
  const isActive = state.activeObject === item.creates;
  const next: State = {
    ...state,
    sequence: { ...state.sequence, history, objects, spans },
    queue: rest,
    sending: null,
    failures: 0,
    polygon: namePolygon(state.polygon, item.creates, result.objectId),
    activeObject: action.kind === "createObject" && isActive
      ? result.objectId
      : deleted && (state.activeObject ?? 0) > 0
      ? null
      : state.activeObject,
    message: result.changed > 1
      ? { tone: "note", key: "masksChanged", values: { n: result.changed } }
      : state.message?.tone === "error"
      ? null
      : state.message,
  };
  return chain(
    step(next),
    (it) => result.frame ? frameAnswered(it, result.frame) : step(it),
    (it) => {
      const elsewhere = action.kind === "undo" || action.kind === "redo";
      return elsewhere && result.frame
        ? goTo(it, result.frame.frame)
        : step(it);
    },
    keepQueue,
    sendNext,
  );
}

/** The server would not do an action; it says why. */
export function refused(state: State, id: number, refusal: Refusal): Step {
  const item = state.queue.find((it) => it.id === id);
  if (!item || !state.sequence) return step(state);
  const sequence = state.sequence.summary.id;

  if (refusal.code === "busy") {
    return step(
      { ...state, sending: null, message: { tone: "note", key: "waitsBusy" } },
      { kind: "wait", key: "retry", ms: 1500, event: { kind: "retry" } },
    );
  }
  const place = placeOf(item.action);
  // What was meant to come on top of it goes with it.
  const withIt = state.queue.filter((it) =>
    it === item ||
    (refusal.code === "conflict"
      ? samePlace(placeOf(it.action), place)
      : item.creates !== undefined &&
        placeOf(it.action)?.objectId === item.creates)
  );
  const next: State = {
    ...state,
    queue: state.queue.filter((it) => !withIt.includes(it)),
    sending: null,
    failures: 0,
    activeObject: state.activeObject === item.creates
      ? null
      : state.activeObject,
    conflicts: refusal.code === "conflict"
      ? [...state.conflicts, ...withIt]
      : state.conflicts,
    message: refusal.code === "conflict"
      ? state.message
      : { tone: "error", key: "refused", values: { why: refusal.error } },
  };
  return chain(
    refusal.code === "conflict" && place
      ? step(next, {
        kind: "fetchFrame",
        sequence,
        frame: place.frame,
        news: state.news.count,
      })
      : step(next),
    keepQueue,
    sendNext,
  );
}

/** The server could not be reached; the action stays and is sent again. */
export function unsent(state: State, id: number): Step {
  if (state.sending !== id) return step(state);
  const failures = state.failures + 1;
  return step(
    { ...state, sending: null, failures },
    {
      kind: "wait",
      key: "retry",
      ms: Math.min(8000, 500 * 2 ** Math.min(failures, 4)),
      event: { kind: "retry" },
    },
  );
}

/** The person chose between theirs and the other's masks. */
export function conflictDecided(state: State, mine: boolean): Step {
  const { conflicts } = state;
  const clear = step({ ...state, conflicts: [] });
  if (!mine) return chain(clear, keepQueue);
  return chain(
    clear,
    ...conflicts.map(({ action, creates }) => (it: State) =>
      enqueue(it, action, { creates })
    ),
  );
}

/** Writes what waits where a reload finds it. */
function keepQueue(state: State): Step {
  if (!state.sequence) return step(state);
  const sequence = state.sequence.summary.id;
  const items = [...state.conflicts, ...state.queue];
  return step(state, { kind: "keepQueue", sequence, items });
}

/** Takes a frame that an answer brought: its masks, prompts and letters. */
export function frameAnswered(state: State, view: FrameView): Step {
  if (!state.sequence) return step(state);
  const { lanes, prompts, objects } = state.sequence;
  const nextLanes = new Map(lanes);
  for (const { id } of objects) {
    const lane = lanes.get(id) ??
      ".".repeat(state.sequence.summary.frameCount);
    const mask = view.masks.find((it) => it.objectId === id);
    const letter = letterOf(mask, lane[view.frame]);
    if (lane[view.frame] === letter && lanes.has(id)) continue;
    nextLanes.set(
      id,
      lane.slice(0, view.frame) + letter + lane.slice(view.frame + 1),
    );
  }
  const sequence = {
    ...state.sequence,
    lanes: nextLanes,
    prompts: [
      ...prompts.filter((it) => it.frame !== view.frame),
      ...view.prompts,
    ],
  };
  return step(rememberFrame({ ...state, sequence }, view));
}

/** The mask that an action replaces; undefined where it replaces none. */
function placeOf(action: Action) {
  if (!("objectId" in action) || !("frame" in action)) return undefined;
  return { objectId: action.objectId, frame: action.frame };
}

function samePlace(
  a: ReturnType<typeof placeOf>,
  b: ReturnType<typeof placeOf>,
): boolean {
  return a?.frame === b?.frame && a?.objectId === b?.objectId &&
    a !== undefined;
}

/** The version of a mask that the page shows; null where it shows none. */
function versionOf(
  view: FrameView | null | undefined,
  objectId: number,
): string | null {
  return view?.masks.find((it) => it.objectId === objectId)?.version ?? null;
}

function withSeen(state: State, action: Action): Action {
  if (!("seen" in action)) return action;
  const view = state.frames.get(action.frame);
  return { ...action, seen: versionOf(view, action.objectId) };
}

/** After an answer, what waits behind it was made on what it led to. */
function renewSeen(
  item: QueuedAction,
  done: Action,
  view: FrameView | null,
): QueuedAction {
  const { action } = item;
  if (!view || !("seen" in action) || action.frame !== view.frame) return item;
  const travels = done.kind === "undo" || done.kind === "redo";
  const touched = !("objectId" in done) ||
    done.objectId === action.objectId;
  if (!travels && !touched) return item;
  return {
    ...item,
    action: { ...action, seen: versionOf(view, action.objectId) },
  };
}

/** Gives an object that was only announced the number that the server gave it. */
function nameObject(
  item: QueuedAction,
  temporary: number | undefined,
  objectId: number | null,
): QueuedAction {
  const { action } = item;
  if (temporary === undefined || objectId === null) return item;
  if (!("objectId" in action) || action.objectId !== temporary) return item;
  return { ...item, action: { ...action, objectId } };
}

/** The same for polygons that are being drawn. */
function namePolygon(
  polygon: PolygonEdit | null,
  temporary: number | undefined,
  objectId: number | null,
): PolygonEdit | null {
  const isIt = polygon && temporary !== undefined && objectId !== null &&
    polygon.objectId === temporary;
  return isIt ? { ...polygon, objectId } : polygon;
}
