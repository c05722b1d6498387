// deno task import: a folder of frames, a video or a volume becomes a sequence,
// with the labels that another tool made for it.

import { openFrames } from "../media/open_frames.ts";
import type { VolumeOptions } from "../media/volume.ts";
import type { SequenceView } from "../store/sequence_view.ts";
import { exportFormats } from "../work/export/data_set.ts";
import { importFrames } from "../work/import.ts";
import {
  type ImportedLabels,
  importLabels,
} from "../work/import_labels/import_labels.ts";
import { verifyImported } from "../work/import_labels/verify_imported.ts";
import {
  isFormat,
  type LabelFormat,
} from "../work/import_labels/read_labels.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";
import { oneOf } from "./model_options.ts";
import { openStoreOf, storeOptions } from "./store_options.ts";

export const importVerb: Command = {
  name: "import",
  usage:
    "INPUT [--patient CODE] [--procedure NAME] [--axis x|y|z] [--window LEVEL,WIDTH] [--labels PATH [--labels-format FORMAT] [--verified]]",
  summary:
    "Puts a folder of frames, a video or a volume (NIfTI, NRRD) into the store; the same frames are imported once.",
  options: {
    patient: { type: "string", help: "a code, never a name; splits go by it" },
    procedure: { type: "string", help: "the procedure the clip is from" },
    axis: {
      type: "string",
      help:
        "of a volume, the axis of the patient that slices are cut across: x, y or z (default the one with the thickest slices)",
    },
    window: {
      type: "string",
      help:
        "of a volume, LEVEL,WIDTH: the value that is middle grey, and how many lie from black to white",
    },
    labels: { type: "string", help: "labels of another tool for these frames" },
    "labels-format": {
      type: "string",
      help: `${exportFormats.join(", ")}; told from the files without it`,
    },
    verified: {
      type: "boolean",
      help: "a person has checked the labels: their masks count as verified",
    },
    ...storeOptions,
  },
  positionals: { least: 1, most: 1 },
  async run(call) {
    const { signal, onProgress } = call;
    const labels = call.text("labels");
    const format = labelsFormatOf(call, labels);
    if (call.flag("verified") && labels === undefined) {
      throw new UsageError("--verified is about --labels");
    }
    const options = { signal, onProgress, volume: volumeOptionsOf(call) };
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
        if (call.flag("verified")) await verifyImported(store, sequence.id);
        return { sequence, imported };
      })().finally(() => store.close());
      const { id, frameCount, fps, width, height, framesSha256, view } =
        sequence;
      call.say(
        `sequence ${id}: ${frameCount} frames of ${width}x${height}` +
          (fps === null ? "" : ` at ${fps.toFixed(2)} frames a second`) +
          (view === null ? "" : viewText(view)),
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
        ...(view ? { view } : {}),
      };
    } finally {
      await frames.close();
    }
  },
};

function volumeOptionsOf(call: Call): VolumeOptions {
  const axis = call.text("axis") === undefined
    ? undefined
    : oneOf(call, "axis", ["x", "y", "z"]);
  const text = call.text("window");
  if (text === undefined) return { axis };
  const [level, width, ...others] = text.split(",").map(Number);
  if (!Number.isFinite(level) || !(width > 0) || others.length > 0) {
    throw new UsageError(
      `--window is ${text}, expected LEVEL,WIDTH with a width above 0`,
    );
  }
  return { axis, window: { level, width } };
}

function viewText({ axis, level, width, spacingMm }: SequenceView): string {
  const { row, column, slice } = spacingMm;
  const mm = [row, column, slice].map((each) => each.toPrecision(3));
  return `, across ${axis}, ${mm.join(" x ")} mm, level ${
    level.toPrecision(4)
  }, width ${width.toPrecision(4)}`;
}

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
