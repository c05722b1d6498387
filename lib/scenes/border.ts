// The black border of an endoscope's picture: a circle or a square with cut corners.

import type { Random } from "../base/random.ts";
import { happens, uniform } from "./chance.ts";
import { blur, type Field } from "./field.ts";
import { coverOf, wavyEllipse } from "./outline.ts";

/** Draws which part of the picture is seen: 1 inside, 0 in the border. */
export function drawBorder(random: Random, side: number): Field {
  const middle = side / 2;
  if (happens(random, 0.5)) {
    const radius = side * uniform(random, 0.48, 0.62);
    const circle = wavyEllipse({
      x: middle,
      y: middle,
      rx: radius,
      ry: radius,
    });
    return blur(coverOf(side, side, [circle]), 0.7);
  }
  const cut = side * uniform(random, 0.05, 0.25);
  const from = side * uniform(random, 0, 0.05);
  const to = side - from;
  // deno-fmt-ignore
  const octagon = [
    from + cut, from, to - cut, from, to, from + cut, to, to - cut,
    to - cut, to, from + cut, to, from, to - cut, from, from + cut,
  ];
  return blur(coverOf(side, side, [octagon]), 0.7);
}
