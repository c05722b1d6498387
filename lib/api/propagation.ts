// A propagation that runs beside the page: it is started, watched and cancelled,
// and what it has done stays.

import { CancelledError, messageOf } from "../base/errors.ts";
import type { Annotator } from "../work/annotate.ts";
import { readConditions, type StoredConditions } from "../work/conditions.ts";
import { type PropagateOptions, propagateSequence } from "../work/propagate.ts";
import type { PropagationRequest, PropagationView } from "./contract.ts";

/** The propagation of one sequence; at most one runs. */
export type Propagation = {
  view(): PropagationView;
  /** Starts it, and returns as soon as it is known whether it can run. */
  start(request: PropagationRequest): Promise<PropagationView>;
  /** Stops it and waits until it has stopped. */
  cancel(): Promise<PropagationView>;
};

/** Thrown when something has to wait: one propagation for another, a change of the model for a propagation. */
export class BusyError extends Error {
  override name = "BusyError";
}

const idle: PropagationView = { status: "idle", progress: null, error: null };

/** Prepares propagation; `annotatorNow` gives what it works with when it starts, `onNews` is called whenever its view has changed. */
export function createPropagation(
  annotatorNow: () => Annotator,
  onNews: () => void,
): Propagation {
  let view = idle;
  let stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const show = (next: Partial<PropagationView>) => {
    view = { ...view, ...next };
    onNews();
  };

  const run = async (
    annotator: Annotator,
    options: PropagateOptions,
    started: () => void,
  ) => {
    try {
      await propagateSequence(annotator, {
        ...options,
        signal: stop.signal,
        onProgress: (progress) => {
          show({ progress });
          started();
        },
      });
      show({ status: "done" });
    } catch (error) {
      const status = error instanceof CancelledError ? "cancelled" : "failed";
      show({ status, error: status === "failed" ? messageOf(error) : null });
      throw error;
    }
  };

  return {
    view: () => view,
    start: async ({ mode, frame, restart = false }) => {
      if (view.status === "running") {
        throw new BusyError("A propagation of this sequence runs already");
      }
      stop = new AbortController();
      show({ status: "running", progress: null, error: null });
      const first = Promise.withResolvers<void>();
      const annotator = annotatorNow();
      running = rangeOf(annotator, { mode, frame })
        .then((range) =>
          run(annotator, { ...range, restart, anyRange: true }, first.resolve)
        )
        .catch((error) => {
          if (view.status === "running") {
            show({ status: "failed", error: messageOf(error) });
          }
          if (!(error instanceof CancelledError)) first.reject(error);
        })
        .finally(first.resolve);
      await first.promise; // refusals come before the first frame
      return view;
    },
    cancel: async () => {
      stop.abort();
      await running;
      return view;
    },
  };
}

/** Which frames a mode fills, and in which direction. */
async function rangeOf(
  { writer: { store, sequence } }: Annotator,
  { mode, frame }: Pick<PropagationRequest, "mode" | "frame">,
): Promise<Pick<PropagateOptions, "direction" | "from" | "to">> {
  const last = sequence.frameCount - 1;
  if (frame > last) {
    throw new RangeError(
      `Cannot propagate from frame ${frame}: the last frame is ${last}`,
    );
  }
  if (mode === "all" || mode === "both") return { direction: "both" };
  const conditions = await readConditions(store, sequence.id);
  const { before, after } = neighboursOf(conditions, frame);
  if (mode === "forward") return { direction: "forward", from: before ?? 0 };
  if (mode === "backward") return { direction: "backward", to: after ?? last };
  const here = [...conditions.values()].flat()
    .some((condition) => condition.frame === frame);
  // on a condition both gaps beside it are meant
  const from = here ? neighboursOf(conditions, frame - 1).before : before;
  const to = here ? neighboursOf(conditions, frame + 1).after : after;
  return { direction: "both", from: from ?? 0, to: to ?? last };
}

/** The nearest conditions of any object, the frame itself included. */
function neighboursOf(
  conditions: StoredConditions,
  frame: number,
): { readonly before?: number; readonly after?: number } {
  const frames = [...conditions.values()].flat().map(({ frame }) => frame)
    .sort((a, b) => a - b);
  return {
    before: frames.findLast((other) => other <= frame),
    after: frames.find((other) => other >= frame),
  };
}
