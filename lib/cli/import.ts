// deno task import: a folder of frames or a video becomes a sequence.

import { importSequence } from "../work/import.ts";
import { type Command, runCommand } from "./command.ts";
import { openStoreOf, storeOptions } from "./store_options.ts";

export const importVerb: Command = {
  name: "import",
  usage: "INPUT [--patient CODE] [--procedure NAME]",
  summary:
    "Puts a folder of frames or a video into the store; the same frames are imported once.",
  options: {
    patient: { type: "string", help: "a code, never a name; splits go by it" },
    procedure: { type: "string", help: "the procedure the clip is from" },
    ...storeOptions,
  },
  positionals: { least: 1, most: 1 },
  async run(call) {
    const store = await openStoreOf(call);
    try {
      const { signal, onProgress } = call;
      const { sequence, frames } = await importSequence(
        store,
        call.positionals[0],
        {
          patient: call.text("patient"),
          procedure: call.text("procedure"),
          signal,
          onProgress,
        },
      );
      await frames.close();
      const { id, frameCount, fps, width, height, framesSha256 } = sequence;
      call.say(
        `sequence ${id}: ${frameCount} frames of ${width}x${height}` +
          (fps === null ? "" : ` at ${fps.toFixed(2)} frames a second`),
      );
      return {
        sequenceId: id,
        frames: frameCount,
        fps,
        width,
        height,
        framesSha256,
      };
    } finally {
      await store.close();
    }
  },
};

if (import.meta.main) await runCommand(importVerb);
