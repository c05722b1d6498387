import { deepEqual } from "node:assert/strict";
import type { DetectionLine, FoundObject } from "medannotate";
import {
  planProposals,
  surestMask,
} from "../../../lib/work/detect/plan_proposals.ts";

function found(name: string, confidence: number, track?: number): FoundObject {
  return {
    box: [0, 0, 4, 4],
    confidence,
    class: 0,
    name,
    ...(track === undefined ? {} : { track }),
  };
}

async function* lines(...frames: FoundObject[][]) {
  for (const [frame, detections] of frames.entries()) {
    const line: DetectionLine = {
      ...{ frame, name: "", timeMs: 0, size: [8, 8] },
      detections,
    };
    yield await Promise.resolve(line);
  }
}

Deno.test("planProposals() makes an object of each track, named after what it was most often", async () => {
  const { objects, untracked } = await planProposals(
    lines(
      [found("adenoma", 0.5, 2), found("polyp", 0.4)],
      [found("polyp", 0.6, 2), found("polyp", 0.9, 1)],
      [found("polyp", 0.6, 2)],
    ),
    { isTracked: true },
  );
  deepEqual(
    objects.map(({ name, className, masks }) => [
      name,
      className,
      masks.map(({ frame, at }) => `${frame}/${at}`).join(" "),
    ]),
    [
      ["polyp, track 2", "polyp", "0/0 1/0 2/0"],
      ["polyp, track 1", "polyp", "1/1"],
    ],
  );
  deepEqual(untracked, 1);
  deepEqual(surestMask(objects[0]).frame, 1); // of equals the first
});

Deno.test("planProposals() without tracks goes by class and place in the line", async () => {
  const { objects } = await planProposals(
    lines(
      [found("polyp", 0.9), found("tool", 0.8), found("polyp", 0.7)],
      [],
      [found("polyp", 0.5)],
    ),
    { isTracked: false },
  );
  deepEqual(
    objects.map(({ name, masks }) => [name, masks.map(({ frame }) => frame)]),
    [["polyp 1", [0, 2]], ["tool 1", [0]], ["polyp 2", [0]]],
  );
});

Deno.test("planProposals() gives masks as the detector gave them", async () => {
  const rle = { size: [2, 3], counts: "231" } as const;
  const { objects: [{ masks: [{ mask }] }] } = await planProposals(
    lines([{ ...found("polyp", 0.9), rle }]),
    { isTracked: false },
  );
  deepEqual(mask, { size: [2, 3], counts: [2, 3, 1] });
});
