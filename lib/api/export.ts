// Export from the page: always below the data folder, under a name of our own.

import { join } from "node:path";
import { exportFormats } from "../work/export/data_set.ts";
import { exportStore } from "../work/export_store.ts";
import type { ExportView } from "./contract.ts";
import type { Desk } from "./desk.ts";

/** Writes a data set of one sequence; throws RangeError for a format that is not known. */
export async function exportSequence(
  { annotator: { writer: { store, sequence } } }: Desk,
  { format: wanted, verifiedOnly }: {
    readonly format: string;
    readonly verifiedOnly: boolean;
  },
): Promise<ExportView> {
  const format = exportFormats.find((format) => format === wanted);
  if (!format) {
    throw new RangeError(
      `There is no format ${wanted}, expected ${exportFormats.join(", ")}`,
    );
  }
  const name = `sequence-${sequence.id}-${format}`;
  const { out, counts, certificate } = await exportStore(store, {
    sequenceIds: [sequence.id],
    format,
    out: join(store.folder, "exports", name),
    onlyFrames: verifiedOnly ? "verified" : "labelled",
  });
  const sum = (key: "frames" | "masks") =>
    counts.reduce((total, part) => total + part[key], 0);
  return {
    folder: out,
    images: sum("frames"),
    masks: sum("masks"),
    notes: certificate.marks,
  };
}
