// Draws the lanes of the timeline by pixel column, so that 90,000 frames cost
// what 90 do. States differ in shape and pattern as well as in colour.

import { columnLetters } from "./lanes.ts";

/** Height of a lane, in CSS pixels. */
export const laneHeight = 18;

/** The colours that lanes need, read from the theme. */
export type LaneColours = {
  readonly warn: string;
  readonly stale: string;
  readonly ink: string;
};

/** Draws one lane at the top of the context. */
export function drawLane(
  context: CanvasRenderingContext2D,
  { lane, from, to, width, colour, colours, active }: {
    lane: string;
    from: number;
    to: number;
    width: number;
    colour: string;
    colours: LaneColours;
    active: boolean;
  },
) {
  const columns = Math.max(1, Math.round(width));
  const letters = columnLetters(lane, { from, to, columns });
  const pixelsPerFrame = width / (to - from);
  const top = 4, height = laneHeight - 8;

  // Runs of one letter become one bar.
  for (let start = 0; start < columns;) {
    let end = start + 1;
    while (end < columns && letters[end] === letters[start]) end++;
    drawRun(context, letters[start], {
      x: start,
      y: top,
      width: end - start,
      height,
      colour,
      colours,
      active,
    });
    start = end;
  }

  // Marks of single frames, where there is room for them.
  let last = -99;
  for (let x = 0; x < columns; x++) {
    const letter = letters[x];
    if (!"chvb".includes(letter)) continue;
    const frame = Math.floor(from + x / pixelsPerFrame);
    const middle = (frame + 0.5 - from) * pixelsPerFrame;
    if (middle - last < (letter === "v" ? 9 : 7)) continue;
    if (pixelsPerFrame > 1 && letters[x - 1] === letter && x > 0) {
      const before = Math.floor(from + (x - 1) / pixelsPerFrame);
      if (before === frame) continue;
    }
    drawMark(context, letter, middle, laneHeight / 2, colours);
    last = middle;
  }
}

function drawRun(
  context: CanvasRenderingContext2D,
  letter: string,
  { x, y, width, height, colour, colours, active }: {
    x: number;
    y: number;
    width: number;
    height: number;
    colour: string;
    colours: LaneColours;
    active: boolean;
  },
) {
  switch (letter) {
    case "c":
    case "h":
    case "v":
      context.globalAlpha = 1;
      context.fillStyle = colour;
      context.fillRect(x, y, width, height);
      break;
    case "p":
    case "b":
      context.globalAlpha = active ? 0.5 : 0.36;
      context.fillStyle = colour;
      context.fillRect(x, y + 1, width, height - 2);
      break;
    case "d":
      context.globalAlpha = 1;
      context.fillStyle = colours.warn;
      context.fillRect(x, y, width, height);
      hatch(context, x, y, width, height, "rgb(0 0 0 / 0.3)");
      break;
    case "s":
      context.globalAlpha = 0.7;
      context.fillStyle = colours.stale;
      context.fillRect(x, y + 1, width, height - 2);
      context.globalAlpha = 1;
      hatch(context, x, y + 1, width, height - 2, "rgb(0 0 0 / 0.4)");
      break;
    case "a":
      context.globalAlpha = 0.75;
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y + 2.5, Math.max(1, width - 1), height - 5);
      break;
  }
  context.globalAlpha = 1;
}

function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  style: string,
) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = style;
  context.lineWidth = 1.5;
  context.beginPath();
  // Lines keep their places when the run grows.
  for (let at = Math.floor((x - height) / 5) * 5; at < x + width; at += 5) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

/** A diamond for what was clicked or drawn, a check for what was verified. */
function drawMark(
  context: CanvasRenderingContext2D,
  letter: string,
  x: number,
  y: number,
  { ink }: LaneColours,
) {
  context.lineWidth = 1.25;
  context.strokeStyle = "rgb(0 0 0 / 0.7)";
  if (letter === "v") {
    context.beginPath();
    context.moveTo(x - 3, y);
    context.lineTo(x - 0.8, y + 2.6);
    context.lineTo(x + 3.2, y - 2.8);
    context.lineWidth = 1.9;
    context.stroke();
    return;
  }
  context.beginPath();
  context.moveTo(x, y - 5.5);
  context.lineTo(x + 5, y);
  context.lineTo(x, y + 5.5);
  context.lineTo(x - 5, y);
  context.closePath();
  context.fillStyle = letter === "b" ? "transparent" : ink;
  context.fill();
  context.stroke();
}
