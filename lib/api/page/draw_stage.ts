// Draws the stage: the picture on one canvas, masks, prompts and what is being
// made on another above it.

import type { Point } from "../../base/tensor.ts";
import {
  drawCross,
  drawCursor,
  drawPolygon,
  drawPrompt,
  drawRubberBox,
} from "./draw_marks.ts";
import { toStage } from "./geometry.ts";
import type { Gesture } from "./gesture.ts";
import type { MaskPaths } from "./mask_paths.ts";
import { masksOn, promptsOn } from "./masks_shown.ts";
import type { OpenSequence, PolygonEdit, State } from "./state.ts";

/** Draws the picture; above 2x its pixels stay squares. */
export function drawPicture(
  context: CanvasRenderingContext2D,
  { picture, previous, state, sequence, ratio }: {
    picture: CanvasImageSource | undefined;
    previous: CanvasImageSource | undefined;
    state: State;
    sequence: OpenSequence;
    ratio: number;
  },
) {
  const { canvas } = context;
  const { width, height } = sequence.summary;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture) return;
  placeOnPicture(context, state, ratio);
  context.imageSmoothingEnabled = state.viewport.zoom < 2;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  if (state.look.onionPicture && previous) {
    context.globalAlpha = 0.35;
    context.drawImage(previous, 0, 0, width, height);
    context.globalAlpha = 1;
  }
}

/** Draws everything that lies on the picture. */
export function drawOverlay(
  context: CanvasRenderingContext2D,
  { state, sequence, shown, gesture, pointer, paths, ratio }: {
    state: State;
    sequence: OpenSequence;
    shown: number;
    gesture: Gesture;
    /** The pointer on the stage; undefined outside. */
    pointer: Point | undefined;
    paths: MaskPaths;
    ratio: number;
  },
) {
  const { canvas } = context;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);

  if (state.look.masks) {
    placeOnPicture(context, state, ratio);
    drawMasks(context, { state, sequence, shown, gesture, paths });
    if (state.look.onion) {
      drawNeighbours(context, state, sequence, shown, paths);
    }
  }
  drawPreview(context, state, sequence, shown, paths, ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const it of promptsOn(state, shown)) drawPrompt(context, state, it);
  if (state.polygon?.frame === shown) {
    drawPolygon(context, state, state.polygon, pointer);
  }
  if (gesture.kind === "box") drawRubberBox(context, gesture);
  if (pointer) drawCursor(context, state, pointer, gesture);
  else if (state.cursor) {
    drawCross(context, toStage(state.cursor, state.viewport));
  }
}

