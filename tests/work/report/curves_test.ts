import { deepEqual, equal } from "node:assert/strict";
import { curveTraces } from "../../../lib/work/report/curves.ts";
import { report } from "./made_report.ts";

Deno.test("curveTraces() draws drift, presence and area, and marks the conditions", () => {
  const traces = curveTraces(report.objects, { width: 20, height: 10 });
  const [drift, presence, area, conditions] = traces;
  equal(traces.length, 4);
  deepEqual(drift.x, [0, 1, 2]);
  deepEqual(drift.y, [null, 0.3, null]); // a click; a mask; nothing there
  deepEqual(presence.y, [0.9, 0.9, 0.1]);
  deepEqual(area.y, [50, 50, 0]); // 100 of 200 pixels
  deepEqual(conditions.x, [0]);
});
