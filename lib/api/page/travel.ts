// From frame to frame: going, playing, what is fetched ahead, what is forgotten.

import type { FrameView } from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import { actingFrame, type State } from "./state.ts";

/** Views of frames that are kept; the oldest go first. */
const framesKept = 400;
/** How long the page rests on a frame before it fetches the neighbours. */
const restMs = 140;

/** From this zoom on, the picture has to be pixel-exact. */
export const sharpZoom = 3;

/** Goes to a frame; beyond an end it stays at the end. */
export function goTo(state: State, wanted: number): Step {
  if (!state.sequence) return step(state);
  const last = state.sequence.summary.frameCount - 1;
  const frame = Math.max(0, Math.min(last, Math.round(wanted)));
  if (frame === state.frame) return step(state);
  const moved: State = {
    ...followFrame({ ...state, frame }),
    preview: { ...state.preview, wanted: null, shown: null },
    message: state.message?.tone === "note" ? null : state.message,
  };
  const { id } = state.sequence.summary;
  return chain(
    step(moved),
    (it) => look(it, it.playing ? ahead(it, 1, 10) : []),
    (it) =>
      step(it, {
        kind: "wait",
        key: "rest",
        ms: restMs,
        event: { kind: "rested", frame },
      }, { kind: "address", sequence: id, frame }),
  );
}

/** Asks for the picture and masks of the frame, and of some others. */
export function look(state: State, others: readonly number[]): Step {
  if (!state.sequence) return step(state);
  const { frame, frames } = state;
  return step(state, {
    kind: "look",
    sequence: state.sequence.summary.id,
    frame,
    ahead: others,
    unknown: [frame, ...others].filter((it) => !frames.has(it)),
    news: state.news.count,
    sharp: state.viewport.zoom >= sharpZoom,
  });
}

/** The page stayed on a frame: fetch its neighbours and ask for its features. */
export function rested(state: State, frame: number): Step {
  if (!state.sequence || frame !== state.frame || state.playing) {
    return step(state);
  }
  const around = [...ahead(state, 1, 4), ...ahead(state, -1, 3)];
  const sequence = state.sequence.summary.id;
  const known = state.readyFrames.includes(frame);
  return chain(
    look(state, around),
    (it) => known ? step(it) : step(it, { kind: "makeReady", sequence, frame }),
  );
}

/** Starts playing, from the beginning when the end is reached; or stops. */
export function togglePlay(state: State): Step {
  if (!state.sequence) return step(state);
  const atEnd = state.frame >= state.sequence.summary.frameCount - 1;
  if (state.playing && !atEnd) return stopPlaying(state);
  return chain(
    atEnd ? goTo(state, 0) : step(state),
    (it) => step({ ...it, playing: { frame: it.frame, sinceMs: 0 } }),
    (it) => look(it, ahead(it, 1, 10)),
  );
}

/** Stops on the frame that is seen. */
export function stopPlaying(state: State): Step {
  const stopped = { ...state, playing: null };
  const frame = actingFrame(state);
  return chain(
    goTo(stopped, frame),
    (it) =>
      step(it, {
        kind: "wait",
        key: "rest",
        ms: restMs,
        event: { kind: "rested", frame },
      }),
  );
}

/**
 * Time passed while playing. The picture follows the clock as far as pictures
 * are there (`loadedTo`); where they are late, the clock waits for them.
 */
export function tick(state: State, nowMs: number, loadedTo: number): Step {
  const { playing, sequence } = state;
  if (!playing || !sequence) return step(state);
  if (playing.sinceMs === 0) {
    return step({ ...state, playing: { frame: state.frame, sinceMs: nowMs } });
  }
  const last = sequence.summary.frameCount - 1;
  if (state.frame >= last) return stopPlaying(state);
  const perMs = framesPerSecond(state) * state.look.speed / 1000;
  const due = playing.frame + Math.floor((nowMs - playing.sinceMs) * perMs);
  const frame = Math.min(due, last, Math.max(loadedTo, state.frame));
  const late = due > frame && frame < last;
  const next = late ? { ...state, playing: { frame, sinceMs: nowMs } } : state;
  return frame === state.frame ? step(next) : goTo(next, frame);
}

/** Frames per second of the sequence; 25 where it does not say. */
export function framesPerSecond({ sequence }: State): number {
  return sequence?.summary.fps || 25;
}

/** Keeps a view of a frame; the ones kept longest go when there are too many. */
export function rememberFrame(state: State, view: FrameView): State {
  const frames = new Map(state.frames);
  frames.delete(view.frame);
  frames.set(view.frame, view);
  for (const frame of frames.keys()) {
    if (frames.size <= framesKept) break;
    if (frame !== state.frame && frame !== state.shown) frames.delete(frame);
  }
  return { ...state, frames };
}

/** Moves the timeline's window along when the frame leaves it. */
function followFrame(state: State): State {
  const { frame, timeline: { from, to } } = state;
  if (frame >= from && frame < to) return state;
  const length = to - from;
  const start = Math.max(
    0,
    frame < from ? frame - length * 0.1 : frame - length * 0.9,
  );
  return { ...state, timeline: { from: start, to: start + length } };
}

function ahead({ frame, sequence }: State, direction: 1 | -1, count: number) {
  const end = sequence?.summary.frameCount ?? 0;
  return Array.from({ length: count }, (_, i) => frame + direction * (i + 1))
    .filter((it) => it >= 0 && it < end);
}
