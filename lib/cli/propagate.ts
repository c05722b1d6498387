// deno task propagate: from a few clicks to a mask on every frame.

import type { Direction } from "../propagate/plan.ts";
import type { Store } from "../store/database.ts";
import { openForWriting } from "../store/writer.ts";
import { importSequence, openSequence } from "../work/import.ts";
import { openModel } from "../work/open_model.ts";
import { propagateClip } from "../work/propagate_clip.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";
import { modelChoiceOf, modelOptions } from "./model_options.ts";
import { openStoreOf, sequenceIdsOf, storeOptions } from "./store_options.ts";

export const propagate: Command = {
  name: "propagate",
  usage:
    "INPUT|--sequence ID [--prompts FILE.json] [--out DIR] [--direction both|forward|backward] [--from N] [--to N] [--restart]",
  summary:
    "Carries masks from prompted frames to all others; goes on where an earlier run stopped.",
  options: {
    sequence: { type: "string", help: "a sequence of the store" },
    prompts: { type: "string", help: "prompts.json, added once" },
    out: { type: "string", help: "a folder for masks and scores" },
    direction: {
      type: "string",
      default: "both",
      help: "both, forward or backward",
    },
    from: { type: "string", help: "first frame that may be filled" },
    to: { type: "string", help: "last frame that may be filled" },
    restart: {
      type: "boolean",
      help: "forget an earlier run and its prompts where they differ",
    },
    ...modelOptions,
    ...storeOptions,
  },
  positionals: { least: 0, most: 1 },
  async run(call) {
    const choice = modelChoiceOf(call);
    const direction = directionOf(call);
    const [from, to] = [call.count("from"), call.count("to")];
    requireOneInput(call);
    const store = await openStoreOf(call);
    try {
      const { sequence, frames } = await openInput(store, call);
      try {
        const writer = await openForWriting(store, sequence.id);
        try {
          const model = await openModel(choice);
          try {
            const { onProgress, signal } = call;
            const annotator = { writer, frames, model };
            const done = await propagateClip(annotator, {
              prompts: call.text("prompts"),
              out: call.text("out"),
              direction,
              from,
              to,
              restart: call.flag("restart"),
              onProgress,
              signal,
            });
            call.say(
              `sequence ${sequence.id}: ${done.framesTracked} steps tracked in this call, ` +
                `${done.run.framesDone} of ${done.run.framesTotal} done, ${
                  done.msPerFrame.toFixed(1)
                } ms each on ${model.runtime.device}`,
            );
            return {
              sequenceId: sequence.id,
              runId: done.run.id,
              frames: sequence.frameCount,
              framesTracked: done.framesTracked,
              framesDone: done.run.framesDone,
              framesTotal: done.run.framesTotal,
              msPerFrame: done.msPerFrame,
              model: model.id,
              modelSha256: model.sha256,
              side: model.engine.side,
              device: model.runtime.device,
              out: call.text("out"),
            };
          } finally {
            await model.close();
          }
        } finally {
          await writer.close();
        }
      } finally {
        await frames.close();
      }
    } finally {
      await store.close();
    }
  },
};

function requireOneInput(call: Call) {
  const ids = sequenceIdsOf(call);
  if (ids.length + call.positionals.length !== 1) {
    throw new UsageError("expected either an INPUT or one --sequence");
  }
}

function openInput(store: Store, call: Call) {
  const { onProgress, signal } = call;
  const [id] = sequenceIdsOf(call);
  return id === undefined
    ? importSequence(store, call.positionals[0], { onProgress, signal })
    : openSequence(store, id, { signal });
}

function directionOf(call: Call): "both" | Direction {
  const wanted = call.text("direction");
  if (wanted === "both" || wanted === "forward" || wanted === "backward") {
    return wanted;
  }
  throw new UsageError(
    `--direction is ${wanted}, expected both, forward or backward`,
  );
}

if (import.meta.main) await runCommand(propagate);
