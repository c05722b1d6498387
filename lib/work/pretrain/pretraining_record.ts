// What a pretraining was, in one file that travels with the weights: seeds and
// settings, how long on what, the curve, and the checksum of the result.

import { cpus } from "node:os";
import { join } from "node:path";
import { madeWith } from "../made_with.ts";
import { sha256OfFile } from "../model_file.ts";
import { writeFileWhole } from "../write_file.ts";
import type { RunIdentity } from "./keep_run.ts";

/** Writes record.json into the folder of a run and returns its path. */
export async function writePretrainingRecord(
  out: string,
  identity: RunIdentity,
  { weightsPath, rows }: {
    readonly weightsPath: string;
    readonly rows: readonly {
      readonly seconds: number;
      readonly imagesSeen: number;
    }[];
  },
): Promise<string> {
  const path = join(out, "record.json");
  const last = rows.at(-1);
  const record = {
    kind: "medannotate-pretraining-record",
    ...identity,
    imagesSeen: last?.imagesSeen ?? 0,
    /** Of all sittings, validations included. */
    hours: (last?.seconds ?? 0) / 3600,
    madeWith: {
      ...madeWith(),
      processor: cpus()[0]?.model ?? "unknown",
      cores: navigator.hardwareConcurrency,
    },
    weights: {
      sha256: await sha256OfFile(weightsPath),
      bytes: (await Deno.stat(weightsPath)).size,
    },
    curve: rows,
  };
  await writeFileWhole(path, JSON.stringify(record, null, 2) + "\n");
  return path;
}
