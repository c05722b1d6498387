// Times, sizes and colours in words.

import type { Rgb } from "../../base/image.ts";

/** `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`. */
export function secondsText(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${
    two(Math.floor(whole % 3600 / 60))
  } min`;
}

/** `812 B`, `1.4 kB`, `23 MB`; a kB is 1000 bytes. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0, value = bytes;
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${
    units[unit]
  }`;
}

/** `#00dc96`, with a share of black mixed in. */
export function hexColour(colour: Rgb, { black = 0 } = {}): string {
  return "#" +
    colour.map((channel) =>
      Math.round(channel * (1 - black)).toString(16).padStart(2, "0")
    ).join("");
}