function drawMasks(
  context: CanvasRenderingContext2D,
  { state, sequence, shown, gesture, paths }: {
    state: State;
    sequence: OpenSequence;
    shown: number;
    gesture: Gesture;
    paths: MaskPaths;
  },
) {
  const { look, viewport: { zoom } } = state;
  // The active object comes last, on top.
  const masks = masksOn(state, shown)
    .filter(({ objectId }) => !state.hidden.has(objectId))
    .toSorted((a, b) =>
      Number(a.objectId === state.activeObject) -
      Number(b.objectId === state.activeObject)
    );
  const painting = gesture.kind === "stroke";
  for (const { objectId, counts, mask } of masks) {
    const active = objectId === state.activeObject;
    const edited = state.polygon?.objectId === objectId &&
      state.polygon.frame === shown && state.polygon.changed;
    const path = edited && state.polygon
      ? polygonPath(state.polygon)
      : paths(counts, sequence.summary);
    const colour = colourOf(sequence, objectId);
    if (painting && active) continue;
    if (look.fill) {
      context.globalAlpha = look.opacity * (active ? 1 : 0.75);
      context.fillStyle = colour;
      context.fill(path, "evenodd");
    }
    if (look.outline) {
      context.globalAlpha = 1;
      context.setLineDash(
        mask?.state === "provisional" ? [6 / zoom, 4 / zoom] : [],
      );
      context.lineJoin = "round";
      if (active) {
        context.strokeStyle = "rgb(0 0 0 / 0.55)";
        context.lineWidth = 4 / zoom;
        context.stroke(path);
      }
      context.strokeStyle = colour;
      context.lineWidth = (active ? 2 : 1.25) / zoom;
      context.stroke(path);
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (painting) drawStroke(context, { state, sequence, shown, gesture, paths });
}

/** The active mask with the stroke so far added or taken away. */
function drawStroke(
  context: CanvasRenderingContext2D,
  { state, sequence, shown, gesture, paths }: {
    state: State;
    sequence: OpenSequence;
    shown: number;
    gesture: Extract<Gesture, { kind: "stroke" }>;
    paths: MaskPaths;
  },
) {
  const { canvas } = context;
  const layer = new OffscreenCanvas(canvas.width, canvas.height);
  const inner = layer.getContext("2d");
  if (!inner) return;
  inner.setTransform(context.getTransform());
  const colour = colourOf(sequence, state.activeObject ?? 0);
  const mask = masksOn(state, shown)
    .find(({ objectId }) => objectId === state.activeObject);
  inner.fillStyle = inner.strokeStyle = colour;
  if (mask) inner.fill(paths(mask.counts, sequence.summary), "evenodd");
  if (state.tool === "eraser") {
    inner.globalCompositeOperation = "destination-out";
  }
  inner.lineCap = inner.lineJoin = "round";
  inner.lineWidth = state.look.brushPx;
  inner.beginPath();
  const [first, ...others] = gesture.points;
  inner.moveTo(first.x, first.y);
  for (const { x, y } of others.length > 0 ? others : [first]) {
    inner.lineTo(x + 1e-3, y);
  }
  inner.stroke();

  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = Math.max(0.35, state.look.opacity);
  context.drawImage(layer, 0, 0);
  context.restore();
}

/** Onion skin: outlines of the frame before (dotted) and the frame after (dashed). */
function drawNeighbours(
  context: CanvasRenderingContext2D,
  state: State,
  sequence: OpenSequence,
  shown: number,
  paths: MaskPaths,
) {
  const { zoom } = state.viewport;
  const neighbours = [
    { frame: shown - 1, dash: [1.5 / zoom, 3.5 / zoom] },
    { frame: shown + 1, dash: [7 / zoom, 4 / zoom] },
  ];
  for (const { frame, dash } of neighbours) {
    context.setLineDash(dash);
    context.lineCap = "round";
    context.lineWidth = 1.5 / zoom;
    context.globalAlpha = 0.85;
    for (const { objectId, counts } of masksOn(state, frame)) {
      if (state.hidden.has(objectId)) continue;
      context.strokeStyle = colourOf(sequence, objectId);
      context.stroke(paths(counts, sequence.summary));
    }
  }
  context.setLineDash([]);
  context.lineCap = "butt";
  context.globalAlpha = 1;
}

function drawPreview(
  context: CanvasRenderingContext2D,
  state: State,
  sequence: OpenSequence,
  shown: number,
  paths: MaskPaths,
  ratio: number,
) {
  const preview = state.preview.shown;
  if (!preview || preview.frame !== shown) return;
  placeOnPicture(context, state, ratio);
  const { zoom } = state.viewport;
  const path = paths(preview.counts, sequence.summary);
  context.globalAlpha = 0.12;
  context.fillStyle = "white";
  context.fill(path, "evenodd");
  context.globalAlpha = 1;
  context.lineWidth = 3 / zoom;
  context.strokeStyle = "rgb(0 0 0 / 0.6)";
  context.stroke(path);
  context.setLineDash([5 / zoom, 4 / zoom]);
  context.lineWidth = 1.5 / zoom;
  context.strokeStyle = "white";
  context.stroke(path);
  context.setLineDash([]);
}

/** The colour of an object; white while the server has not named it. */
export function colourOf({ objects }: OpenSequence, objectId: number): string {
  return objects.find(({ id }) => id === objectId)?.colour ?? "#ffffff";
}

function polygonPath({ polygons }: PolygonEdit): Path2D {
  const path = new Path2D();
  for (const { outer, holes } of polygons) {
    for (const ring of [outer, ...holes]) {
      for (const [i, { x, y }] of ring.entries()) {
        if (i === 0) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
      path.closePath();
    }
  }
  return path;
}

function placeOnPicture(
  context: CanvasRenderingContext2D,
  { viewport: { zoom, x, y } }: State,
  ratio: number,
) {
  const scale = zoom * ratio;
  context.setTransform(scale, 0, 0, scale, x * ratio, y * ratio);
}
