// How a box moves: a Kalman filter with constant velocity.
//
// Centre, aspect and height, each with its velocity, and noise in proportion to
// the height, as SORT and DeepSORT have it (Bewley et al., arXiv 1602.00763;
// Wojke et al., arXiv 1703.07402) and ByteTrack takes it over. With noise that
// is independent by coordinate the filter of eight states falls into four of
// two, which is how it is computed here.

import type { Box } from "../base/tensor.ts";

/** A coordinate: value and velocity per frame, and how unsure they are. */
type Coordinate = {
  readonly value: number;
  readonly velocity: number;
  readonly valueVariance: number;
  readonly covariance: number;
  readonly velocityVariance: number;
};

/** Where a box is thought to be, and how it moves. */
export type BoxMotion = {
  readonly x: Coordinate;
  readonly y: Coordinate;
  /** Width over height. */
  readonly aspect: Coordinate;
  readonly height: Coordinate;
};

const placeNoise = 1 / 20; // of the height
const velocityNoise = 1 / 160; // of the height, per frame
const aspectNoise = { value: 1e-2, velocity: 1e-5, measured: 1e-1 };

/** Starts with a box of which no velocity is known. */
export function startMotion(box: Box): BoxMotion {
  const { x, y, aspect, height } = partsOf(box);
  const start = (
    value: number,
    valueNoise: number,
    velocityNoise: number,
  ): Coordinate => ({
    value,
    velocity: 0,
    valueVariance: valueNoise ** 2,
    covariance: 0,
    velocityVariance: velocityNoise ** 2,
  });
  const place = 2 * placeNoise * height;
  const velocity = 10 * velocityNoise * height;
  return {
    x: start(x, place, velocity),
    y: start(y, place, velocity),
    aspect: start(aspect, aspectNoise.value, aspectNoise.velocity),
    height: start(height, place, velocity),
  };
}

/**
 * Moves a box one frame on.
 *
 * @param options.isLost its height stays, since nobody sees it
 */
export function predictMotion(
  { x, y, aspect, height }: BoxMotion,
  { isLost = false }: { isLost?: boolean } = {},
): BoxMotion {
  const place = (placeNoise * height.value) ** 2;
  const velocity = (velocityNoise * height.value) ** 2;
  return {
    x: predict(x, place, velocity),
    y: predict(y, place, velocity),
    aspect: predict(aspect, aspectNoise.value ** 2, aspectNoise.velocity ** 2),
    height: predict(
      isLost ? { ...height, velocity: 0 } : height,
      place,
      velocity,
    ),
  };
}

function predict(
  { value, velocity, ...unsure }: Coordinate,
  valueNoise: number,
  velocityNoise: number,
): Coordinate {
  const { valueVariance, covariance, velocityVariance } = unsure;
  return {
    value: value + velocity,
    velocity,
    valueVariance: valueVariance + 2 * covariance + velocityVariance +
      valueNoise,
    covariance: covariance + velocityVariance,
    velocityVariance: velocityVariance + velocityNoise,
  };
}

/** Works in where the box was seen. */
export function correctMotion(motion: BoxMotion, seen: Box): BoxMotion {
  const { x, y, aspect, height } = partsOf(seen);
  const noise = (placeNoise * motion.height.value) ** 2;
  return {
    x: correct(motion.x, x, noise),
    y: correct(motion.y, y, noise),
    aspect: correct(motion.aspect, aspect, aspectNoise.measured ** 2),
    height: correct(motion.height, height, noise),
  };
}

function correct(
  { value, velocity, ...unsure }: Coordinate,
  seen: number,
  noise: number,
): Coordinate {
  const { valueVariance, covariance, velocityVariance } = unsure;
  const gain = valueVariance / (valueVariance + noise);
  const velocityGain = covariance / (valueVariance + noise);
  const surprise = seen - value;
  return {
    value: value + gain * surprise,
    velocity: velocity + velocityGain * surprise,
    valueVariance: (1 - gain) * valueVariance,
    covariance: (1 - gain) * covariance,
    velocityVariance: velocityVariance - velocityGain * covariance,
  };
}

/** The box as it is thought to be now. */
export function boxOfMotion({ x, y, aspect, height }: BoxMotion): Box {
  const halfHeight = height.value / 2;
  const halfWidth = aspect.value * halfHeight;
  return {
    x0: x.value - halfWidth,
    y0: y.value - halfHeight,
    x1: x.value + halfWidth,
    y1: y.value + halfHeight,
  };
}

function partsOf({ x0, y0, x1, y1 }: Box) {
  const height = Math.max(y1 - y0, 1e-3); // a box clipped to nothing has none
  return {
    x: (x0 + x1) / 2,
    y: (y0 + y1) / 2,
    aspect: (x1 - x0) / height,
    height,
  };
}
