// deno task report: one page of an experiment, from the folders it left.

import { makeReport } from "../work/report/make_report.ts";
import { type Command, runCommand, UsageError } from "./command.ts";

export const report: Command = {
  name: "report",
  usage:
    "--run DIR --out FILE.html [--evaluation DIR] [--data DIR] [--title TEXT]",
  summary:
    "Writes one self-contained page, and the same as JSON, from what train, evaluate, detect or propagate left.",
  options: {
    run: {
      type: "string",
      help:
        "the folder of a training, an evaluation, a detection or a propagation",
    },
    out: { type: "string", help: "the page; FILE.json is written beside it" },
    evaluation: {
      type: "string",
      help: "what evaluate detector --out left of the model that was trained",
    },
    data: {
      type: "string",
      help: "reads the data set anew, and says where it has changed",
    },
    title: { type: "string", help: "default the name of the folder" },
  },
  positionals: { least: 0, most: 0 },
  async run(call) {
    const [run, out] = [call.text("run"), call.text("out")];
    if (!run || !out) throw new UsageError("expected --run and --out");
    const { page, json, experiment } = await makeReport({
      run,
      out,
      evaluation: call.text("evaluation"),
      data: call.text("data"),
      title: call.text("title"),
      command: call.command,
      onProgress: call.onProgress,
      signal: call.signal,
    });
    for (const mark of experiment.marks) call.warn(`note: ${mark}`);
    const { size } = await Deno.stat(page);
    call.say(`${page} (${Math.round(size / 1000)} kB), ${json}`);
    const parts = [
      "data",
      "training",
      "evaluation",
      "detection",
      "propagation",
    ] as const;
    return {
      page,
      json,
      marks: experiment.marks,
      parts: parts.filter((part) => experiment[part] !== undefined),
      models: experiment.models,
    };
  },
};

if (import.meta.main) await runCommand(report);
