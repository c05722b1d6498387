// Export in a cell: progress while it runs, then what the data set holds.

import type { ExportResult } from "../work/export/export_data_set.ts";
import { exportStore } from "../work/export_store.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { withProgress } from "./progress.ts";
import { tableLook } from "./table.ts";

/** A data set as a cell shows it. */
export type ExportView = Displayable & ExportResult;

type StoreExport = Parameters<typeof exportStore>[1];

/**
 * Writes a data set of all sequences in the clip's store; the marks below the
 * table are what a reader of any result from it has to know.
 *
 * @param options.sequenceIds only these sequences
 * @throws Error when parts would share a patient or a frame; nothing is written then
 */
export async function exportClip(
  { store }: Pick<OpenClip, "store">,
  options: Omit<StoreExport, "onProgress">,
): Promise<ExportView> {
  const result = await withProgress((onProgress) =>
    exportStore(store, { ...options, onProgress })
  );
  const { counts, certificate: { marks } } = result;
  const rows = counts.map((
    { part, patients, sequences, frames, masks, verifiedMasks },
  ) => ({
    part,
    patients: patients.length,
    sequences: sequences.length,
    frames,
    masks,
    verified: verifiedMasks,
  }));
  const looks = marks.length > 0 ? [{ text: marks.join("\n") }] : [];
  return displayed(result, tableLook(rows), ...looks);
}
