// deno task live: masks for frames as they come.

import { openModel } from "../work/open_model.ts";
import { watchLive } from "../work/live.ts";
import { requireWritable } from "../work/write_file.ts";
import { type Command, runCommand, UsageError } from "./command.ts";
import { modelChoiceOf, modelOptions } from "./model_options.ts";

export const live: Command = {
  name: "live",
  usage:
    "FOLDER|-|DEVICE|URL|FILE --prompts FILE.json [--out DIR] [--newest] [--format NAME] [--idle SECONDS]",
  summary:
    "Tracks clicked objects through frames as they come: a folder that grows, a pipe, a camera, a stream.",
  options: {
    prompts: {
      type: "string",
      help: "prompts.json; its frames count as they come",
    },
    out: { type: "string", help: "a folder for masks and live.jsonl" },
    newest: {
      type: "boolean",
      help: "drop frames when the model is slower than they come",
    },
    format: {
      type: "string",
      help: "FFmpeg's name of the container, where it cannot be told",
    },
    idle: {
      type: "string",
      help: "end when a folder got nothing new for so many seconds",
    },
    ...modelOptions,
  },
  positionals: { least: 1, most: 1 },
  async run(call) {
    const prompts = call.text("prompts");
    if (prompts === undefined) throw new UsageError("--prompts is missing");
    const idle = call.count("idle");
    const out = call.text("out");
    if (out) await requireWritable(out);
    const model = await openModel(modelChoiceOf(call));
    try {
      const done = await watchLive(model, {
        source: call.positionals[0],
        prompts,
        out,
        newest: call.flag("newest"),
        format: call.text("format"),
        idleMs: idle === undefined ? undefined : idle * 1000,
        onProgress: call.onProgress,
        signal: call.signal,
      });
      const { median, p95, worst } = done.latencyMs;
      call.say(
        `${done.frames} frames, ${done.dropped} dropped, ${
          done.perSecond.toFixed(1)
        } a second; masks after ${median.toFixed(0)} ms (95 % within ${
          p95.toFixed(0)
        }, worst ${worst.toFixed(0)}) on ${model.runtime.device}`,
      );
      return { ...done, out: out ?? null };
    } finally {
      await model.close();
    }
  },
};

if (import.meta.main) await runCommand(live);
