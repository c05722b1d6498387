import { deepEqual, equal } from "node:assert/strict";
import { rankDrift } from "medannotate";

Deno.test("rankDrift() counts pairs, equal drifts as half", () => {
  const ranking = rankDrift([
    { drift: 0.9, iou: 0.1 },
    { drift: 0.5, iou: 0.2 },
    { drift: 0.5, iou: 0.8 },
    { drift: 0.7, iou: 0.9 },
  ]);
  // wrong 0.9 beats both; wrong 0.5 ties once and loses once: (2 + 0.5) / 4
  deepEqual(ranking, { masks: 4, wrong: 2, precisionAtTenth: 1, auc: 0.625 });
});

Deno.test("rankDrift() has no area where all masks are right", () => {
  equal(rankDrift([{ drift: 0, iou: 1 }]).auc, undefined);
  equal(rankDrift([]).precisionAtTenth, 0);
});
