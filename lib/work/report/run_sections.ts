// What a report tells of a detection and of a propagation.

import type { DetectionRecord, PropagationRecord } from "./experiment.ts";
import { type Html, html } from "./html.ts";
import { lineChart } from "./line_chart.ts";
import { dataTable, factList, settingText, shareText } from "./table.ts";

/** The section of a detection. */
export function detectionSection(detection: DetectionRecord): Html {
  const { input, status, frames, detections, classes, options } = detection;
  return html`<section id="detection"><h2>Detection</h2>
<p>${input}: ${detections} detections on ${detection.framesWithDetections} of ${frames} frames; the run is ${status}.</p>
${
    dataTable(
      ["Class", "Detections", "Frames", "Mean confidence"],
      classes.map((row) => [
        row.name,
        row.detections,
        row.frames,
        shareText(row.meanConfidence),
      ]),
    )
  }
${
    optionList(options, [["sha256 of the frames", detection.framesSha256]])
  }</section>`;
}

/** The section of a propagation. */
export function propagationSection(propagation: PropagationRecord): Html {
  const { frames, objects, options } = propagation;
  const lines = objects.map(({ object, name, drift }, i) => ({
    name: `${object} ${name}`,
    style: i,
    points: drift.map((y, x) => ({ x, y: y ?? undefined })),
  }));
  return html`<section id="propagation"><h2>Propagation</h2>
<p>${objects.length} objects on ${frames} frames. Drift tells how much a mask should be doubted, 0 to 1.</p>
${
    dataTable(
      ["Object", "Frames with it", "Mean drift", "Highest drift"],
      objects.map((row) => [
        `${row.object} ${row.name}`,
        row.framesWithMask,
        shareText(row.meanDrift),
        shareText(row.highestDrift),
      ]),
    )
  }
<div class="charts">${
    lineChart({ title: "drift", xLabel: "frame", lines, y: [0, 1] })
  }</div>
${
    optionList(options, [
      ["sha256 of the frames", propagation.framesSha256],
      ["sha256 of the prompts", propagation.promptsSha256],
    ])
  }</section>`;
}

function optionList(
  options: Readonly<Record<string, unknown>>,
  sums: readonly (readonly [string, string])[],
): Html {
  return factList([
    ...Object.entries(options).map(([name, value]) =>
      [name, settingText(value)] as const
    ),
    ...sums.map(([name, sum]) => [name, html`<code>${sum}</code>`] as const),
  ]);
}
