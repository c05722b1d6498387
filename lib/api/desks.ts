// All desks of a server: sequences are opened when the page first asks for them,
// and stay open until the server ends. All of them work with one model, which can
// be changed for another that is installed.

import { Buffer } from "node:buffer";
import { messageOf } from "../base/errors.ts";
import type { RgbImage } from "../base/image.ts";
import type { Frames } from "../media/frames.ts";
import { encodeJpeg } from "../media/image.ts";
import type { ImportView } from "./contract.ts";
import type { Store } from "../store/database.ts";
import { openForWriting } from "../store/writer.ts";
import type { Annotator } from "../work/annotate.ts";
import {
  type ImportOptions,
  importSequence,
  nameOfSource,
  openSequence,
} from "../work/import.ts";
import type { OpenModel } from "../work/open_model.ts";
import { type Desk, openDesk } from "./desk.ts";
import { createGate } from "./gate.ts";
import {
  listChoices,
  type ModelChanges,
  type ModelChoices,
  openChosen,
} from "./models.ts";
import { BusyError } from "./propagation.ts";

/** The desks of a store. */
export type Desks = {
  readonly store: Store;
  /** The one in use now. */
  readonly model: OpenModel;
  /** The models that can be chosen. */
  models(): Promise<ModelChoices>;
  /**
   * Opens another model and uses it from then on. Masks and prompts stay; when it
   * cannot be opened, the former stays in use.
   *
   * @throws RangeError for an id that cannot be chosen
   * @throws BusyError while a propagation runs or another model is being opened
   */
  changeModel(id: string): Promise<void>;
  /** Runs work that uses the model, which does not change meanwhile. */
  withModel<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Gets the desk of a sequence; throws when its source is gone or another program writes to it. */
  get(sequenceId: number): Promise<Desk>;
  /** Reads a video or folder; {@link Desks.imports} tells how far it is. */
  import(input: string, options?: ImportOptions): Promise<number>;
  /** What is being read, or was. */
  imports(): readonly ImportView[];
  /** Takes an annotator that somebody else has opened, and closes. */
  adopt(annotator: Annotator): Promise<void>;
  /** Why a sequence could not be opened; null unless it was tried. */
  troubleOf(sequenceId: number): string | null;
  /** Ends all work; the store and the model that was given stay open. */
  close(): Promise<void>;
};

/**
 * Prepares the desks of a store.
 *
 * @param first the model to begin with, which belongs to the caller
 * @param changes what it takes to change the model; without, it stays the same
 */
export function openDesks(
  store: Store,
  first: OpenModel,
  changes: ModelChanges = {},
): Desks {
  const desks = new Map<number, Promise<Desk>>();
  const troubles = new Map<number, string>();

  const imports: ImportView[] = [];

  let model = first;
  let changing: Promise<void> | undefined;
  const gate = createGate();

  const open = async (id: number): Promise<Desk> => {
    const { frames } = await openSequence(store, id);
    return await openOn(frames, id);
  };
  const openOn = async (frames: Frames, id: number): Promise<Desk> => {
    await using opening = new AsyncDisposableStack();
    opening.defer(() => frames.close());
    const writer = await openForWriting(store, id);
    opening.defer(() => writer.close());
    const opened = opening.move();
    return await openDesk({ writer, frames, model }, {
      closeAnnotator: () => opened.disposeAsync(),
    });
  };

  const listOpen = async (): Promise<readonly Desk[]> => {
    const all = await Promise.allSettled(desks.values());
    return all.flatMap((it) => it.status === "fulfilled" ? [it.value] : []);
  };
  const requireNoPropagation = async () => {
    const running = (await listOpen())
      .find(({ propagation }) => propagation.view().status === "running");
    if (!running) return;
    const { name } = running.annotator.writer.sequence;
    throw new BusyError(
      `The model cannot be changed while masks are propagated in ${name}: stop that, or wait for its end`,
    );
  };
  /** Takes a model into use on every desk; returns what releases the former's features. */
  const takeIntoUse = async (next: OpenModel) => {
    await requireNoPropagation(); // one may have been started meanwhile
    const takes: (() => Promise<void>)[] = [];
    for (const desk of desks.values()) { // also those opened meanwhile
      const opened = await desk.catch(() => undefined); // was never open
      if (opened) takes.push(await opened.prepareModel(next));
    }
    model = next; // nothing is awaited since the last desk: later ones open with it
    return takes.map((take) => take());
  };
  const change = async (id: string) => {
    await requireNoPropagation(); // before the seconds that opening takes
    const next = await openChosen(id, first, changes);
    const former = model;
    const released = await gate.alone(() => takeIntoUse(next))
      .catch(async (error) => {
        await closeOwn(next);
        throw error;
      });
    await Promise.all(released);
    await closeOwn(former);
  };
  const closeOwn = async (it: OpenModel) => {
    if (it !== first) await it.close();
  };

  return {
    store,
    get model() {
      return model;
    },
    models: () => listChoices(first, changes),
    changeModel: async (id) => {
      if (changing) {
        throw new BusyError(
          "Another model is being opened: ask again when it is there",
        );
      }
      if (id === model.id) return;
      changing = change(id).finally(() => changing = undefined);
      await changing;
    },
    withModel: gate.pass,
    get: async (id) => {
      const desk = desks.get(id) ?? open(id);
      desks.set(id, desk);
      try {
        const opened = await desk;
        troubles.delete(id);
        return opened;
      } catch (error) {
        desks.delete(id); // the next one tries again
        troubles.set(id, messageOf(error));
        throw error;
      }
    },
    import: async (input, options = {}) => {
      const at = imports.length;
      imports.push({
        name: nameOfSource(input),
        progress: null,
        picture: null,
        sequenceId: null,
      });
      const show = (news: Partial<ImportView>) =>
        imports[at] = { ...imports[at], ...news };
      const { sequence, frames } = await importSequence(store, input, {
        ...options,
        onProgress: (progress) => {
          show({ progress });
          options.onProgress?.(progress);
        },
        onFirst: (image) => {
          firstPicture(image).then((picture) => show({ picture }));
        },
      });
      const before = desks.get(sequence.id);
      if (before) await frames.close(); // it is open already
      else desks.set(sequence.id, openOn(frames, sequence.id));
      await desks.get(sequence.id);
      show({ sequenceId: sequence.id });
      return sequence.id;
    },
    imports: () => imports,
    adopt: async (annotator) => {
      const { id } = annotator.writer.sequence;
      const before = desks.get(id);
      desks.set(id, openDesk(annotator));
      await (await before?.catch(() => undefined))?.close();
      await desks.get(id);
    },
    troubleOf: (id) => troubles.get(id) ?? null,
    close: async () => {
      await changing?.catch(() => {}); // the one who asked gets the error
      for (const desk of desks.values()) {
        await desk.then((desk) => desk.close(), () => {}); // was never open
      }
      desks.clear();
      await closeOwn(model);
      model = first;
    },
  };
}

async function firstPicture(image: RgbImage): Promise<string> {
  const jpeg = await encodeJpeg(image, { quality: 80 });
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`;
}
