// Where things are: the picture on the stage, zoom around a place, nearness.

import type { Box, Point, Size } from "../../base/tensor.ts";
import type { Viewport } from "./state.ts";

/** The least and the most zoom, as in EISeg. */
export const zoomLimits = { least: 0.02, most: 50 } as const;

/** A place of the stage on the picture. */
export function toPicture({ x, y }: Point, viewport: Viewport): Point {
  return {
    x: (x - viewport.x) / viewport.zoom,
    y: (y - viewport.y) / viewport.zoom,
  };
}

/** A place of the picture on the stage. */
export function toStage({ x, y }: Point, viewport: Viewport): Point {
  return {
    x: x * viewport.zoom + viewport.x,
    y: y * viewport.zoom + viewport.y,
  };
}

/** Zooms by a factor; the place of the stage stays where it is. */
export function zoomAround(
  viewport: Viewport,
  at: Point,
  factor: number,
): Viewport {
  const { least, most } = zoomLimits;
  const zoom = Math.min(most, Math.max(least, viewport.zoom * factor));
  const picture = toPicture(at, viewport);
  return { zoom, x: at.x - picture.x * zoom, y: at.y - picture.y * zoom };
}

/** The whole picture in the middle of the stage, with a margin. */
export function fitPicture(
  picture: Size,
  stage: Size,
  { marginPx = 12 }: { marginPx?: number } = {},
): Viewport {
  const zoom = Math.max(
    zoomLimits.least,
    Math.min(
      zoomLimits.most,
      (stage.width - 2 * marginPx) / picture.width,
      (stage.height - 2 * marginPx) / picture.height,
    ),
  );
  return centre(picture, stage, zoom);
}

/** The picture in the middle of the stage at a zoom. */
export function centre(picture: Size, stage: Size, zoom: number): Viewport {
  return {
    zoom,
    x: (stage.width - picture.width * zoom) / 2,
    y: (stage.height - picture.height * zoom) / 2,
  };
}

/** Keeps a place inside the picture. */
export function insidePicture({ x, y }: Point, { width, height }: Size): Point {
  return {
    x: Math.min(width, Math.max(0, x)),
    y: Math.min(height, Math.max(0, y)),
  };
}

/** Says whether a place is on the picture. */
export function isInside({ x, y }: Point, { width, height }: Size): boolean {
  return x >= 0 && y >= 0 && x < width && y < height;
}

/** The box between two corners. */
export function boxBetween(a: Point, b: Point): Box {
  return {
    x0: Math.min(a.x, b.x),
    y0: Math.min(a.y, b.y),
    x1: Math.max(a.x, b.x),
    y1: Math.max(a.y, b.y),
  };
}

/** How far a place is from a line between two points. */
export function distanceToLine(at: Point, a: Point, b: Point): number {
  const dx = b.x - a.x, dy = b.y - a.y;
  const square = dx * dx + dy * dy;
  const along = square === 0
    ? 0
    : ((at.x - a.x) * dx + (at.y - a.y) * dy) / square;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(at.x - a.x - t * dx, at.y - a.y - t * dy);
}
