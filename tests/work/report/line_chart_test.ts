import { deepEqual, equal, ok } from "node:assert/strict";
import {
  lineChart,
  ticksBetween,
} from "../../../lib/work/report/line_chart.ts";

Deno.test("ticksBetween() takes round numbers inside the range", () => {
  deepEqual(ticksBetween([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  deepEqual(ticksBetween([1, 8], 7), [1, 2, 3, 4, 5, 6, 7, 8]);
  deepEqual(ticksBetween([0, 0.00087], 5), [0, 0.0002, 0.0004, 0.0006, 0.0008]);
  deepEqual(ticksBetween([3, 1234], 5), [250, 500, 750, 1000]);
});

Deno.test("lineChart() interrupts a line where nothing is known", () => {
  const { html } = lineChart({
    title: "drift",
    xLabel: "frame",
    x: [0, 4],
    y: [0, 1],
    lines: [{
      name: "polyp",
      style: 0,
      points: [0, 1, undefined, 1, 0].map((y, x) => ({ x, y })),
    }],
  });
  const [, path] = / d="(M46[^"]*)"/.exec(
    html.slice(html.indexOf('class="line')),
  ) ?? [];
  // 46 to 412 over four steps; 188 is 0, 10 is 1
  equal(path, "M46.0 188.0L137.5 10.0M320.5 10.0L412.0 188.0");
});

Deno.test("lineChart() shows a single point, and an empty chart", () => {
  const chart = { title: "t", xLabel: "epoch" };
  const one = lineChart({
    ...chart,
    lines: [{ name: "a", style: 0, points: [{ x: 1, y: 2 }] }],
  });
  ok(one.html.includes("<circle"));
  ok(!/NaN|Infinity/.test(one.html));
  ok(!/NaN|Infinity/.test(lineChart({ ...chart, lines: [] }).html));
});
