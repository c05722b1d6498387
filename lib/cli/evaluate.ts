// deno task evaluate: how good a detector, predictions and masks are, whoever
// made them, and how many clicks a model needs.
//
// Each word after the verb is an entry of a table with its own options.

import {
  type ClipsMeasures,
  type DavisNumbers,
  evaluateClips,
} from "../work/evaluation/evaluate_clips.ts";
import { evaluateDetector } from "../work/evaluation/evaluate_detector.ts";
import type { DetectorEvaluation } from "../work/evaluation/detector_evaluation.ts";
import { evaluationText } from "../work/evaluation/evaluation_text.ts";
import { evaluatePredictions } from "../work/evaluation/evaluate_predictions.ts";
import {
  aligned,
  detectorMeasuresText,
} from "../work/evaluation/measures_text.ts";
import {
  writeClipsMeasures,
  writeDetectorMeasures,
} from "../work/evaluation/write_measures.ts";
import { splitNames } from "../work/export/data_set.ts";
import type { DetectorMeasures } from "../yolo/evaluation/evaluate_detections.ts";
import type { GeometryMeasures } from "../yolo/evaluation/geometry_measures.ts";
import {
  type ClickSource,
  filesWithTruth,
  listVerified,
} from "../work/evaluation/clicks/click_clip.ts";
import { clicksText } from "../work/evaluation/clicks/clicks_text.ts";
import {
  type ClicksEvaluation,
  evaluateClicks,
} from "../work/evaluation/clicks/evaluate_clicks.ts";
import { openModel } from "../work/open_model.ts";
import {
  type Call,
  type Command,
  type CommandOption,
  runCommand,
  UsageError,
} from "./command.ts";
import { deviceOf, oneOf } from "./model_options.ts";
import { openStoreOf, sequenceIdsOf } from "./store_options.ts";

/** What can be evaluated. */
type Subject = {
  readonly usage: string;
  /** Names of the options that belong to it. */
  readonly options: readonly (keyof typeof options)[];
  run(call: Call): Promise<Readonly<Record<string, unknown>>>;
};

const options = {
  data: {
    type: "string",
    help:
      "a data set: its folder or data.yaml; for clicks the data folder of the store (default data/user)",
  },
  model: {
    type: "string",
    help:
      "a detector: an id, or a file (.pt, .safetensors, .onnx); for clicks a SAM 2 model (default sam2-nano)",
  },
  part: { type: "string", help: "val (default), test or train" },
  size: {
    type: "string",
    help: "side of the input in pixels; default what the model learnt on",
  },
  square: { type: "boolean", help: "inputs are squares, not rectangles" },
  batch: { type: "string", help: "images at once (default 16)" },
  confidence: {
    type: "string",
    help:
      "from where on a detection counts for failures and clinical measures (default 0.25)",
  },
  iou: {
    type: "string",
    help: "of two boxes that overlap more, the better stays (default 0.7)",
  },
  device: { type: "string", help: "auto (default), cpu, webgpu or cuda" },
  truth: {
    type: "string",
    help:
      "a COCO file, or a folder of mask pictures; for clicks also a truth file or a label volume",
  },
  predictions: { type: "string", help: "a COCO results file" },
  masks: {
    type: "string",
    help:
      "a folder of mask pictures, laid out as DAVIS or one folder an object",
  },
  input: {
    type: "string",
    help: "frames to click: a folder, a video or a volume, with --truth",
  },
  sequence: {
    type: "string",
    multiple: true,
    help:
      "the number of a sequence whose verified masks are the truth; repeatable, default all",
  },
  store: {
    type: "string",
    help: "file:… or libsql:… (default a file in the data folder)",
  },
  zoom: {
    type: "string",
    help: "auto clicks through crops around the clicks, off (default) not",
  },
  "max-clicks": {
    type: "string",
    help: "clicks on a mask, at most (default 20)",
  },
  every: {
    type: "string",
    help: "every so many known frames are clicked (default 10)",
  },
  corrections: {
    type: "string",
    help:
      "frames of a clip that are corrected (default 3); 0 for pictures that are no clip",
  },
  out: {
    type: "string",
    help:
      "a folder for metrics.json, tables (.csv) and pictures of failures; for clicks clicks.json and clicks.html",
  },
} as const satisfies Record<string, CommandOption>;

