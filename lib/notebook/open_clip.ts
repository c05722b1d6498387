// A clip to work on: model, store, frames and the right to write, opened as one.
//
// It is also the annotator that addAnnotation, undo and propagateSequence take, so
// whoever outgrows the short words of a notebook goes on with the same value.

import { html } from "../work/report/html.ts";
import type { Store } from "../store/database.ts";
import type { Sequence } from "../store/sequences.ts";
import { openForWriting } from "../store/writer.ts";
import type { Annotator } from "../work/annotate.ts";
import { type ImportOptions, importSequence } from "../work/import.ts";
import { type ModelChoice, openModel } from "../work/open_model.ts";
import { openDataStore } from "../work/open_store.ts";
import { type Displayable, displayed } from "./display.ts";
import { withProgress } from "./progress.ts";

/** A clip that is open for work; close it when done. */
export type OpenClip = Annotator & Displayable & {
  readonly store: Store;
  readonly sequence: Sequence;
  /** Does work first when the clip is closed. */
  beforeClose(work: () => Promise<void>): void;
  /** Closes frames, store and model. */
  close(): Promise<void>;
};

/**
 * Opens a video or a folder of frames, imported when it is new to the store.
 *
 * @param options.folder where store, masks and exports go; default `data/user`
 * @param options.patient a code, never a name; data sets are split by it
 *
 * @example The sample clip
 * ```ts
 * import { openClip, sampleClipPath } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const clip = await openClip(sampleClipPath, { folder, device: "cpu" });
 * equal(clip.sequence.frameCount, 90);
 * await clip.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openClip(
  input: string,
  { folder, patient, procedure, ...choice }:
    & ModelChoice
    & Pick<ImportOptions, "patient" | "procedure">
    & { readonly folder?: string } = {},
): Promise<OpenClip> {
  await using opening = new AsyncDisposableStack();
  const model = await openModel(choice);
  opening.defer(() => model.close());
  const store = await openDataStore({ folder });
  opening.defer(() => store.close());
  const { sequence, frames } = await withProgress((onProgress) =>
    importSequence(store, input, { patient, procedure, onProgress })
  );
  opening.defer(() => frames.close());
  const writer = await openForWriting(store, sequence.id);
  opening.defer(() => writer.close());
  const opened = opening.move();
  const clip = { store, sequence, frames, model, writer };
  return displayed(
    {
      ...clip,
      beforeClose: (work: () => Promise<void>) => opened.defer(work),
      close: () => opened.disposeAsync(),
    },
    looksOf(clip),
  );
}

function looksOf(
  { sequence, model }: Pick<OpenClip, "sequence" | "model">,
): { html: string; text: string } {
  const { name, frameCount, width, height, fps } = sequence;
  const { id, licence, engine, runtime } = model;
  const rate = fps === null ? "" : ` at ${fps} per second`;
  const source = `${name}: ${frameCount} frames of ${width}x${height}${rate}`;
  const means =
    `model ${id} (${licence}) on ${runtime.device}, input ${engine.side} px`;
  return {
    html: html`<b>${source}</b><br>${means}`.html,
    text: `${source}\n${means}`,
  };
}
