// A desk: one sequence that is open for work, with everything that work needs.
//
// Actions are done one after the other, so that looking whether somebody changed
// a mask and changing it are one thing. Whoever waits for news is woken when
// something here is done; what other programs do is found by looking again.
//
// The model can be changed while the desk is open: what was annotated stays, and
// so do pictures, and whoever waits for news goes on waiting.

import { type Annotator, openFeatures } from "../work/annotate.ts";
import { type HeldFeatures, holdFeatures } from "../work/held_features.ts";
import { PictureCache } from "./picture_cache.ts";
import type { OpenModel } from "../work/open_model.ts";
import { createPropagation, type Propagation } from "./propagation.ts";

/** A sequence that is open for work. */
export type Desk = {
  /** What it works with now; another one once the model has changed. */
  readonly annotator: Annotator & { readonly held: HeldFeatures };
  readonly pictures: PictureCache;
  readonly propagation: Propagation;
  /** Brings the features of a frame to hand; false when others were asked for since. */
  prepare(frame: number): Promise<boolean>;
  /** Runs work after all work given before has ended, then wakes who waits for news. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Wakes who waits for news. */
  wake(): void;
  /** Resolves when something was done here, or after a while. */
  nextNews(withinMs: number): Promise<void>;
  /**
   * Prepares work with another model. What is returned takes it into use at once,
   * and resolves when the features of the former are released; call it while
   * nobody works with the model.
   */
  prepareModel(model: OpenModel): Promise<() => Promise<void>>;
  /** Ends what runs and lets others work on the sequence. */
  close(): Promise<void>;
};

/** As many tabs may stand on frames of their own. */
const mostWaiting = 3;

/**
 * Opens a desk on an annotator.
 *
 * @param options.closeAnnotator what to close with it, unless it belongs to somebody else
 */
export async function openDesk(
  given: Annotator,
  { closeAnnotator = () => Promise.resolve() }: {
    readonly closeAnnotator?: () => Promise<void>;
  } = {},
): Promise<Desk> {
  let annotator = await withHeld(given);
  let last: Promise<unknown> = Promise.resolve();
  let news = Promise.withResolvers<void>();
  const wake = () => {
    news.resolve();
    news = Promise.withResolvers<void>();
  };
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => {}).then(wake); // the caller gets the error, the next one its turn
    return result;
  };
  const propagation = createPropagation(() => annotator, wake);
  let isOpen = true;
  let asked = 0;
  let preparing: Promise<unknown> = Promise.resolve();
  const prepare = (frame: number): Promise<boolean> => {
    const ticket = ++asked;
    const ready = preparing.then(async () => {
      // whoever leafs through a clip waits for the frame where they stop
      const isWanted = asked - ticket < mostWaiting;
      const { held } = annotator;
      if (!isOpen || !isWanted) return isOpen && await held.isReady(frame);
      await held.use(frame, () => Promise.resolve());
      return true;
    });
    preparing = ready.catch(() => {}); // the one who asked gets the error
    return ready;
  };
  const pictures = new PictureCache(given.frames);
  return {
    get annotator() {
      return annotator;
    },
    pictures,
    propagation,
    prepare,
    inTurn,
    wake,
    nextNews: async (withinMs) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const soon = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      await Promise.race([news.promise, soon]);
      clearTimeout(timer);
    },
    prepareModel: async (model) => {
      const next = await withHeld({ ...given, model });
      return async () => {
        const { held } = annotator;
        annotator = next;
        await held.close();
      };
    },
    close: async () => {
      isOpen = false;
      await propagation.cancel();
      await Promise.all([last, preparing]);
      await annotator.held.close();
      await pictures.close();
      await closeAnnotator();
    },
  };
}

async function withHeld(given: Annotator): Promise<Desk["annotator"]> {
  const held = holdFeatures(given.model.engine, await openFeatures(given));
  return { ...given, held };
}
