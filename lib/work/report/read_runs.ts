// The folders that detect and propagate leave, as far as a report tells of them.

import { join } from "node:path";
import { z } from "zod";
import { readDetectionLines } from "../detect/detection_lines.ts";
import { detectFiles } from "../detect/detection_folder.ts";
import type {
  DetectionRecord,
  PropagationRecord,
  ReportedModel,
} from "./experiment.ts";
import { readJsonIfThere } from "./read_json.ts";

const Detection = z.looseObject({
  kind: z.literal("medannotate-detection"),
  input: z.string(),
  model: z.string(),
  framesSha256: z.string(),
  modelSha256: z.string(),
  options: z.record(z.string(), z.json()),
  status: z.string(),
});

/** Reads what detect left in a folder. */
export async function readDetection(
  folder: string,
): Promise<{ detection: DetectionRecord; models: ReportedModel[] }> {
  const run = await readJsonIfThere(folder, detectFiles.run, Detection);
  if (!run) {
    throw new RangeError(
      `Cannot report ${folder}: it has no ${detectFiles.run}`,
    );
  }
  const counted = await countLines(join(folder, detectFiles.lines));
  const { input, status, options, framesSha256 } = run;
  return {
    detection: { folder, input, status, options, framesSha256, ...counted },
    models: [{
      role: "detector",
      name: run.model,
      sha256: run.modelSha256,
      licence: null,
    }],
  };
}

async function countLines(path: string) {
  type Sum = { detections: number; frames: number; confidence: number };
  const sums = new Map<string, Sum>();
  let frames = 0, detections = 0, framesWithDetections = 0;
  for await (const line of readDetectionLines(path)) {
    frames++;
    detections += line.detections.length;
    if (line.detections.length > 0) framesWithDetections++;
    const here = new Set<string>();
    for (const { name, confidence } of line.detections) {
      const sum = sums.get(name) ?? { detections: 0, frames: 0, confidence: 0 };
      sums.set(name, sum);
      sum.detections++;
      sum.confidence += confidence;
      if (!here.has(name)) sum.frames++;
      here.add(name);
    }
  }
  const classes = [...sums].map(([name, { confidence, ...counts }]) => ({
    name,
    ...counts,
    meanConfidence: confidence / counts.detections,
  })).sort((a, b) => b.detections - a.detections || (a.name < b.name ? -1 : 1));
  return { frames, detections, framesWithDetections, classes };
}

const PropagationRun = z.looseObject({
  framesSha256: z.string(),
  promptsSha256: z.string(),
  modelSha256: z.string(),
  options: z.record(z.string(), z.json()),
});
const Propagation = z.looseObject({
  frameCount: z.number(),
  objects: z.array(z.looseObject({ object: z.number(), name: z.string() })),
  frames: z.array(z.looseObject({
    frame: z.number(),
    object: z.number(),
    drift: z.number().nullable(),
    areaPx: z.number(),
  })),
});

/** Reads what propagate left in a folder; undefined where it left nothing. */
export async function readPropagation(
  folder: string,
): Promise<
  { propagation: PropagationRecord; models: ReportedModel[] } | undefined
> {
  const found = await readJsonIfThere(folder, "propagation.json", Propagation);
  const run = await readJsonIfThere(folder, "run.json", PropagationRun);
  if (!found || !run) return undefined;
  const { options, framesSha256, promptsSha256 } = run;
  return {
    propagation: {
      folder,
      frames: found.frameCount,
      objects: found.objects.map(({ object, name }) => {
        const rows = found.frames.filter((row) => row.object === object)
          .sort((a, b) => a.frame - b.frame);
        const shown = rows.filter(({ areaPx }) => areaPx > 0);
        const drifts = shown.flatMap(({ drift }) => drift ?? []);
        return {
          object,
          name,
          framesWithMask: shown.length,
          meanDrift: drifts.length === 0
            ? null
            : drifts.reduce((sum, one) => sum + one, 0) / drifts.length,
          highestDrift: drifts.length === 0 ? null : Math.max(...drifts),
          drift: rows.map(({ drift, areaPx }) => areaPx > 0 ? drift : null),
        };
      }),
      ...{ options, framesSha256, promptsSha256 },
    },
    models: [{
      role: "SAM 2",
      name: "of the propagation",
      sha256: run.modelSha256,
      licence: null,
    }],
  };
}
