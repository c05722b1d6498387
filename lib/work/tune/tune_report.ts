// The page of a tuning: what was learnt from, and whether it helped.

import { join } from "node:path";
import type { Sam2Validation } from "../../sam2/training/validate.ts";
import { type Html, html } from "../report/html.ts";
import { lineChart } from "../report/line_chart.ts";
import { plainPage } from "../report/plain_page.ts";
import { dataTable, factList, shareText } from "../report/table.ts";
import { writeFileWhole } from "../write_file.ts";
import type { BeforeAfter, Tuned } from "./tune_model.ts";

/** Writes `report.html` into the folder of a tuning; gives its path. */
export async function writeTuneReport(
  out: string,
  tuned: Tuned,
): Promise<string> {
  const path = join(out, "report.html");
  await writeFileWhole(path, tunePage(tuned));
  return path;
}

/** The page as one text. */
export function tunePage(tuned: Tuned): string {
  const { unseen, generated, certificate, marks } = tuned;
  const gain = meanGain(unseen);
  const word = gain >= 0 ? "better" : "worse";
  return plainPage({
    title: `${tuned.parent.id}, tuned`,
    result:
      `On ${unseen.length} objects that it did not learn from, the mean IoU of 1 click, 3 clicks and tracking is ${
        Math.abs(gain).toFixed(3)
      } ${word}; on generated scenes it went from ${
        generated.before.score.toFixed(3)
      } to ${generated.after.score.toFixed(3)}.`,
    date: certificate.date,
    notes: marks,
    sections: [measures(tuned), curve(tuned), origin(tuned)],
  });
}

/** The mean change of the score over objects. */
export function meanGain(unseen: readonly BeforeAfter[]): number {
  const gains = unseen.map(({ before, after }) =>
    scoreOf(after) - scoreOf(before)
  );
  return gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

/** 1 click, 3 clicks and tracked frames alike; without tracked frames the clicks alone. */
function scoreOf(found: Sam2Validation): number {
  const parts = [found.iouByClicks[0], found.iouByClicks[2]];
  if (found.iouByFrame.length > 0) parts.push(trackedOf(found) ?? 0);
  return parts.reduce((sum, part) => sum + part, 0) / parts.length;
}

function trackedOf({ iouByFrame }: Sam2Validation): number | undefined {
  const values = iouByFrame.filter(Number.isFinite);
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function measures({ unseen, generated }: Tuned): Html {
  const row = (names: readonly string[], { before, after }: BeforeAfter) => [
    ...names,
    ...[0, 2].flatMap((k) => [
      shareText(before.iouByClicks[k]),
      shareText(after.iouByClicks[k]),
    ]),
    shareText(trackedOf(before)),
    shareText(trackedOf(after)),
  ];
  const head = ["patient", "sequence", "object"];
  for (const what of ["1 click", "3 clicks", "tracked"]) {
    head.push(`${what}, before`, `${what}, after`);
  }
  const rows = [
    ...unseen.map(({ patient, sequence, object, ...measured }) =>
      row([patient || "–", sequence, String(object)], measured)
    ),
    row(["generated scenes", "", ""], generated),
  ];
  return html`
    <section>
      <h2>Before and after</h2>
      <p>Mean IoU at half the side of the input; clicks go where a person would click next.</p>
      ${dataTable(head, rows, { textColumns: 3 })}
    </section>
  `;
}

const smoothed = 20; // steps in a point of the curve

function curve({ steps }: Tuned): Html {
  const points = (
    on: string,
    value: (step: typeof steps[number]) => number,
  ) => {
    const own = steps.filter((step) => step.on === on);
    return Array.from({ length: Math.ceil(own.length / smoothed) }, (_, i) => {
      const part = own.slice(i * smoothed, (i + 1) * smoothed);
      const sum = part.reduce((total, step) => total + value(step), 0);
      return { x: part[part.length - 1].step, y: sum / part.length };
    });
  };
  const chart = (
    title: string,
    value: (step: typeof steps[number]) => number,
  ) =>
    lineChart({
      title,
      xLabel: "step",
      lines: ["verified", "generated"].map((name, style) => ({
        name,
        style,
        points: points(name, value),
      })),
    });
  return html`
    <section>
      <h2>While it learnt</h2>
      <div class="charts">
        ${chart("Loss", ({ loss }) => loss)}
        ${chart("IoU after the last prompt", ({ lastIou }) => lastIou)}
      </div>
    </section>
  `;
}

function origin(
  {
    parent,
    sha256,
    settings,
    shareOfTuned,
    side,
    learntFrom,
    seconds,
    certificate,
  }: Tuned,
): Html {
  return html`
    <section>
      <h2>Origin</h2>
      ${factList([
        ["tuned from", `${parent.id}, sha256 ${parent.sha256}`],
        ["checkpoint", `sha256 ${sha256}`],
        [
          "learnt from",
          `${learntFrom.masks} verified masks on ${learntFrom.frames} frames of ${learntFrom.sequences} sequences of ${learntFrom.patients} patients`,
        ],
        [
          "certificate",
          `${certificate.date}, shared patients ${certificate.sharedPatients}, same pixels ${certificate.exactDuplicates}`,
        ],
        ["input", `${side} px`],
        ["steps", `${settings.steps}, rate ${settings.rate}`],
        [
          "mixed",
          `${shareOfTuned} of what was learnt, the rest of the model as it was, so that generated scenes lose no more than 0.01`,
        ],
        ["encoder", settings.encoder ? "learnt too" : "stayed as it was"],
        ["time", `${Math.round(seconds)} s`],
      ])}
    </section>
  `;
}
