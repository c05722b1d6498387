// deno task tune: a SAM 2 learns from the masks that a person has verified.

import { openRuntime } from "../runtime/runtime.ts";
import type { Sam2Validation } from "../sam2/training/validate.ts";
import { parseSplit } from "../work/export/split.ts";
import { type Tuned, tuneModel } from "../work/tune/tune_model.ts";
import { writeTuneReport } from "../work/tune/tune_report.ts";
import {
  type Call,
  type Command,
  type CommandOption,
  runCommand,
  UsageError,
} from "./command.ts";
import { given, positiveOf } from "./given.ts";
import { deviceOf, modelOptions } from "./model_options.ts";
import { openStoreOf, sequenceIdsOf, storeOptions } from "./store_options.ts";

const options = {
  out: {
    type: "string",
    help: "folder for the checkpoint, the data and the report",
  },
  sequence: {
    type: "string",
    multiple: true,
    help: "a sequence; repeatable, default all",
  },
  model: modelOptions.model,
  name: {
    type: "string",
    help:
      "the id under which the tuned model is installed; default the model's with -tuned",
  },
  split: {
    type: "string",
    default: "train=0.7,val=0.3",
    help: "shares by patient; time,train=… cuts inside sequences, with --force",
  },
  gap: {
    type: "string",
    default: "5",
    help: "frames left out at each cut in time",
  },
  steps: { type: "string", help: "default 400" },
  rate: { type: "string", help: "highest learning rate; default 0.00004" },
  encoder: {
    type: "boolean",
    help: "the image encoder learns too, which takes longer",
  },
  size: modelOptions.size,
  seed: { type: "string", help: "of the split and all chance; default 1" },
  threads: { type: "string", help: "processor cores to use; default all" },
  force: {
    type: "boolean",
    help: "tunes on little data, or data that is not independent; marked",
  },
  device: modelOptions.device,
  ...storeOptions,
} as const satisfies Record<string, CommandOption>;

export const tune: Command = {
  name: "tune",
  usage: "--out DIR [--sequence ID]… [--model ID]",
  summary:
    "Fine-tunes SAM 2 on verified masks, split by patient, and measures it on patients that it has not seen.",
  options,
  positionals: { least: 0, most: 0 },
  async run(call) {
    const out = call.text("out");
    if (!out) throw new UsageError("expected --out");
    const force = call.flag("force");
    const seed = call.count("seed") ?? 1;
    const settings = given({
      seed,
      encoder: call.flag("encoder"),
      steps: call.count("steps", { least: 1 }),
      rate: positiveOf(call, "rate"),
    });
    const store = await openStoreOf(call);
    const runtime = await openRuntime({
      device: deviceOf(call),
      threads: call.count("threads", { least: 1 }),
    });
    try {
      const tuned = await tuneModel(store, runtime, {
        out,
        force,
        sequenceIds: sequenceIdsOf(call),
        model: call.text("model"),
        side: call.count("size", { least: 32 }),
        id: call.text("name"),
        split: parseSplit(call.text("split") ?? "", {
          seed,
          gapFrames: call.count("gap"),
          force,
        }),
        settings,
        onProgress: call.onProgress,
        signal: call.signal,
      });
      const report = await writeTuneReport(out, tuned);
      sayResult(call, tuned);
      call.say(`installed as ${tuned.installed.record.id}; report: ${report}`);
      const { certificate: _, steps: __, installed, ...told } = tuned;
      return { ...told, id: installed.record.id, report };
    } finally {
      runtime.close();
      await store.close();
    }
  },
};

function sayResult(
  call: Call,
  { learntFrom, unseen, generated, marks }: Tuned,
) {
  const { masks, frames, patients } = learntFrom;
  call.say(
    `learnt from ${masks} verified masks on ${frames} frames of ${patients} patients`,
  );
  for (const { patient, sequence, object, before, after } of unseen) {
    call.say(
      `${patient || "no patient"} ${sequence} object ${object}: ${
        change(before, after)
      }`,
    );
  }
  call.say(`generated scenes: ${change(generated.before, generated.after)}`);
  for (const mark of marks) call.warn(`note: ${mark}`);
}

/** IoU with 1 and 3 clicks and of tracked frames, before and after. */
function change(before: Sam2Validation, after: Sam2Validation): string {
  const of = (found: Sam2Validation) => {
    const tracked = found.iouByFrame;
    const mean = tracked.length === 0
      ? "–"
      : (tracked.reduce((sum, value) => sum + value, 0) / tracked.length)
        .toFixed(3);
    return [
      found.iouByClicks[0].toFixed(3),
      found.iouByClicks[2].toFixed(3),
      mean,
    ];
  };
  const [a, b] = [of(before), of(after)];
  return `1 click ${a[0]} to ${b[0]}, 3 clicks ${a[1]} to ${b[1]}, tracked ${
    a[2]
  } to ${b[2]}`;
}

if (import.meta.main) await runCommand(tune);
