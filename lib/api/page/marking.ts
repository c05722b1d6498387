// What the pointer does to masks: clicks, boxes, strokes, polygons.
//
// Everything is meant for the frame that is seen and for the active object;
// without one, a new object of the chosen tag is created first.

import type { Point } from "../../base/tensor.ts";
import { bitmapToRle, encodeCounts } from "../../masks/rle.ts";
import type { PreviewRequest, PromptView } from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import { boxBetween, insidePicture, isInside } from "./geometry.ts";
import { bitmapOf, masksOn, promptsOn } from "./masks_shown.ts";
import { paintStroke } from "./painting.ts";
import {
  closeDrawing,
  deleteVertex,
  drawPoint,
  findEdge,
  findVertex,
  insertVertex,
  moveVertex,
  polygonEditToBitmap,
  startPolygonEdit,
} from "./polygon_edit.ts";
import { enqueue } from "./queue.ts";
import { actingFrame, type State } from "./state.ts";

/** A click: inside (+) or outside (-) of the active object. */
export function pointAt(
  state: State,
  { x, y, sign }: Point & { sign: "+" | "-" },
): Step {
  if (!state.sequence || !isInside({ x, y }, state.sequence.summary)) {
    return step(state);
  }
  if (sign === "-" && state.activeObject === null) {
    return step({ ...state, message: { tone: "warning", key: "firstInside" } });
  }
  const frame = actingFrame(state);
  const quiet = {
    ...state,
    playing: null,
    preview: { ...state.preview, wanted: null, shown: null },
  };
  return withObject(quiet, (it, objectId) =>
    enqueue(it, {
      kind: "point",
      objectId,
      frame,
      x: round(x),
      y: round(y),
      sign,
      seen: null,
    }));
}

/** A box around the active object; one of less than two pixels is a slip. */
export function boxAt(
  state: State,
  corners: { x0: number; y0: number; x1: number; y1: number },
): Step {
  if (!state.sequence) return step(state);
  const { summary } = state.sequence;
  const { x0, y0, x1, y1 } = boxBetween(
    insidePicture({ x: corners.x0, y: corners.y0 }, summary),
    insidePicture({ x: corners.x1, y: corners.y1 }, summary),
  );
  if (x1 - x0 < 2 || y1 - y0 < 2) return step(state);
  const frame = actingFrame(state);
  return withObject({ ...state, playing: null }, (it, objectId) =>
    enqueue(it, {
      kind: "box",
      objectId,
      frame,
      x0: round(x0),
      y0: round(y0),
      x1: round(x1),
      y1: round(y1),
      seen: null,
    }));
}

/** Removes the point near a place, of the active object before others. */
export function removePointNear(
  state: State,
  at: Point,
  withinPx: number,
): Step {
  const near = promptsOn(state, actingFrame(state))
    .filter(({ waits }) => !waits)
    .map(({ prompt }) => ({ prompt, distance: distanceTo(prompt, at) }))
    .filter(({ distance }) => distance <= withinPx)
    .sort((a, b) => rank(a.prompt) - rank(b.prompt) || a.distance - b.distance);
  function rank({ objectId }: PromptView) {
    return objectId === state.activeObject ? 0 : 1;
  }
  const [found] = near;
  return found
    ? enqueue(state, { kind: "removePrompt", promptId: found.prompt.id })
    : step({ ...state, message: { tone: "note", key: "noPointHere" } });
}

/** A finished stroke of the brush or the eraser: drawn at once, saved at once. */
export function strokeDone(state: State, points: readonly Point[]): Step {
  const { sequence, tool, look } = state;
  if (!sequence || points.length === 0) return step(state);
  const frame = actingFrame(state);
  if (tool === "eraser" && state.activeObject === null) {
    return step({
      ...state,
      message: { tone: "warning", key: "chooseObject" },
    });
  }
  return withObject(state, (it, objectId) => {
    const before = masksOn(it, frame)
      .find((mask) => mask.objectId === objectId);
    const bitmap = paintStroke(bitmapOf(before?.counts, sequence), points, {
      radiusPx: look.brushPx / 2,
      value: tool === "eraser" ? 0 : 1,
    });
    const counts = encodeCounts(bitmapToRle(bitmap).counts);
    if (counts === before?.counts) return step(it);
    return enqueue(it, { kind: "draw", objectId, frame, counts, seen: null });
  });
}

/** The pointer rests somewhere: ask what a click there would give. */
export function hovered(state: State, at: Point | null): Step {
  const { preview } = state;
  if (!state.look.preview || state.tool !== "click" || at === null) {
    if (!preview.wanted && !preview.shown) return step(state);
    return step({
      ...state,
      preview: { ...preview, wanted: null, shown: null },
    });
  }
  const next = { ...state, preview: { ...preview, wanted: at } };
  return askPreview(next);
}

/** One preview at a time; the newest place goes next. */
export function askPreview(state: State): Step {
  const { preview, sequence, activeObject, queue } = state;
  const { inFlight, wanted } = preview;
  if (!sequence || inFlight || !wanted || queue.length > 0) return step(state);
  const request: PreviewRequest = {
    objectId: activeObject,
    frame: actingFrame(state),
    x: round(wanted.x),
    y: round(wanted.y),
    sign: "+",
  };
  const asked = { ...preview, inFlight: true, wanted: null };
  return step({ ...state, preview: asked }, {
    kind: "preview",
    sequence: sequence.summary.id,
    request,
  });
}