const subjects: Readonly<Record<string, Subject>> = {
  detector: {
    usage:
      "detector --data DIR --model FILE [--part val|test|train] [--size N] [--square] [--batch N] [--confidence C] [--iou T] [--device D] [--out DIR]",
    options: [
      "data",
      "model",
      "part",
      "size",
      "square",
      "batch",
      "confidence",
      "iou",
      "device",
      "out",
    ],
    run: detector,
  },
  predictions: {
    usage: "predictions --truth FILE --predictions FILE [--out DIR]",
    options: ["truth", "predictions", "out"],
    run: predictions,
  },
  clips: {
    usage: "clips --truth DIR --masks DIR [--out DIR]",
    options: ["truth", "masks", "out"],
    run: clips,
  },
  clicks: {
    usage:
      "clicks [--sequence ID]… | clicks --input PATH --truth PATH; [--model FILE] [--size N] [--device D] [--zoom auto|off] [--max-clicks N] [--every N] [--corrections N] [--out DIR]",
    options: [
      "input",
      "truth",
      "sequence",
      "store",
      "data",
      "model",
      "size",
      "device",
      "zoom",
      "max-clicks",
      "every",
      "corrections",
      "out",
    ],
    run: clicks,
  },
};

export const evaluate: Command = {
  name: "evaluate",
  usage: Object.values(subjects).map(({ usage }) => usage).join(" | "),
  summary:
    "Measures detectors and predictions by Ultralytics' and COCO's rules, masks of clips by DAVIS's, and the clicks that a model needs.",
  options,
  positionals: { least: 1, most: 1 },
  async run(call) {
    const [word] = call.positionals;
    const subject = subjects[word];
    if (!subject) {
      throw new UsageError(
        `evaluate ${word} is not there, expected ${
          Object.keys(subjects).join(" or ")
        }`,
      );
    }
    refuseOthers(call, word, subject);
    return await subject.run(call);
  },
};

function refuseOthers(call: Call, word: string, subject: Subject) {
  const names = Object.keys(options) as (keyof typeof options)[];
  for (const name of names) {
    const isGiven = call.text(name) !== undefined || call.flag(name);
    if (subject.options.includes(name) || !isGiven) continue;
    throw new UsageError(
      `--${name} does not belong to evaluate ${word}, expected ${subject.usage}`,
    );
  }
}

function required(call: Call, name: keyof typeof options): string {
  const text = call.text(name);
  if (text) return text;
  throw new UsageError(`expected --${name}`);
}

async function detector(call: Call) {
  const { onProgress, signal } = call;
  const out = call.text("out");
  const evaluation = await evaluateDetector({
    data: required(call, "data"),
    model: required(call, "model"),
    device: call.text("device") === undefined ? "auto" : deviceOf(call),
    part: call.text("part") === undefined
      ? "val"
      : oneOf(call, "part", splitNames),
    size: call.count("size", { least: 32 }),
    isRect: !call.flag("square"),
    batch: call.count("batch", { least: 1 }),
    confidence: shareOf(call, "confidence"),
    iouThreshold: shareOf(call, "iou"),
    out,
    command: call.command,
    onProgress,
    signal,
  });
  for (const line of evaluationText(evaluation)) call.say(line);
  for (const mark of evaluation.marks) call.warn(`note: ${mark}`);
  if (out) {
    call.say(`metrics.json, tables, predictions.json and failures in ${out}`);
  }
  return { out: out ?? null, ...shortEvaluation(evaluation) };
}

/** What fits into a line: no curves, no matrix, no names of lesions. */
function shortEvaluation(evaluation: DetectorEvaluation) {
  const { clinical, clinicalMissing, data, intervals } = evaluation;
  const { part, model, settings, marks, failureCounts } = evaluation;
  const { lesions: _, ...short } = clinical ?? { lesions: [] };
  return {
    ...{ part, data: data.folder, digest: data.digest, model, settings, marks },
    ...shortMeasures(evaluation),
    intervals,
    ...(clinical ? { clinical: short } : { clinicalMissing }),
    failures: failureCounts,
  };
}

/** A number above 0, at most 1. */
function shareOf(
  call: Call,
  name: "confidence" | "iou",
): number | undefined {
  const text = call.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= 1) return value;
  throw new UsageError(
    `--${name} is ${text}, expected a number above 0, at most 1`,
  );
}

async function predictions(call: Call) {
  const measures = await evaluatePredictions(
    required(call, "truth"),
    required(call, "predictions"),
  );
  for (const line of detectorMeasuresText(measures)) call.say(line);
  const out = call.text("out");
  if (out) sayFiles(call, out, await writeDetectorMeasures(out, measures));
  return { out: out ?? null, ...shortMeasures(measures) };
}

/** What fits into a line: no curves, no matrix. */
function shortMeasures(
  { images, labels, detections, classCounts, boxes, masks }: DetectorMeasures,
) {
  const short = ({ ultralytics84, ultralytics83, coco }: GeometryMeasures) => {
    const { classes: cocoClasses, ...cocoStats } = coco;
    const cocoOf = new Map(cocoClasses.map((row) => [row.classNumber, row]));
    const { classes, ...newer } = ultralytics84;
    const { classes: _, ...older } = ultralytics83;
    return {
      ultralytics84: newer,
      ultralytics83: older,
      coco: cocoStats,
      classes: classes.map(({ classNumber, ap: _, ...row }) => ({
        name: classCounts[classNumber].name,
        images: classCounts[classNumber].images,
        ...row,
        cocoAp: cocoOf.get(classNumber)?.ap ?? null,
      })),
    };
  };
  return {
    images,
    labels,
    detections,
    boxes: short(boxes),
    ...(masks ? { masks: short(masks) } : {}),
  };
}

