// Draws from a seeded source: ranges, normal numbers, choices.
//
// Everything that a generated scene decides goes through here, in a fixed
// order, so that a seed stands for one scene.

import type { Random } from "../base/random.ts";

/** A number between two others, all equally likely. */
export function uniform(random: Random, from: number, to: number): number {
  return from + (to - from) * random();
}

/** A number between two positive others; each doubling is equally likely. */
export function logUniform(random: Random, from: number, to: number): number {
  return from * Math.exp(Math.log(to / from) * random());
}

/** A normal number (Box and Muller, 1958). */
export function normal(random: Random, mean: number, deviation: number) {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return mean + deviation * radius * Math.cos(2 * Math.PI * random());
}

/** True with this probability. */
export function happens(random: Random, probability: number): boolean {
  return random() < probability;
}

/** A whole number from `least` to `most`, both included. */
export function whole(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of the items, all equally likely. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)];
}

/** One of the names, each as likely as its share of the sum. */
export function pickByShare<T extends string>(
  random: Random,
  shares: Readonly<Record<T, number>>,
): T {
  const names = Object.keys(shares) as T[];
  let left = random() * names.reduce((sum, name) => sum + shares[name], 0);
  for (const name of names) {
    left -= shares[name];
    if (left < 0) return name;
  }
  return names[names.length - 1];
}

/** An angle, all around, in radians. */
export function anyAngle(random: Random): number {
  return 2 * Math.PI * random();
}

/** Plus or minus one. */
export function anySign(random: Random): 1 | -1 {
  return random() < 0.5 ? 1 : -1;
}
