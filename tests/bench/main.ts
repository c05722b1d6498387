// deno task bench [NAME]: the numbers of the README, with machine and date.
//
// Timings of a shared machine are noisy: every figure is the best of several
// runs, and shares are taken against the peak measured in the same run.

import { type Command, runCommand, UsageError } from "../../lib/cli/command.ts";
import { benchAnnotator } from "./annotator_bench.ts";
import { benchClick } from "./click_bench.ts";
import { benchDrift } from "./drift_bench.ts";
import { benchEvaluate } from "./evaluate_bench.ts";
import { benchInt8 } from "./int8_bench.ts";
import { benchLearning } from "./learning_bench.ts";
import { benchMemory } from "./memory_bench.ts";
import { benchNano } from "./nano_table.ts";
import { benchPropagate } from "./propagate_bench.ts";
import { benchSam2 } from "./sam2_bench.ts";
import { benchRealDetector } from "./real_detector.ts";
import { benchYolo } from "./yolo_bench.ts";

const benches = {
  sam2: benchSam2,
  propagate: benchPropagate,
  drift: benchDrift,
  click: benchClick,
  annotator: benchAnnotator,
  memory: benchMemory,
  int8: benchInt8,
  evaluate: benchEvaluate,
  nano: benchNano,
  learning: benchLearning,
  yolo: benchYolo,
  "real-detector": benchRealDetector,
};

const bench: Command = {
  name: "bench",
  usage:
    "[sam2|propagate|int8|click|annotator|drift|memory|evaluate|nano|learning|yolo|real-detector]",
  summary:
    "Measures speed by stage and frame against the machine's own peak, and memory over a long clip.",
  options: {
    device: { type: "string", default: "cpu", help: "cpu, webgpu or cuda" },
    size: {
      type: "string",
      help:
        "input side in pixels of the propagate, click and memory benches (default 512 and 1024, or the model's own)",
    },
    model: {
      type: "string",
      multiple: true,
      help:
        "model of the memory bench: an id, a file, or mini and tiny with made weights; models of the nano bench, repeatable",
    },
    out: {
      type: "string",
      help:
        "a folder that keeps what the real-detector bench makes; a JSON file for all numbers of the nano bench",
    },
    threads: {
      type: "string",
      help: "threads of the nano and learning benches (default all)",
    },
    zoom: {
      type: "boolean",
      help: "the nano bench also clicks through the zoom",
    },
    "clicks-out": {
      type: "string",
      help:
        "a JSON file for the clicks of the nano bench, pictures and true masks beside it",
    },
    frames: {
      type: "string",
      help:
        "how long the clip of the memory bench (default 2000) or the annotator's (default 90000, an hour) is",
    },
  },
  positionals: { least: 0, most: 1 },
  async run(call) {
    const [name] = call.positionals;
    const chosen = Object.entries(benches).filter(([key]) =>
      name === undefined || key === name
    );
    if (chosen.length === 0) {
      throw new UsageError(
        `there is no bench ${name}, expected ${
          Object.keys(benches).join(", ")
        }`,
      );
    }
    const machine = {
      cpu: await cpuName(),
      cores: navigator.hardwareConcurrency,
      os: `${Deno.build.os} ${Deno.build.arch}`,
      deno: Deno.version.deno,
      date: new Date().toISOString().slice(0, 10),
    };
    call.say(
      `${machine.cpu}, ${machine.cores} cores, ${machine.os}, Deno ${machine.deno}, ${machine.date}`,
    );
    const results: Record<string, unknown> = {};
    for (const [key, run] of chosen) results[key] = await run(call);
    return { machine, ...results };
  },
};

async function cpuName(): Promise<string> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => ""); // Linux only
  return text.match(/model name\s*:\s*(.+)/)?.[1] ?? "unknown processor";
}

await runCommand(bench);
