import { deepEqual, equal, ok } from "node:assert/strict";
import { compare, jupyterDisplay } from "medannotate";
import { dataOf } from "../../lib/notebook/interactive.ts";

const runs = [
  {
    name: "a",
    rows: [{ frame: 0, iou: 0.5, f: 0.25 }, { frame: 1, iou: 1, f: 0.75 }],
  },
  { name: "b", rows: [{ frame: 0, iou: 0.25 }], msPerFrame: 12.4 },
];

Deno.test("compare() gives the means of every run and leaves out what was not measured", async () => {
  const { means } = await compare(runs);
  deepEqual(means, [
    { run: "a", masks: 2, meanIou: 0.75, meanF: 0.5, meanJF: 0.625 },
    { run: "b", masks: 1, meanIou: 0.25, msPerFrame: 12 },
  ]);
});

Deno.test("compare() is a picture and a table, and a page only when asked for", async () => {
  const looks = await (await compare(runs))[jupyterDisplay]();
  ok(looks["image/png"]!.length < 30_000);
  ok(looks["text/html"]!.startsWith("<table>"));
  const view = await compare(runs, { interactive: true });
  const asked = await view[jupyterDisplay]();
  ok(asked["image/png"]);
  ok(asked["text/html"]!.includes("<iframe"));
});

Deno.test("compare() draws nothing of nothing", async () => {
  deepEqual((await compare([])).means, []);
});

Deno.test("dataOf() gives plotly the lines with their gaps and dashes", () => {
  const { traces } = dataOf({
    lines: [{
      name: "<a>",
      colour: "#000",
      dash: "7 3",
      points: [{ x: 0, y: undefined }, { x: 1, y: 0.5 }],
    }],
    xLabel: "frame",
    yLabel: "IoU",
    toX: 1,
  });
  equal(traces[0].name, "&lt;a&gt;");
  equal(traces[0].line.dash, "7px,3px");
  deepEqual(traces[0].y, [null, 0.5]);
});
