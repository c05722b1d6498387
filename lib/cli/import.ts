// deno task import: a folder of frames or a video becomes a sequence.

import { openFrames } from "../media/open_frames.ts";
import { importFrames } from "../work/import.ts";
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
    const { signal, onProgress } = call;
    const options = { signal, onProgress };
    // first, so that no store is made for what cannot be read
    const frames = await openFrames(call.positionals[0], options);
    try {
      const store = await openStoreOf(call);
      const sequence = await importFrames(store, frames, {
        patient: call.text("patient"),
        procedure: call.text("procedure"),
        ...options,
      }).finally(() => store.close());
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
      await frames.close();
    }
  },
};

if (import.meta.main) await runCommand(importVerb);
