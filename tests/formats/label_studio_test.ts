import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  labelStudioConfig,
  labelStudioTask,
  parseLabelStudio,
} from "medannotate";
import { ring } from "../work/export/made_sequence.ts";

const size = { width: 50, height: 20 };
const mask = ring(size, { x: 20, y: 10, outer: 8, inner: 2 });

Deno.test("parseLabelStudio() gives back what labelStudioTask() wrote", () => {
  const task = labelStudioTask("/data/local-files/?d=a.jpg", [
    { id: "r1", label: "polyp & co", mask },
  ]);
  deepEqual(parseLabelStudio(JSON.stringify([task])), [{
    source: "/data/local-files/?d=a.jpg",
    regions: [{
      ...{ id: "r1", label: "polyp & co", size },
      shape: { kind: "brush", mask },
    }],
    passedOver: 0,
  }]);
});

const result = (type: string, value: Record<string, unknown>) => ({
  ...{ id: "a", type, original_width: 50, original_height: 20 },
  value: { ...value, [type]: ["polyp"] },
});

Deno.test("parseLabelStudio() reads percent of the image, and frames from 1", () => {
  const text = JSON.stringify([{
    data: { img: "a.jpg" },
    annotations: [{
      result: [
        result("polygonlabels", { points: [[0, 0], [50, 0], [50, 100]] }),
        result("rectanglelabels", {
          ...{ x: 10, y: 50, width: 20, height: 25, rotation: 0 },
        }),
        result("rectanglelabels", {
          ...{ x: 10, y: 50, width: 20, height: 25, rotation: 45 },
        }),
        result("videorectangle", {
          labels: ["polyp"],
          sequence: [
            { frame: 1, x: 10, y: 20, width: 30, height: 40, rotation: 0 },
          ],
        }),
        { id: "c", type: "choices", value: { choices: ["good"] } },
      ],
    }],
  }]);
  const [{ source, regions, passedOver }] = parseLabelStudio(text);
  equal(source, "a.jpg");
  deepEqual(regions.map(({ shape }) => shape), [
    {
      kind: "polygon",
      ring: [{ x: 0, y: 0 }, { x: 25, y: 0 }, { x: 25, y: 20 }],
    },
    { kind: "box", box: { x0: 5, y0: 10, x1: 15, y1: 15 } },
    {
      kind: "video",
      boxes: [{
        frame: 0,
        boxNorm: { x0: 0.1, y0: 0.2, x1: 0.4, y1: 0.6 },
      }],
    },
  ]);
  equal(passedOver, 2);
});

Deno.test("parseLabelStudio() takes the first annotation that was not cancelled, and old exports", () => {
  const one = result("polygonlabels", { points: [[0, 0], [50, 0], [50, 9]] });
  const text = JSON.stringify([
    {
      data: { image: "a.jpg" },
      annotations: [
        { was_cancelled: true, result: [one, one] },
        { was_cancelled: false, result: [one] },
        { result: [one, one, one] },
      ],
    },
    { data: { image: "b.jpg" }, completions: [{ result: [one] }] },
    { data: { image: "c.jpg" } },
  ]);
  deepEqual(
    parseLabelStudio(text).map(({ regions, passedOver }) => [
      regions.length,
      passedOver,
    ]),
    [[1, 3], [1, 0], [0, 0]],
  );
});

Deno.test("parseLabelStudio() names the task that it cannot read", () => {
  const attempt = (value: unknown) => () =>
    parseLabelStudio(JSON.stringify(value));
  throws(attempt({}), { name: "SyntaxError" });
  throws(() => parseLabelStudio("[{"), /not JSON/);
  const task = (result: unknown) => [
    { data: { image: "a" }, annotations: [{ result: [result] }] },
  ];
  throws(
    attempt(task(result("brushlabels", { format: "rle", rle: [1, 2] }))),
    /task 1: Cannot decode a brush/,
  );
  throws(
    attempt(task(result("polygonlabels", { points: [[1, 2]] }))),
    /task 1/,
  );
  throws(
    attempt(
      task({ ...result("polygonlabels", {}), original_width: undefined }),
    ),
    /does not say the size/,
  );
});

Deno.test("labelStudioConfig() names every label with its colour", () => {
  const text = labelStudioConfig([{ name: 'a "b" <c>', colour: "#00dc96" }]);
  ok(text.includes(
    '<Label value="a &quot;b&quot; &lt;c>" background="#00dc96"/>',
  ));
});