async function clips(call: Call) {
  const { onProgress, signal } = call;
  const measures = await evaluateClips(
    required(call, "truth"),
    required(call, "masks"),
    { onProgress, signal },
  );
  for (const line of clipLines(measures)) call.say(line);
  if (measures.unused.length > 0) {
    call.warn(`without truth, not measured: ${measures.unused.join(", ")}`);
  }
  const out = call.text("out");
  if (out) sayFiles(call, out, await writeClipsMeasures(out, measures));
  const { sequences, ...whole } = measures;
  return {
    out: out ?? null,
    ...whole,
    sequences: sequences.map((sequence) => ({
      ...sequence,
      objects: sequence.objects.map(({ frames, ...object }) => ({
        ...object,
        frames: frames.length,
      })),
    })),
  };
}

function clipLines({ sequences, objects, ...whole }: ClipsMeasures): string[] {
  const row = (
    name: string,
    count: number,
    { davis, allFrames }: Pick<ClipsMeasures, "davis" | "allFrames">,
  ) => [
    name,
    String(count),
    ...davisCells(davis),
    allFrames.jAndF.toFixed(4),
  ];
  return [
    ...aligned([
      [
        "sequence",
        "objects",
        "J&F",
        "J mean",
        "J recall",
        "J decay",
        "F mean",
        "F recall",
        "F decay",
        "J&F, all frames",
      ],
      ...sequences.map((sequence) =>
        row(sequence.sequence, sequence.objects.length, sequence)
      ),
      row("all", objects, whole),
    ]),
    "as DAVIS: without the first and the last frame; means over objects",
  ];
}

function davisCells({ j, f, jAndF }: DavisNumbers): string[] {
  return [jAndF, j?.mean, j?.recall, j?.decay, f?.mean, f?.recall, f?.decay]
    .map((value) =>
      value === null || value === undefined ? "–" : value.toFixed(4)
    );
}

async function clicks(call: Call) {
  const { onProgress, signal } = call;
  const out = call.text("out");
  const options = {
    zoom: call.text("zoom") === undefined
      ? "off" as const
      : oneOf(call, "zoom", ["auto", "off"]),
    maxClicks: call.count("max-clicks", { least: 5 }),
    every: call.count("every", { least: 1 }),
    corrections: call.count("corrections"),
    ...{ out, onProgress, signal, command: call.command },
  };
  const size = call.count("size", { least: 32 });
  if (size !== undefined && size % 32 !== 0) {
    throw new UsageError(`--size is ${size}, expected a multiple of 32`);
  }
  const device = call.text("device") === undefined ? "auto" : deviceOf(call);
  const evaluation = await withClickSources(call, async (sources) => {
    const model = await openModel({ model: call.text("model"), size, device });
    try {
      return await evaluateClicks(model, sources, options);
    } finally {
      await model.close();
    }
  });
  for (const line of clicksText(evaluation)) call.say(line);
  if (out) sayFiles(call, out, ["clicks.json", "clicks.html"]);
  const { trials: _trials, objects: _objects, ...short } = evaluation;
  return { out: out ?? null, ...short };
}

/** Opens what a call names: frames with a truth, or verified sequences of a store. */
async function withClickSources(
  call: Call,
  work: (sources: readonly ClickSource[]) => Promise<ClicksEvaluation>,
): Promise<ClicksEvaluation> {
  const { onProgress, signal } = call;
  const input = call.text("input");
  const truth = call.text("truth");
  if (input !== undefined || truth !== undefined) {
    if (input === undefined || truth === undefined) {
      throw new UsageError("--input and --truth go together");
    }
    const other = ["sequence", "store", "data"]
      .find((name) => call.text(name) !== undefined);
    if (other) throw new UsageError(`--input takes no --${other}`);
    return await work([filesWithTruth(input, truth, { onProgress, signal })]);
  }
  const sequenceIds = sequenceIdsOf(call);
  const store = await openStoreOf(call);
  try {
    const sources = await listVerified(store, {
      sequenceIds,
      onProgress,
      signal,
    });
    return await work(sources);
  } finally {
    await store.close();
  }
}

function sayFiles(call: Call, out: string, files: readonly string[]) {
  call.say(`${files.join(", ")} in ${out}`);
}

if (import.meta.main) await runCommand(evaluate);
