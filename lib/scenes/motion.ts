// How the camera and the things move from frame to frame.
//
// Six in ten drift slowly, the rest three times faster. Some swing: away from
// the picture and back, so that a thing leaves and returns. Time is in frames.

import type { Random } from "../base/random.ts";
import { anyAngle, happens, normal, uniform } from "./chance.ts";

/** Where a thing is, relative to its place on frame 0, or where the camera looks. */
export type Pose = {
  readonly dx: number;
  readonly dy: number;
  readonly angle: number;
  readonly zoom: number;
};

/** A movement: the pose at each time; no movement at time 0. */
export type Path = (time: number) => Pose;

/** No movement. */
export const STILL: Pose = { dx: 0, dy: 0, angle: 0, zoom: 1 };

/** The camera's movement over a clip. */
export function drawCameraPath(
  random: Random,
  sidePx: number,
  frames: number,
): Path {
  if (frames === 1) return () => STILL;
  const slow = happens(random, 0.6);
  const speed = sidePx * (slow ? 0.012 : 0.04);
  const drift = drawDrift(random, {
    speed,
    bend: sidePx * (slow ? 0.003 : 0.01),
    turn: slow ? 0.02 : 0.05,
    grow: slow ? 0.018 : 0.04,
  });
  if (!happens(random, 0.25)) return drift;
  return add(
    drift,
    drawSwing(random, sidePx, frames, uniform(random, 0.1, 0.6)),
  );
}

/** A thing's movement over a clip; a fixed one only breathes a little. */
export function drawThingPath(
  random: Random,
  { sidePx, frames, isFixed = false }: {
    sidePx: number;
    frames: number;
    isFixed?: boolean;
  },
): Path {
  if (frames === 1) return () => STILL;
  if (isFixed && happens(random, 0.7)) {
    return drawDrift(random, {
      speed: sidePx * 0.004,
      bend: 0,
      turn: 0.01,
      grow: 0.008,
    });
  }
  const drift = drawDrift(random, {
    speed: sidePx * (happens(random, 0.6) ? 0.02 : 0.07),
    bend: sidePx * 0.004,
    turn: happens(random, 0.7) ? 0.05 : 0.2,
    grow: 0.03,
  });
  if (!happens(random, 0.3)) return drift;
  return add(drift, drawSwing(random, sidePx, frames, uniform(random, 0.1, 1)));
}

/** Crosses the picture once on a straight line, outside of it before and after. */
export function drawPassing(
  random: Random,
  sidePx: number,
  frames: number,
): Path {
  const direction = anyAngle(random);
  const reach = 1.6 * sidePx;
  const middle = uniform(random, 0.3, 0.8) * (frames - 1);
  const speed = reach / Math.max(1, frames * uniform(random, 0.25, 0.5));
  return (t) => ({
    dx: Math.cos(direction) * (t - middle) * speed,
    dy: Math.sin(direction) * (t - middle) * speed,
    angle: 0,
    zoom: 1,
  });
}

function drawDrift(
  random: Random,
  { speed, bend, turn, grow }: {
    speed: number;
    bend: number;
    turn: number;
    grow: number;
  },
): Path {
  const [vx, vy] = [normal(random, 0, speed), normal(random, 0, speed)];
  const [ax, ay] = [normal(random, 0, bend), normal(random, 0, bend)];
  const spin = normal(random, 0, turn);
  const growth = normal(random, 0, grow);
  return (t) => ({
    dx: vx * t + ax * t * t / 2,
    dy: vy * t + ay * t * t / 2,
    angle: spin * t,
    // Without bound a long clip would end inside of a thing.
    zoom: Math.exp(0.9 * Math.tanh(growth * t / 0.9)),
  });
}

/** A swing away and back, once or twice in a clip. */
function drawSwing(
  random: Random,
  sidePx: number,
  frames: number,
  reach: number,
): Path {
  const direction = anyAngle(random);
  const swings = uniform(random, 0.5, 2) * Math.PI / Math.max(3, frames - 1);
  const far = reach * sidePx;
  return (t) => {
    const away = far * (1 - Math.cos(2 * swings * t)) / 2;
    return {
      dx: away * Math.cos(direction),
      dy: away * Math.sin(direction),
      angle: 0,
      zoom: 1,
    };
  };
}

function add(a: Path, b: Path): Path {
  return (t) => {
    const [p, q] = [a(t), b(t)];
    return {
      dx: p.dx + q.dx,
      dy: p.dy + q.dy,
      angle: p.angle + q.angle,
      zoom: p.zoom * q.zoom,
    };
  };
}
