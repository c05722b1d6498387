// deno task propagate: from a few clicks to a mask on every frame.

import type { Frames } from "../media/frames.ts";
import { openFrames } from "../media/open_frames.ts";
import { openForWriting } from "../store/writer.ts";
import { importFrames, openSequence } from "../work/import.ts";
import { openModel } from "../work/open_model.ts";
import { readPromptsFile } from "../work/prompts_file.ts";
import { requireRange } from "../work/run_identity.ts";
import { propagateClip } from "../work/propagate_clip.ts";
import { requireWritable } from "../work/write_file.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";
import { modelChoiceOf, modelOptions, oneOf } from "./model_options.ts";
import { openStoreOf, sequenceIdsOf, storeOptions } from "./store_options.ts";

export const propagate: Command = {
  name: "propagate",
  usage:
    "INPUT|--sequence ID [--prompts FILE.json [--add]] [--out DIR] [--direction both|forward|backward] [--from N] [--to N] [--restart]",
  summary:
    "Carries masks from prompted frames to all others; goes on where an earlier run stopped.",
  options: {
    sequence: { type: "string", help: "a sequence of the store" },
    prompts: { type: "string", help: "prompts.json, added once" },
    add: {
      type: "boolean",
      help: "add the prompts to those that are there: a correction",
    },
    out: { type: "string", help: "a folder for masks and scores" },
    direction: {
      type: "string",
      default: "both",
      help: "both, forward or backward",
    },
    agreement: {
      type: "string",
      default: "on",
      help: "off tracks between two prompted frames only from the nearer one",
    },
    "non-overlap": {
      type: "boolean",
      help: "no pixel belongs to two objects",
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
    const direction = oneOf(call, "direction", ["both", "forward", "backward"]);
    const range = { from: call.count("from"), to: call.count("to") };
    requireOneInput(call);
    await using open = new AsyncDisposableStack();
    const model = open.adopt(await openModel(choice), close);
    const { store, sequence, frames } = await openInput(call, range, open);
    const writer = open.adopt(await openForWriting(store, sequence.id), close);
    const { onProgress, signal } = call;
    const done = await propagateClip({ writer, frames, model }, {
      prompts: call.text("prompts"),
      add: call.flag("add"),
      out: call.text("out"),
      direction,
      nonOverlap: call.flag("non-overlap"),
      agreement: oneOf(call, "agreement", ["on", "off"]) === "on",
      ...range,
      restart: call.flag("restart"),
      onProgress,
      signal,
    });
    const { framesTracked, msPerFrame, run } = done;
    call.say(
      `sequence ${sequence.id}: ${framesTracked} steps tracked in this call, ` +
        `${run.framesDone} of ${run.framesTotal} done, ${
          msPerFrame.toFixed(1)
        } ms each on ${model.runtime.device}`,
    );
    if (done.features?.trouble !== undefined) {
      call.warn(`features could not be kept: ${done.features.trouble}`);
    }
    return {
      sequenceId: sequence.id,
      runId: run.id,
      frames: sequence.frameCount,
      framesTracked,
      framesDone: run.framesDone,
      framesTotal: run.framesTotal,
      msPerFrame,
      framesEncoded: done.features?.encoded ?? 0,
      model: model.id,
      modelSha256: model.sha256,
      side: model.engine.side,
      device: model.runtime.device,
      out: call.text("out"),
    };
  },
};

/** Opens what is propagated; an INPUT is stored only when all that was asked fits it. */
async function openInput(
  call: Call,
  range: Range,
  open: AsyncDisposableStack,
) {
  const { onProgress, signal } = call;
  const [id] = sequenceIdsOf(call);
  if (id !== undefined) {
    const store = open.adopt(await openStoreOf(call), close);
    const { sequence, frames } = await openSequence(store, id, { signal });
    open.adopt(frames, close);
    await checkAsked(call, range, frames);
    return { store, sequence, frames };
  }
  const options = { onProgress, signal };
  const frames = open.adopt(
    await openFrames(call.positionals[0], options),
    close,
  );
  await checkAsked(call, range, frames);
  const store = open.adopt(await openStoreOf(call), close);
  const sequence = await importFrames(store, frames, options);
  return { store, sequence, frames };
}

type Range = { readonly from?: number; readonly to?: number };

async function checkAsked(call: Call, range: Range, { count, size }: Frames) {
  requireRange(count, range);
  const prompts = call.text("prompts");
  if (prompts) await readPromptsFile(prompts, { ...size, frameCount: count });
  const out = call.text("out");
  if (out) await requireWritable(out);
}

function close(what: { close(): Promise<void> }): Promise<void> {
  return what.close();
}

function requireOneInput(call: Call) {
  const ids = sequenceIdsOf(call);
  if (ids.length + call.positionals.length !== 1) {
    throw new UsageError("expected either an INPUT or one --sequence");
  }
}

if (import.meta.main) await runCommand(propagate);
