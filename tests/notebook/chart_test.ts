import { deepEqual, equal, ok } from "node:assert/strict";
import { chartSvg, spreadOut } from "../../lib/notebook/chart.ts";

const points = [{ x: 0, y: 1 }, { x: 1, y: 0.5 }, { x: 2, y: undefined }, {
  x: 3,
  y: 0,
}];

function drawn(chart: Partial<Parameters<typeof chartSvg>[0]> = {}): string {
  const { content } = chartSvg({
    lines: [{ name: "a", colour: "#0072b2", points }],
    xLabel: "frame",
    yLabel: "IoU",
    toX: 3,
    ...chart,
  });
  return content.map(({ html }) => html).join("\n");
}

Deno.test("chartSvg() draws from the left edge to the right, with a gap where there is no value", () => {
  // from 52 to 640 less 6 letters of 7.4 and 12: 531.6 wide; from 32 down to 192
  ok(drawn().includes('d="M52.0 32.0L229.2 112.0M583.6 192.0"'), drawn());
});

Deno.test("chartSvg() names axes and lines, and stands a diamond on every mark", () => {
  const line = { name: "<b>", detail: "mean", colour: "#000", points };
  const svg = drawn({ lines: [{ ...line, marks: [0, 3] }] });
  equal(svg.match(/l6 6l-6 6l-6-6z/g)?.length, 2);
  for (const text of [">frame<", ">IoU<", "&lt;b&gt;: mean<", ">&lt;b&gt;<"]) {
    ok(svg.includes(text), text);
  }
});

Deno.test("chartSvg() begins another row where the legend is full", () => {
  const line = { name: "a rather long name of a run", colour: "#000", points };
  const one = chartSvg({ lines: [line], xLabel: "", yLabel: "", toX: 3 });
  const four = chartSvg({
    lines: [line, line, line, line],
    xLabel: "",
    yLabel: "",
    toX: 3,
  });
  ok(four.size.height > one.size.height);
});

Deno.test("spreadOut() moves only what would touch, around where it was", () => {
  deepEqual(spreadOut([0, 50, 52], 10), [0, 46, 56]); // 51 is the middle
  deepEqual(spreadOut([], 10), []);
});
