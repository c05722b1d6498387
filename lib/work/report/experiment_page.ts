// The page of an experiment: one HTML file with everything in it, pictures too.
// It reads nothing from the network, has no script, and its content security
// policy forbids both.
//
// What limits the numbers comes before them: marks, then the certificate of the
// data. The date stands on a line of its own, the only one that changes.

import type { MadeWith } from "../made_with.ts";
import { confusionStyle } from "./confusion_chart.ts";
import { dataSection } from "./data_section.ts";
import { evaluationSection } from "./evaluation_section.ts";
import type { Experiment, ReportedModel } from "./experiment.ts";
import { type Html, html } from "./html.ts";
import { plainPage } from "./plain_page.ts";
import { isEvaluation } from "./read_evaluation.ts";
import { detectionSection, propagationSection } from "./run_sections.ts";
import { dataTable, factList, settingText, shareText } from "./table.ts";
import { trainingSection } from "./training_section.ts";

const ownStyle = `
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; break-after: avoid; }
.wide { overflow-x: auto; }
.wide td, .wide th { padding-top: .25rem; padding-bottom: .25rem; }
.wide td.number, .wide th.number { padding-right: 0; padding-left: .8rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin-top: 1rem; }
.gallery { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); align-items: start; }
details { margin: .8rem 0; }
summary { cursor: pointer; color: var(--accent); }
pre { overflow-x: auto; background: var(--card); border-radius: .4rem; padding: .7rem; font: .8125rem/1.4 ui-monospace, "Liberation Mono", monospace; white-space: pre-wrap; }
.wide .bar { height: .35rem; margin-top: .15rem; }
`;

/**
 * Makes the page of an experiment as one text.
 *
 * @param pictures data URIs by the names in the gallery
 */
export function experimentPage(
  experiment: Experiment,
  pictures: ReadonlyMap<string, string> = new Map(),
): string {
  const { title, marks, data, training, evaluation, detection, propagation } =
    experiment;
  const body = [
    ...(data ? [dataSection(data, training?.problems)] : []),
    ...(training ? [trainingSection(training)] : []),
    ...(evaluation ? [evaluationSection(evaluation, pictures)] : []),
    ...(detection ? [detectionSection(detection)] : []),
    ...(propagation ? [propagationSection(propagation)] : []),
    originSection(experiment),
  ];
  return plainPage({
    title,
    result: resultOf(experiment),
    date: experiment.date,
    notes: marks,
    links: linksTo(experiment),
    sections: body,
    style: confusionStyle + ownStyle,
  });
}

/** What came out, in a sentence. */
function resultOf(
  { evaluation, training, detection, propagation }: Experiment,
): string {
  if (evaluation) {
    const { boxes, masks } = evaluation.measures;
    const scores = ({ ultralytics84: { map50, map50to95 } }: typeof boxes) =>
      `mAP50 ${shareText(map50)}, mAP50-95 ${shareText(map50to95)}`;
    return `Boxes: ${scores(boxes)}${
      masks ? `; masks: ${scores(masks)}` : ""
    }.`;
  }
  if (training) return `A training of ${training.rows.length} epochs.`;
  if (detection) return `${detection.detections} detections.`;
  if (propagation) return `${propagation.objects.length} objects propagated.`;
  return "A data set.";
}

function linksTo(experiment: Experiment): Html {
  const names = [
    "data",
    "training",
    "evaluation",
    "detection",
    "propagation",
  ] as const;
  const there = names.filter((name) => experiment[name] !== undefined);
  return html`<nav>${
    [...there, "origin"].map((name) => html`<a href="#${name}">${name}</a>`)
  }</nav>`;
}

function originSection(experiment: Experiment): Html {
  const { models, training, evaluation, madeWith, command } = experiment;
  const measures = evaluation?.measures;
  const own = measures && isEvaluation(measures) ? measures : undefined;
  const records = [
    ["training", training?.madeWith, training?.command] as const,
    ["evaluation", own?.madeWith, own?.command] as const,
    ["report", madeWith, command] as const,
  ];
  const seeds = seedsOf(experiment);
  return html`<section id="origin"><h2>Origin</h2>
<h3>Models</h3>
${modelTable(models)}
${seeds.length > 0 && html`<h3>Seeds</h3>${factList(seeds)}`}
${
    own &&
    html`<h3>Settings of the evaluation</h3>${
      factList(
        Object.entries(own.settings).map(([name, value]) => [
          name,
          settingText(value),
        ]),
      )
    }`
  }
<h3>Versions and commands</h3>
${
    factList(records.flatMap(([name, versions, words]) => [
      ...(versions ? [[name, versionText(versions)] as const] : []),
      ...(words
        ? [[`${name}, as called`, html`<code>${words}</code>`] as const]
        : []),
    ]))
  }</section>`;
}

function modelTable(models: readonly ReportedModel[]): Html {
  if (models.length === 0) return html`<p>None is known.</p>`;
  return dataTable(
    ["Part in it", "Model", "sha256", "Licence"],
    models.map(({ role, name, sha256, licence }) => [
      role,
      name,
      sha256 === null ? "–" : html`<code>${sha256}</code>`,
      licence ?? "not told",
    ]),
    { textColumns: 4 },
  );
}

function seedsOf({ data, training, evaluation }: Experiment) {
  const split = data?.certificate?.split;
  const measures = evaluation?.measures;
  const seeds: (readonly [string, string])[] = [];
  if (split && split.kind !== "time") {
    seeds.push(["split", String(split.seed ?? 1)]);
  }
  const seed = training?.settings.seed;
  if (seed !== undefined) seeds.push(["training", settingText(seed)]);
  if (measures && isEvaluation(measures)) {
    seeds.push(["intervals", String(measures.settings.seed)]);
  }
  return seeds;
}

function versionText(
  { medannotate, deno, onnxruntime, platform }: MadeWith,
): string {
  return `medannotate ${medannotate}, Deno ${deno}, onnxruntime ${onnxruntime}, ${platform}`;
}
