// Draws the stage: the picture on one canvas, masks, prompts and what is being
// made on another above it.

import type { Point } from "../../base/tensor.ts";
import { toStage } from "./geometry.ts";
import type { MaskPaths } from "./mask_paths.ts";
import { masksOn, promptsOn, type ShownPrompt } from "./masks_shown.ts";
import type { OpenSequence, PolygonEdit, State } from "./state.ts";
import { vertices } from "./polygon_edit.ts";

/** What the pointer makes and nobody else knows of yet. */
export type Gesture =
  | { readonly kind: "none" }
  | { readonly kind: "pan" }
  | { readonly kind: "box"; readonly from: Point; readonly to: Point }
  | { readonly kind: "stroke"; readonly points: readonly Point[] }
  | { readonly kind: "vertex" };

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

/** A prompt: strong for the active object, pale for others, dashed while it waits. */
function drawPrompt(
  context: CanvasRenderingContext2D,
  state: State,
  { prompt, waits }: ShownPrompt,
) {
  if (prompt.kind === "mask" || state.hidden.has(prompt.objectId)) return;
  const active = prompt.objectId === state.activeObject;
  context.globalAlpha = active ? 1 : 0.4;
  context.setLineDash(waits ? [3, 3] : []);
  if (prompt.kind === "box") {
    const a = toStage({ x: prompt.x0, y: prompt.y0 }, state.viewport);
    const b = toStage({ x: prompt.x1, y: prompt.y1 }, state.viewport);
    for (
      const [style, width] of [["rgb(0 0 0 / 0.6)", 3.5], [
        "#fff",
        1.5,
      ]] as const
    ) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y);
    }
  } else {
    const { x, y } = toStage(prompt, state.viewport);
    const plus = prompt.sign === "+";
    context.beginPath();
    context.arc(x, y, active ? 6.5 : 5, 0, 2 * Math.PI);
    context.fillStyle = plus ? "#12a36d" : "#d92d3f";
    if (!waits) context.fill();
    context.lineWidth = 1.75;
    context.strokeStyle = "#fff";
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(x - 3, y);
    context.lineTo(x + 3, y);
    if (plus) {
      context.moveTo(x, y - 3);
      context.lineTo(x, y + 3);
    }
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function drawPolygon(
  context: CanvasRenderingContext2D,
  state: State,
  edit: PolygonEdit,
  pointer: Point | undefined,
) {
  const { selected, drawing } = edit;
  for (const [address, point] of vertices(edit.polygons)) {
    const { x, y } = toStage(point, state.viewport);
    const isSelected = selected?.polygon === address.polygon &&
      selected.ring === address.ring && selected.vertex === address.vertex;
    const half = isSelected ? 5 : 3.5;
    context.fillStyle = isSelected ? "#ffd54a" : "#fff";
    context.strokeStyle = "rgb(0 0 0 / 0.75)";
    context.lineWidth = 1.5;
    context.fillRect(x - half, y - half, 2 * half, 2 * half);
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
  }
  if (!drawing) return;
  context.beginPath();
  for (const [i, point] of drawing.entries()) {
    const { x, y } = toStage(point, state.viewport);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  if (pointer) context.lineTo(pointer.x, pointer.y);
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 0.6)";
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = "#ffd54a";
  context.stroke();
  for (const point of drawing) {
    const { x, y } = toStage(point, state.viewport);
    context.fillStyle = "#ffd54a";
    context.fillRect(x - 3, y - 3, 6, 6);
  }
}

function drawRubberBox(
  context: CanvasRenderingContext2D,
  { from, to }: { from: Point; to: Point },
) {
  const sides = [from.x, from.y, to.x - from.x, to.y - from.y] as const;
  context.strokeStyle = "rgb(0 0 0 / 0.6)";
  context.lineWidth = 3;
  context.strokeRect(...sides);
  context.strokeStyle = "#fff";
  context.lineWidth = 1.25;
  context.setLineDash([6, 4]);
  context.strokeRect(...sides);
  context.setLineDash([]);
}

/** The circle of the brush, the crossed lines of the box tool. */
function drawCursor(
  context: CanvasRenderingContext2D,
  state: State,
  { x, y }: Point,
  gesture: Gesture,
) {
  const { tool, look, viewport } = state;
  if (tool === "brush" || tool === "eraser") {
    const radius = look.brushPx / 2 * viewport.zoom;
    for (
      const [style, width] of [["rgb(0 0 0 / 0.7)", 3], ["#fff", 1.25]] as const
    ) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.strokeStyle = style;
      context.lineWidth = width;
      context.setLineDash(tool === "eraser" ? [4, 3] : []);
      context.stroke();
    }
    context.setLineDash([]);
  }
  if (tool === "box" && gesture.kind === "none") {
    const { width, height } = state.stage;
    context.beginPath();
    context.moveTo(Math.round(x) + 0.5, 0);
    context.lineTo(Math.round(x) + 0.5, height);
    context.moveTo(0, Math.round(y) + 0.5);
    context.lineTo(width, Math.round(y) + 0.5);
    context.strokeStyle = "rgb(255 255 255 / 0.45)";
    context.lineWidth = 1;
    context.stroke();
  }
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
