// The measures of a detector: tables with intervals, curves, the confusion
// matrix, what a clinician asks, and the failures as pictures.

import { basename } from "node:path";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import type { GeometryMeasures } from "../../yolo/evaluation/geometry_measures.ts";
import type { DetectionCurves } from "../../yolo/evaluation/ultralytics_measures.ts";
import type { DetectorEvaluation } from "../evaluation/detector_evaluation.ts";
import type { LesionMeasures } from "../evaluation/evaluate_lesions.ts";
import {
  clinicalNotes,
  clinicalRows,
  groupsOf,
  intervalText,
} from "../evaluation/evaluation_text.ts";
import type { FailureGallery } from "../evaluation/write_failures.ts";
import { confusionChart } from "./confusion_chart.ts";
import type { EvaluationRecord } from "./experiment.ts";
import { type Html, html } from "./html.ts";
import { lineChart, type PageChart, type PageLine } from "./line_chart.ts";
import { isEvaluation } from "./read_evaluation.ts";
import { dataTable, shareText } from "./table.ts";

/** The section; `pictures` are data URIs by the names of the gallery. */
export function evaluationSection(
  { measures, gallery }: EvaluationRecord,
  pictures: ReadonlyMap<string, string>,
): Html {
  const own = isEvaluation(measures) ? measures : undefined;
  const where = own
    ? `${basename(own.model.id)} on ${own.part}: `
    : "The training's own validation of its best epoch: ";
  const { boxes, masks, confusion, classNames } = measures;
  return html`<section id="evaluation"><h2>Evaluation</h2>
<p>${where}${measures.images} images, ${measures.labels} labels, ${measures.detections} detections.</p>
${geometryHtml("Boxes", boxes, measures, own?.intervals.boxes)}
${masks && geometryHtml("Masks", masks, measures, own?.intervals.masks)}
${own && intervalNote(own)}
<h3>Curves of boxes</h3>
<div class="charts">${curveCharts(boxes, measures).map(lineChart)}</div>
${
    masks &&
    html`
      <h3>Curves of masks</h3>
      <div class="charts">${curveCharts(masks, measures).map(lineChart)}</div>
    `
  }
<h3>Confusion</h3>
${confusionChart(confusion, classNames)}
${own && clinicalHtml(own)}
${gallery && galleryHtml(gallery, pictures)}</section>`;
}

function geometryHtml(
  title: string,
  { ultralytics84, ultralytics83, coco }: GeometryMeasures,
  { classCounts, images, labels }: DetectorMeasures,
  intervals: DetectorEvaluation["intervals"]["boxes"],
): Html {
  const cocoOf = new Map(coco.classes.map((row) => [row.classNumber, row.ap]));
  const { precision, recall, f1, map50, map75, map50to95 } = ultralytics84;
  const all = [precision, recall, f1, map50, map75, map50to95, coco.ap];
  const rows = ultralytics84.classes.map((row) => [
    classCounts[row.classNumber].name,
    classCounts[row.classNumber].images,
    row.labels,
    ...[row.precision, row.recall, row.f1, row.ap50, row.ap75, row.ap50to95]
      .map(shareText),
    shareText(cocoOf.get(row.classNumber)),
  ]);
  const head = ["Class", "Images", "Labels", "P", "R", "F1"];
  return html`
    <h3>${title}</h3>${dataTable(
      [...head, "mAP50", "mAP75", "mAP50-95", "COCO AP"],
      [["all", images, labels, ...all.map(shareText)], ...rows],
    )}<p
      class="soft">Rule of Ultralytics 8.4; P, R and F1 at confidence ${shareText(
        ultralytics84.bestConfidence,
      )}, where the mean F1 is highest. By the rule up to 8.3: mAP50 ${shareText(
        ultralytics83.map50,
      )}, mAP50-95 ${shareText(
        ultralytics83.map50to95,
      )}. COCO: AP50 ${shareText(coco.ap50)}, AP75 ${shareText(
        coco.ap75,
      )}, small ${shareText(coco.apSmall)}, medium ${shareText(
        coco.apMedium,
      )}, large ${shareText(coco.apLarge)}, AR100 ${shareText(
        coco.ar100,
      )}.</p>${intervals &&
        dataTable(["95 % over patients", "value (from to)"], [
          ["mAP50", intervalText(intervals.map50)],
          ["mAP50-95", intervalText(intervals.map50to95)],
        ])}
  `;
}

function intervalNote({ intervals, settings }: DetectorEvaluation): Html {
  const { patients, missing } = intervals;
  return missing === undefined
    ? html`
      <p
        class="soft">Intervals: ${patients} patients drawn again with replacement, ${settings
          .samples} times, seed ${settings
          .seed}; frames of one patient stay together.</p>
    `
    : html`<p class="note">No intervals: ${
      missing.replace(/: no intervals$/, "")
    }.</p>`;
}

