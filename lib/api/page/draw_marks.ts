// Marks on the picture, in pixels of the screen: prompts, vertices, the pointer.

import type { Point } from "../../base/tensor.ts";
import { toStage } from "./geometry.ts";
import type { Gesture } from "./gesture.ts";
import type { ShownPrompt } from "./masks_shown.ts";
import { isTooSmall, vertices } from "./polygon_edit.ts";
import type { PolygonEdit, State } from "./state.ts";

/** A prompt: strong for the active object, pale for others, dashed while it waits. */
export function drawPrompt(
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

/** The vertices of an edited mask, and the polygon that is being drawn. */
export function drawPolygon(
  context: CanvasRenderingContext2D,
  state: State,
  edit: PolygonEdit,
  pointer: Point | undefined,
) {
  const { selected, drawing } = edit;
  const { zoom } = state.viewport;
  const bare = edit.polygons.map(({ outer, holes }) =>
    [outer, ...holes].map((ring) => isTooSmall(ring, zoom))
  );
  for (const [address, point] of vertices(edit.polygons)) {
    if (bare[address.polygon][address.ring]) continue;
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

/** The box that is being dragged. */
export function drawRubberBox(
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

/** The pointer that the keyboard moves. */
export function drawCross(context: CanvasRenderingContext2D, { x, y }: Point) {
  for (const [style, width] of [["#000", 4], ["#fff", 1.5]] as const) {
    context.beginPath();
    context.moveTo(x - 14, y);
    context.lineTo(x + 14, y);
    context.moveTo(x, y - 14);
    context.lineTo(x, y + 14);
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
}

/** The circle of the brush, the crossed lines of the box tool. */
export function drawCursor(
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
