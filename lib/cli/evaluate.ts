// deno task evaluate: how good predictions and masks are, whoever made them.
//
// Each word after the verb is an entry of a table with its own options.

import {
  type ClipsMeasures,
  type DavisNumbers,
  evaluateClips,
} from "../work/evaluation/evaluate_clips.ts";
import { evaluatePredictions } from "../work/evaluation/evaluate_predictions.ts";
import {
  aligned,
  detectorMeasuresText,
} from "../work/evaluation/measures_text.ts";
import {
  writeClipsMeasures,
  writeDetectorMeasures,
} from "../work/evaluation/write_measures.ts";
import type { DetectorMeasures } from "../yolo/evaluation/evaluate_detections.ts";
import type { GeometryMeasures } from "../yolo/evaluation/geometry_measures.ts";
import {
  type Call,
  type Command,
  type CommandOption,
  runCommand,
  UsageError,
} from "./command.ts";

/** What can be evaluated. */
type Subject = {
  readonly usage: string;
  /** Names of the options that belong to it. */
  readonly options: readonly (keyof typeof options)[];
  run(call: Call): Promise<Readonly<Record<string, unknown>>>;
};

const options = {
  truth: {
    type: "string",
    help: "a COCO file, or a folder of mask pictures",
  },
  predictions: { type: "string", help: "a COCO results file" },
  masks: {
    type: "string",
    help:
      "a folder of mask pictures, laid out as DAVIS or one folder an object",
  },
  out: {
    type: "string",
    help: "a folder for metrics.json and tables (.csv)",
  },
} as const satisfies Record<string, CommandOption>;

const subjects: Readonly<Record<string, Subject>> = {
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
};

export const evaluate: Command = {
  name: "evaluate",
  usage: Object.values(subjects).map(({ usage }) => usage).join(" | "),
  summary:
    "Measures predictions by Ultralytics' and COCO's rules, and masks of clips by DAVIS's.",
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
    if (subject.options.includes(name) || call.text(name) === undefined) {
      continue;
    }
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

function sayFiles(call: Call, out: string, files: readonly string[]) {
  call.say(`${files.join(", ")} in ${out}`);
}

if (import.meta.main) await runCommand(evaluate);
