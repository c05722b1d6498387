// The longer commands, each a function from the state to a step.

import type { Action } from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import { insidePicture } from "./geometry.ts";
import { findLetter } from "./lanes.ts";
import { applyPolygon } from "./marking.ts";
import { masksOn, promptsOn } from "./masks_shown.ts";
import { deleteVertex } from "./polygon_edit.ts";
import { openTab } from "./preferring.ts";
import { enqueue } from "./queue.ts";
import { nextItem, openItem, openItems } from "./reviewing.ts";
import { actingFrame, type Message, type State } from "./state.ts";
import { goTo } from "./travel.ts";

/** The speeds of playing. */
const speeds = [0.25, 0.5, 1, 2, 3, 5, 10];

/** EISeg's Space: the object is done, the next click begins another of its tag. */
export function finish(state: State): Step {
  const { sequence, activeObject } = state;
  const active = sequence?.objects.find((it) => it.id === activeObject);
  if (activeObject !== null) {
    return chain(applyPolygon(state), (it) =>
      step({
        ...it,
        activeObject: null,
        nextTag: active ? active.tagId : it.nextTag,
        message: { tone: "note", key: "objectFinished" },
      }));
  }
  // Again: back to the object that was finished last.
  const newest = sequence?.objects.at(-1);
  return newest ? step({ ...state, activeObject: newest.id }) : step(state);
}

/** Deletes the selected vertex, the last point drawn, or the mask of this frame. */
export function deleteHere(state: State, frame: number): Step {
  const { polygon } = state;
  if (polygon?.selected) {
    const edit = deleteVertex(polygon, polygon.selected);
    return step({ ...state, polygon: edit });
  }
  if (polygon?.drawing) {
    const left = polygon.drawing.slice(0, -1);
    const drawing = left.length > 0 ? left : null;
    return step({ ...state, polygon: { ...polygon, drawing } });
  }
  const isActive = (objectId: number) => objectId === state.activeObject;
  const nothing = !marked(state, frame).some((it) => isActive(it.objectId)) &&
    !promptsOn(state, frame).some((it) => isActive(it.prompt.objectId));
  if (state.activeObject !== null && nothing) return say(state, "nothingHere");
  return forActive(
    { ...state, polygon: null },
    (objectId) => ({ kind: "deleteMasks", objectId, from: frame, to: frame }),
  );
}

/** Moves the keyboard's pointer by ten pixels of the screen; it starts in the middle. */
export function moveCursor(state: State, dx: number, dy: number): Step {
  const { sequence, viewport } = state;
  if (!sequence) return step(state);
  const { width, height } = sequence.summary;
  const from = state.cursor ?? { x: width / 2, y: height / 2 };
  const byPx = 10 / viewport.zoom;
  const to = { x: from.x + dx * byPx, y: from.y + dy * byPx };
  const cursor = insidePicture(to, {
    width: width - 0.01,
    height: height - 0.01,
  });
  return step({ ...state, cursor });
}

/** Gives up what was begun last: a dialog, a polygon, a span, the active object. */
export function cancel(state: State): Step {
  if (state.dialog) return step({ ...state, dialog: null });
  if (state.polygon?.changed || state.polygon?.drawing) {
    return step({ ...state, polygon: null });
  }
  if (state.spanBegin !== null) {
    return step({ ...state, spanBegin: null, spanEnd: null, message: null });
  }
  return step({ ...state, message: null, activeObject: null });
}

/** Shows or hides the active object. */
export function toggleObject(state: State): Step {
  const id = state.activeObject;
  if (id === null) return say(state, "chooseObject");
  const hidden = new Set(state.hidden);
  if (!hidden.delete(id)) hidden.add(id);
  return step({ ...state, hidden });
}

/** Goes to the next frame where a lane has one of the letters; the active object first. */
export function travelTo(
  state: State,
  letters: string,
  direction: 1 | -1,
): Step {
  const lanes = state.sequence?.lanes ?? new Map<number, string>();
  const own = lanes.get(state.activeObject ?? 0);
  const from = state.frame;
  const find = (some: Iterable<string>) =>
    findLetter(some, letters, { from, direction });
  const found = (own === undefined ? undefined : find([own])) ??
    find(lanes.values());
  return found === undefined
    ? say(state, "noSuchFrame")
    : goTo(still(state), found);
}

