// Lanes: what of them nobody verified.

import { deepEqual, equal } from "node:assert/strict";
import {
  countUnverified,
  propagatedRuns,
} from "../../../lib/api/page/lanes.ts";

Deno.test("countUnverified() counts propagated, drifting and absent masks", () => {
  equal(countUnverified(new Map([[1, ".cpdav"], [2, "shbp.."]])), 4); // pda, p
});

Deno.test("propagatedRuns() reaches over marks, not over what is stale or proposed", () => {
  deepEqual(propagatedRuns("..pcpv.s.dab.p"), [
    { from: 2, to: 4 },
    { from: 9, to: 10 },
    { from: 13, to: 13 },
  ]);
  deepEqual(propagatedRuns("cv.hsb"), []);
});
