// deno task demo: the whole main job on the sample clip, or on a clip of yours.

import { resolve } from "node:path";
import { secondsText } from "../work/report/amounts.ts";
import { runDemo } from "../work/demo.ts";
import { nameOfSource } from "../work/import.ts";
import { counted } from "../work/demo_report.ts";
import { type Command, runCommand } from "./command.ts";
import { modelChoiceOf, modelOptions } from "./model_options.ts";

export const demo: Command = {
  name: "demo",
  usage: "[--input PATH] [--prompts FILE] [--out DIR] [--restart]",
  summary:
    "Imports a clip, clicks, propagates both ways, reviews, exports and reports; by default the sample clip.",
  options: {
    input: { type: "string", help: "a folder of frames or a video" },
    prompts: {
      type: "string",
      help: "prompts.json; without it a machine chooses one click on PATH",
    },
    out: {
      type: "string",
      help: "the folder to make (default demo, or demo-NAME)",
    },
    restart: { type: "boolean", help: "forget an earlier demo in the folder" },
    ...modelOptions,
  },
  positionals: { least: 0, most: 0 },
  async run(call) {
    const input = call.text("input");
    const result = await runDemo({
      ...modelChoiceOf(call),
      input,
      prompts: call.text("prompts"),
      out: call.text("out") ?? defaultFolder(input),
      restart: call.flag("restart"),
      onProgress: call.onProgress,
      onStage: ({ name, seconds, detail }) =>
        call.say(
          `${name.padEnd(10)} ${secondsText(seconds).padStart(8)}  ${detail}`,
        ),
      signal: call.signal,
    });
    call.say(
      `\n${counted(result.masks, "mask")} of ${
        counted(result.objects, "object")
      } on ${counted(result.frames, "frame")}.\nopen ${result.page}`,
    );
    return result;
  },
};

/** One folder for each input, so that demos do not meet. */
function defaultFolder(input: string | undefined): string {
  return input === undefined ? "demo" : `demo-${nameOfSource(resolve(input))}`;
}

if (import.meta.main) await runCommand(demo);