/** Starts a propagation, unless one runs. */
export function propagate(
  state: State,
  mode: "both" | "forward" | "backward" | "between" | "all",
): Step {
  if (!state.sequence) return step(state);
  if (state.sequence.propagation.status === "running") {
    return say(state, "propagationRuns");
  }
  const sequence = state.sequence.summary.id;
  return chain(applyPolygon(state), (it) =>
    step(it, {
      kind: "propagate",
      sequence,
      request: { mode, frame: actingFrame(state) },
    }));
}

/** Verifies the doubtful mask that is seen and shows the next; shows it first when it is not. */
export function accept(state: State): Step {
  const item = nextItem(state);
  if (!item) return noReview(state);
  const { objectId, frame } = item;
  const isHere = actingFrame(state) === frame;
  if (!isHere || state.activeObject !== objectId) return openItem(state, item);
  return chain(
    enqueue(state, {
      kind: "verify",
      objectId,
      from: frame,
      to: frame,
      verified: true,
    }),
    goOn,
  );
}

/** The next of the queue; what is left behind does not come again by itself. */
export function skip(state: State): Step {
  const item = nextItem(state);
  if (!item) return noReview(state);
  const skipped = new Set(state.skipped);
  skipped.add(`${item.objectId}/${item.frame}`);
  return goOn({ ...state, skipped });
}

/** Shows the next of the queue; at its end, asks whether there are more. */
function goOn(state: State): Step {
  const [following] = openItems(state);
  if (following) return openItem(state, following);
  const done = {
    ...state,
    message: { tone: "note", key: "reviewDone" },
  } as const;
  return state.sequence
    ? step(done, { kind: "fetchReview", sequence: state.sequence.summary.id })
    : step(done);
}

/** Opens the review, or says that nothing is left in it. */
export function noReview(state: State): Step {
  return state.tab === "review"
    ? say(state, "reviewDone")
    : openTab(state, "review");
}

/** The objects with a mask on a frame; from the lanes where the masks have not come yet. */
function marked(state: State, frame: number) {
  if (state.frames.has(frame)) {
    return masksOn(state, frame).map(({ objectId, mask }) => ({
      objectId,
      verified: mask?.verified === true,
    }));
  }
  return [...state.sequence?.lanes ?? []]
    .map(([objectId, lane]) => ({ objectId, letter: lane[frame] }))
    .filter(({ letter }) => letter !== ".")
    .map(({ objectId, letter }) => ({ objectId, verified: letter === "v" }));
}

/** Verifies masks of this frame, or takes it back where all were verified. */
export function verify(
  state: State,
  objectIds: readonly number[] | null,
): Step {
  const frame = actingFrame(state);
  const masks = marked(state, frame).filter(({ objectId }) =>
    objectIds ? objectIds.includes(objectId) : !state.hidden.has(objectId)
  );
  if (masks.length === 0) return say(state, "nothingToVerify");
  const verified = !masks.every((it) => it.verified);
  return chain(
    step(state),
    ...masks.map(({ objectId }) => (it: State) =>
      enqueue(it, {
        kind: "verify",
        objectId,
        from: frame,
        to: frame,
        verified,
      })
    ),
  );
}

/** Does something to the active object. */
export function forActive(
  state: State,
  action: (objectId: number) => Action,
): Step {
  return state.activeObject === null
    ? say(state, "chooseObject")
    : enqueue(state, action(state.activeObject));
}

/** Opens a dialog. */
export function openDialog(
  state: State,
  dialog: NonNullable<State["dialog"]>,
): Step {
  return step({ ...state, dialog, playing: null });
}

/** Says something to the person. */
export function say(state: State, key: Message["key"]): Step {
  return step({ ...state, message: { tone: "note", key } });
}

/** The state without playing. */
export function still(state: State): State {
  return { ...state, playing: null };
}

/** The next size of the brush. */
export function nextSize(px: number, direction: 1 | -1): number {
  return Math.round(px + direction * Math.max(1, px * 0.15));
}

/** The next speed of playing. */
export function nextSpeed(speed: number, direction: 1 | -1): number {
  const at = speeds.findIndex((it) => it >= speed);
  const next = Math.max(0, Math.min(speeds.length - 1, at + direction));
  return speeds[next];
}
