// A small report for tests: one object, three frames.

import type { CurvePoint, DemoReport, ReportPicture } from "medannotate";

/** A point of a curve; what is not given speaks for the mask. */
export function point(
  frame: number,
  change: Partial<CurvePoint> = {},
): CurvePoint {
  return {
    frame,
    drift: 0.1,
    presenceScore: 0.9,
    predictedIou: 0.9,
    areaPx: 100,
    parts: undefined,
    isCondition: false,
    ...change,
  };
}

const picture: ReportPicture = {
  src: "data:image/jpeg;base64,AA==",
  size: { width: 20, height: 10 },
  frame: 1,
  caption: "frame 1",
};

export const report: DemoReport = {
  title: "Sample",
  result: "One object on 3 frames.",
  source: { name: "clip.mp4", frames: 3, size: { width: 20, height: 10 } },
  clickedBy: "person",
  clicks: [picture],
  strip: [picture, picture],
  video: "overlay of it.mp4",
  objects: [{
    number: 1,
    name: "polyp",
    colour: [0, 220, 150],
    curve: [
      point(0, { isCondition: true, drift: undefined }),
      point(1, { drift: 0.3 }),
      point(2, { areaPx: 0, presenceScore: 0.1, drift: 0.9 }),
    ],
  }],
  review: [{
    object: 1,
    point: point(1, { drift: 0.3 }),
    because: "predicted IoU 0.70",
    picture,
  }],
  stages: [{ name: "Propagate", seconds: 61 }],
  files: [{ path: "set/data.yaml", bytes: 1400, about: "YOLO data set" }],
  model: { id: "sam2-nano", licence: "MIT", sha256: "ab12" },
  device: "cpu",
  machine: "2 cores",
  date: new Date("2026-01-02T03:04:05.678Z"),
  notes: [],
};
