// All desks of a server: sequences are opened when the page first asks for them,
// and stay open until the server ends.

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

/** The desks of a store. */
export type Desks = {
  readonly store: Store;
  readonly model: OpenModel;
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
  /** Ends all work; store and model stay open. */
  close(): Promise<void>;
};

/** Prepares the desks of a store. */
export function openDesks(store: Store, model: OpenModel): Desks {
  const desks = new Map<number, Promise<Desk>>();
  const troubles = new Map<number, string>();

  const imports: ImportView[] = [];

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

  return {
    store,
    model,
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
      for (const desk of desks.values()) {
        await desk.then((desk) => desk.close(), () => {}); // was never open
      }
      desks.clear();
    },
  };
}

async function firstPicture(image: RgbImage): Promise<string> {
  const jpeg = await encodeJpeg(image, { quality: 80 });
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`;
}