const mostClasses = 10; // more lines than that nobody tells apart

function curveCharts(
  { curves, ultralytics84 }: GeometryMeasures,
  { classNames }: DetectorMeasures,
): PageChart[] {
  const { classes } = ultralytics84;
  const shown = classes.length > 1 && classes.length <= mostClasses;
  const lines = (pick: (one: DetectionCurves) => readonly number[]) => {
    const line = (name: string, one: DetectionCurves, style: number) => {
      const values = pick(one);
      return {
        name,
        style,
        points: values.map((y, i) => ({ x: i / (values.length - 1), y })),
      };
    };
    const own = shown
      ? classes.map(({ classNumber }, i): PageLine =>
        line(classNames[classNumber], curves.classes[i], i + 1)
      )
      : [];
    const mean = classes.length === 1
      ? classNames[classes[0].classNumber]
      : "all classes";
    return [{ ...line(mean, curves.mean, 0), isMain: true }, ...own];
  };
  const x = [0, 1] as const, y = [0, 1] as const;
  const mark = {
    x: ultralytics84.bestConfidence,
    name: "highest mean F1, smoothed",
  };
  return [
    {
      title: "precision by recall, IoU 0.5",
      xLabel: "recall",
      lines: lines((one) => one.precisionByRecall),
      ...{ x, y },
    },
    {
      title: "F1",
      xLabel: "confidence",
      lines: lines((one) => one.f1),
      ...{ x, y, mark },
    },
    {
      title: "precision",
      xLabel: "confidence",
      lines: lines((one) => one.precision),
      ...{ x, y, mark },
    },
    {
      title: "recall",
      xLabel: "confidence",
      lines: lines((one) => one.recall),
      ...{ x, y, mark },
    },
  ];
}

function clinicalHtml(
  { clinical, clinicalMissing, classNames }: DetectorEvaluation,
): Html {
  if (!clinical) {
    return html`
      <h3>Lesions</h3>
      <p class="note">${clinicalMissing ?? "no clinical measures"}.</p>
    `;
  }
  const groups = groupsOf(clinical);
  return html`<h3>Lesions, patients and time</h3>${
    dataTable(
      ["", ...groups.map(([name]) => `${name} patients`)],
      clinicalRows(clinical).map(({ name, cellOf }) => [
        name,
        ...groups.map(([, measures]) => cellOf(measures)),
      ]),
    )
  }${
    clinicalNotes(clinical).map((note) => html`<p class="soft">${note}.</p>`)
  }${lesionTable(clinical, classNames)}`;
}

const mostLesions = 100;

function lesionTable(
  { lesions, hasTimes }: LesionMeasures,
  classNames: readonly string[],
): Html | undefined {
  if (lesions.length === 0) return undefined;
  const delay = (seconds: number | null, frames: number | null) =>
    hasTimes
      ? seconds === null ? "never" : `${seconds.toFixed(2)} s`
      : frames === null
      ? "never"
      : `${frames} frames`;
  return html`<details${
    lesions.length <= 20 && html`
      open
    `
  }><summary>Each lesion</summary>${
    dataTable(
      [
        "Patient",
        "Sequence",
        "Lesion",
        "Class",
        "Frames",
        "Found on",
        "First after",
      ],
      lesions.slice(0, mostLesions).map((one) => [
        one.patient,
        one.sequence,
        one.lesion,
        classNames[one.classNumber],
        one.frames,
        one.framesFound,
        delay(one.delayS, one.delayFrames),
      ]),
      { textColumns: 4 },
    )
  }${
    lesions.length > mostLesions &&
    html`<p class="soft">${
      lesions.length - mostLesions
    } more are in metrics.json.</p>`
  }</details>`;
}

function galleryHtml(
  { counts, limits, failedImages, images, shown }: FailureGallery,
  pictures: ReadonlyMap<string, string>,
): Html {
  const figures = shown.map(({ picture, size, caption }) => {
    const src = pictures.get(picture);
    return html`<figure>${
      src !== undefined &&
      html`
        <img src="${src}" width="${size.width}" height="${size.height}"
          alt="${caption}">
      `
    }<figcaption>${caption}</figcaption></figure>`;
  });
  return html`<h3>Failures</h3>
<p>On ${failedImages} of ${images} images: ${counts.missed} missed, ${
    counts["false positive"]
  } false positive, ${counts["wrong class"]} of a wrong class, ${
    counts["poorly placed"]
  } poorly placed. At confidence ${limits.leastConfidence}; found from IoU ${limits.leastIou} on, well placed from ${limits.wellPlacedIou}.</p>
${
    shown.length > 0 &&
    html`
      <p
        class="soft">The worst ${shown
          .length}: dashes are what is labelled, coloured boxes what was detected.</p>
      <div class="gallery">${figures}</div>
    `
  }`;
}