/**
 * Keeps the polygons in step with the mask: with the polygon tool chosen, the
 * active object's mask is open for editing; a change is never thrown away.
 */
export function settlePolygon(state: State): Step {
  const { polygon, sequence, tool, activeObject } = state;
  const frame = actingFrame(state);
  const leave = () =>
    chain(applyPolygon(state), (it) => step({ ...it, polygon: null }));
  if (tool !== "polygon" || !sequence || activeObject === null) {
    return polygon ? leave() : step(state);
  }
  const isHere = polygon?.objectId === activeObject && polygon.frame === frame;
  if (polygon && !isHere && polygon.changed) return leave();
  const mask = masksOn(state, frame).find((it) => it.objectId === activeObject);
  const base = mask?.counts ?? null;
  const busy = polygon?.changed || polygon?.drawing;
  if (isHere && (busy || polygon.base === base)) return step(state);
  const bitmap = bitmapOf(base ?? undefined, sequence);
  const place = { objectId: activeObject, frame, base };
  return step({ ...state, polygon: startPolygonEdit(bitmap, place) });
}

/** Makes the polygons the mask; their vertices stay as the person set them. */
export function applyPolygon(state: State): Step {
  const { sequence } = state;
  if (!sequence || !state.polygon) return step(state);
  const polygon = closeDrawing(state.polygon);
  if (!polygon.changed) return step({ ...state, polygon });
  const { objectId, frame } = polygon;
  const bitmap = polygonEditToBitmap(polygon, sequence.summary);
  const counts = encodeCounts(bitmapToRle(bitmap).counts);
  const kept = { ...polygon, base: counts, selected: null, changed: false };
  const action = { kind: "draw", objectId, frame, counts, seen: null } as const;
  return enqueue({ ...state, polygon: kept }, action);
}

/** A click of the polygon tool on free ground: a point of a new polygon. */
export function polygonClick(state: State, at: Point): Step {
  const { sequence, polygon } = state;
  if (!sequence) return step(state);
  const place = insidePicture(at, sequence.summary);
  if (polygon) return step({ ...state, polygon: drawPoint(polygon, place) });
  // Nothing is active: the polygon begins a new object.
  return withObject(state, (it, objectId) => {
    const frame = actingFrame(it);
    const bitmap = bitmapOf(undefined, sequence);
    const edit = startPolygonEdit(bitmap, { objectId, frame, base: null });
    return step({ ...it, polygon: drawPoint(edit, place) });
  });
}

/** A double click: closes what is drawn, deletes a vertex or inserts one. */
export function polygonDoubleClick(
  state: State,
  at: Point,
  withinPx: number,
): Step {
  if (!state.polygon) return step(state);
  // The two clicks of it came first; alone they draw nothing.
  const isNear = (point: Point, distance: number) =>
    Math.hypot(point.x - at.x, point.y - at.y) <= distance;
  const drawn = (state.polygon.drawing ?? []).filter((_, i, all) =>
    i === 0 || i < all.length - 1 || !isNear(all[i - 1], withinPx / 3)
  );
  const isOnlyThis = drawn.every((point) => isNear(point, withinPx));
  const drawing = isOnlyThis ? null : drawn;
  const polygon = { ...state.polygon, drawing };
  if (drawing) {
    const closed = closeDrawing(polygon);
    return closed.changed
      ? applyPolygon({ ...state, polygon: closed })
      : step({ ...state, polygon: closed });
  }
  const vertex = findVertex(polygon, at, withinPx);
  if (vertex) {
    return step({ ...state, polygon: deleteVertex(polygon, vertex) });
  }
  const edge = findEdge(polygon, at, withinPx);
  if (!edge) return step({ ...state, polygon });
  return step({ ...state, polygon: insertVertex(polygon, edge, at) });
}

/** Drags the selected vertex. */
export function vertexMoved(state: State, at: Point): Step {
  const { polygon, sequence } = state;
  if (!polygon?.selected || !sequence) return step(state);
  const place = insidePicture(at, sequence.summary);
  const moved = moveVertex(polygon, polygon.selected, place);
  return step({ ...state, polygon: moved });
}

/** Does something to the active object; announces a new one where there is none. */
export function withObject(
  state: State,
  act: (state: State, objectId: number) => Step,
): Step {
  if (state.activeObject !== null) return act(state, state.activeObject);
  const temporary = -state.nextId;
  const announced = { ...state, activeObject: temporary };
  return chain(
    enqueue(announced, { kind: "createObject", tagId: state.nextTag }, {
      creates: temporary,
    }),
    (it) => act(it, temporary),
  );
}

function distanceTo(prompt: PromptView, at: Point): number {
  if (prompt.kind === "point") {
    return Math.hypot(prompt.x - at.x, prompt.y - at.y);
  }
  if (prompt.kind === "mask") return Infinity;
  const { x0, y0, x1, y1 } = prompt;
  const corners = [[x0, y0], [x1, y0], [x0, y1], [x1, y1]];
  return Math.min(...corners.map(([x, y]) => Math.hypot(x - at.x, y - at.y)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
