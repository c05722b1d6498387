import { deepEqual, throws } from "node:assert/strict";
import { eisegJson, parseEisegJson } from "medannotate";

Deno.test("parseEisegJson() gives back what eisegJson() wrote", () => {
  const polygons = [{
    ...{ name: "polyp", labelNumber: 2, colour: [1, 2, 255] as const },
    points: [{ x: 0.5, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 3 }],
  }];
  deepEqual(parseEisegJson(eisegJson(polygons)), polygons);
});

Deno.test("parseEisegJson() says what is wrong", () => {
  throws(() => parseEisegJson("["), /not JSON/);
  throws(
    () =>
      parseEisegJson(JSON.stringify([{
        ...{ name: "a", labelIdx: 1, color: [0, 0, 256] },
        points: [[0, 0], [1, 1]],
      }])),
    /expected at least 3 points/,
  );
});
