import { equal, ok } from "node:assert/strict";
import type { CurvePoint } from "medannotate";
import { driftSvg } from "../../lib/notebook/drift_view.ts";

function point(frame: number, rest: Partial<CurvePoint>): CurvePoint {
  const nothing = { drift: undefined, presenceScore: 1, predictedIou: 1 };
  return {
    ...nothing,
    frame,
    areaPx: 9,
    parts: undefined,
    isCondition: false,
    ...rest,
  };
}

Deno.test("driftSvg() draws from the left edge to the right, with a gap where there is no mask", () => {
  const curve = [
    point(0, { isCondition: true }),
    point(1, { drift: 0.5 }),
    point(2, { drift: 1, areaPx: 0 }),
    point(3, { drift: 1 }),
    point(4, { drift: 0 }),
  ];
  const polyp = { number: 1, name: "polyp", colour: [0, 0, 0], curve } as const;
  const { html } = driftSvg([polyp], 5);
  // 580 wide from 44, 150 high from 26: frame 1 at 44 + 580 / 4, drift 0.5 at 26 + 75
  ok(html.includes('d="M44.0 176.0L189.0 101.0M479.0 26.0L624.0 176.0"'), html);
  equal(html.match(/l6 6l-6 6l-6-6z/g)?.length, 1);
});
