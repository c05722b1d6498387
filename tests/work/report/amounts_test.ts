import { deepEqual } from "node:assert/strict";
import {
  bytesText,
  hexColour,
  secondsText,
} from "../../../lib/work/report/amounts.ts";

Deno.test("secondsText() changes the unit with the length", () => {
  deepEqual(
    [0.416, 12.34, 59.99, 185, 7800].map(secondsText),
    ["0.42 s", "12.3 s", "1 min 00 s", "3 min 05 s", "2 h 10 min"],
  );
});

Deno.test("bytesText() keeps two or three digits", () => {
  deepEqual(
    [0, 812, 999, 1400, 9950, 999_600, 23_400_000].map(bytesText),
    ["0 B", "812 B", "999 B", "1.4 kB", "10 kB", "1.0 MB", "23 MB"],
  );
});

Deno.test("hexColour() mixes black in", () => {
  deepEqual(hexColour([0, 220, 150]), "#00dc96");
  deepEqual(hexColour([0, 200, 100], { black: 0.5 }), "#006432");
});
