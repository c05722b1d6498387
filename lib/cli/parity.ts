// deno task parity: compare with the numbers of the official code.

import { openRuntime } from "../runtime/runtime.ts";
import { compareFolder } from "../work/parity/parity.ts";
import { type Command, runCommand, UsageError } from "./command.ts";
import { deviceOf, modelOptions } from "./model_options.ts";

export const parity: Command = {
  name: "parity",
  usage: "DIR [--only PATTERN]",
  summary:
    "Compares everything a golden folder holds with what is computed here.",
  options: {
    only: {
      type: "string",
      help: "a regular expression; what does not match is left out",
    },
    device: modelOptions.device,
  },
  positionals: { least: 1, most: 1 },
  async run(call) {
    const pattern = call.text("only");
    const only = pattern === undefined ? undefined : parsePattern(pattern);
    const runtime = await openRuntime({ device: deviceOf(call) });
    try {
      const [folder] = call.positionals;
      const { onProgress } = call;
      const report = await compareFolder(folder, runtime, { only, onProgress });
      const failed = report.tensors.filter(({ ok }) => !ok);
      for (const { name, error, unit, tolerance } of failed.slice(0, 20)) {
        call.say(
          `differs ${name}: ${
            error.toExponential(2)
          } ${unit}, at most ${tolerance}`,
        );
      }
      for (const { name, why } of report.missing.slice(0, 20)) {
        call.say(`not compared ${name.slice(0, 100)}: ${why}`);
      }
      const worst = (unit: string) =>
        report.tensors.filter((t) => t.unit === unit)
          .reduce((most, { error }) => Math.max(most, error), 0);
      call.say(
        `${report.compared} of ${report.expected} compared, ${failed.length} differ; ` +
          `worst tensor ${
            worst("std").toExponential(2)
          } of its standard deviation`,
      );
      return report;
    } finally {
      runtime.close();
    }
  },
};

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`--only is ${text}, expected a regular expression`);
  }
}

if (import.meta.main) await runCommand(parity);
