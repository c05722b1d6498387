// deno task export: a data set from the store, with its certificate; or the
// difference between two data sets that were exported.

import { exportFormats } from "../work/export/data_set.ts";
import {
  differenceText,
  diffSnapshots,
  readSnapshot,
} from "../work/export/diff_snapshots.ts";
import { parseSplit } from "../work/export/split.ts";
import { exportStore } from "../work/export_store.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";
import { openStoreOf, sequenceIdsOf, storeOptions } from "./store_options.ts";

export const exportVerb: Command = {
  name: "export",
  usage:
    "--format FORMAT --out DIR [--sequence ID]… [--split [patient,|procedure,|sequence,|time,]train=0.8,val=0.2] [--seed N] [--gap N] [--only labelled|verified] [--force] | --diff OLD NEW",
  summary: `Writes a data set (${
    exportFormats.join(", ")
  }) with a certificate that no patient is in two parts.`,
  options: {
    format: { type: "string", help: exportFormats.join(", ") },
    out: { type: "string", help: "the folder to make" },
    sequence: {
      type: "string",
      multiple: true,
      help: "a sequence; repeatable, default all",
    },
    split: {
      type: "string",
      default: "train=0.8,val=0.2",
      help:
        "shares by patient; procedure,train=… or sequence,train=… keep less together; time,train=… cuts, with --force",
    },
    seed: { type: "string", default: "1", help: "of the split" },
    gap: {
      type: "string",
      default: "25",
      help: "frames left out at each cut in time",
    },
    only: {
      type: "string",
      help: "labelled or verified frames instead of all",
    },
    force: {
      type: "boolean",
      help: "write polygons that fit badly, or parts that leak; marked",
    },
    diff: {
      type: "boolean",
      help: "say what changed from export OLD to export NEW",
    },
    ...storeOptions,
  },
  positionals: { least: 0, most: 2 },
  async run(call) {
    if (call.flag("diff")) return await sayDifference(call);
    if (call.positionals.length > 0) {
      throw new UsageError("only --diff takes two exports");
    }
    const format = oneOf(call, "format", exportFormats);
    const out = call.text("out");
    if (!format || !out) throw new UsageError("expected --format and --out");
    const force = call.flag("force");
    const split = parseSplit(call.text("split") ?? "", {
      seed: call.count("seed"),
      gapFrames: call.count("gap"),
      force,
    });
    const store = await openStoreOf(call);
    try {
      const { onProgress, signal } = call;
      const { files, counts, certificate, rows } = await exportStore(store, {
        format,
        out,
        sequenceIds: sequenceIdsOf(call),
        split,
        force,
        onlyFrames: oneOf(call, "only", ["labelled", "verified"] as const),
        onProgress,
        signal,
      });
      for (const part of counts) {
        call.say(`${part.part}: ${part.frames} frames`);
      }
      const worst = rows.reduce((least, { iou }) => Math.min(least, iou), 1);
      if (rows.length > 0) {
        call.say(
          `${rows.length} polygons, worst agreement with their masks ${
            worst.toFixed(4)
          }`,
        );
      }
      call.say(`${files.length} files in ${out}, see certificate.md`);
      return { out, format, files: files.length, counts, certificate };
    } finally {
      await store.close();
    }
  },
};

/** Exits with 0 also where the exports differ, as that is what was asked. */
async function sayDifference(call: Call) {
  const [before, after] = call.positionals;
  if (after === undefined) throw new UsageError("--diff takes two exports");
  const difference = diffSnapshots(
    await readSnapshot(before),
    await readSnapshot(after),
  );
  for (const line of differenceText(difference).trimEnd().split("\n")) {
    call.say(line);
  }
  return { before, after, ...difference };
}

function oneOf<Name extends string>(
  call: Call,
  option: string,
  names: readonly Name[],
): Name | undefined {
  const text = call.text(option);
  if (text === undefined) return undefined;
  const found = names.find((name) => name === text);
  if (found) return found;
  throw new UsageError(
    `--${option} is ${text}, expected one of ${names.join(", ")}`,
  );
}

if (import.meta.main) await runCommand(exportVerb);
