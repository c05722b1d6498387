// deno task import: a folder of frames or a video becomes a sequence, with the
// labels that another tool made for it.

import { openFrames } from "../media/open_frames.ts";
import { exportFormats } from "../work/export/data_set.ts";
import { importFrames } from "../work/import.ts";
import {
  type ImportedLabels,
  importLabels,
} from "../work/import_labels/import_labels.ts";
import {
  isFormat,
  type LabelFormat,
} from "../work/import_labels/read_labels.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";
import { openStoreOf, storeOptions } from "./store_options.ts";

export const importVerb: Command = {
  name: "import",
  usage:
    "INPUT [--patient CODE] [--procedure NAME] [--labels PATH [--labels-format FORMAT]]",
  summary:
    "Puts a folder of frames or a video into the store; the same frames are imported once.",
  options: {
    patient: { type: "string", help: "a code, never a name; splits go by it" },
    procedure: { type: "string", help: "the procedure the clip is from" },
    labels: { type: "string", help: "labels of another tool for these frames" },
    "labels-format": {
      type: "string",
      help: `${exportFormats.join(", ")}; told from the files without it`,
    },
    ...storeOptions,
  },
  positionals: { least: 1, most: 1 },
  async run(call) {
    const { signal, onProgress } = call;
    const labels = call.text("labels");
    const format = labelsFormatOf(call, labels);
    const options = { signal, onProgress };
    // first, so that no store is made for what cannot be read
    const frames = await openFrames(call.positionals[0], options);
    try {
      const store = await openStoreOf(call);
      const { sequence, imported } = await (async () => {
        const sequence = await importFrames(store, frames, {
          patient: call.text("patient"),
          procedure: call.text("procedure"),
          ...options,
        });
        const imported = labels === undefined
          ? undefined
          : await importLabels(store, sequence, labels, { format });
        return { sequence, imported };
      })().finally(() => store.close());
      const { id, frameCount, fps, width, height, framesSha256 } = sequence;
      call.say(
        `sequence ${id}: ${frameCount} frames of ${width}x${height}` +
          (fps === null ? "" : ` at ${fps.toFixed(2)} frames a second`),
      );
      if (imported) sayLabels(call, imported);
      return {
        ...(imported ? { labels: imported } : {}),
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

function labelsFormatOf(
  call: Call,
  labels: string | undefined,
): LabelFormat | undefined {
  const format = call.text("labels-format");
  if (format === undefined) return undefined;
  if (labels === undefined) {
    throw new UsageError("--labels-format goes with --labels");
  }
  if (isFormat(format)) return format;
  throw new UsageError(
    `--labels-format is ${format}, expected one of ${exportFormats.join(", ")}`,
  );
}

function sayLabels(
  call: Call,
  { format, masks, boxes, objects, tags, frames, skipped }: ImportedLabels,
) {
  call.say(
    `${format}: ${masks} masks and ${boxes} boxes on ${frames} frames, ${objects} new objects, ${tags.length} new tags`,
  );
  const words = [
    [skipped.verified, "masks that are verified"],
    [skipped.unchanged, "labels that were there already"],
    [skipped.masked, "boxes where a mask is"],
    [skipped.otherImages, "images of other sequences"],
    [skipped.shapes, "shapes that become no mask"],
  ] as const;
  const left = words.filter(([count]) => count > 0);
  if (left.length > 0) {
    call.say(
      `left aside: ${
        left.map(([count, what]) => `${count} ${what}`).join(", ")
      }`,
    );
  }
}

if (import.meta.main) await runCommand(importVerb);
