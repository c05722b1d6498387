// What the server tells: the home view, the sequence, changes from elsewhere.

import type {
  Changes,
  FrameView,
  HomeView,
  PropagationView,
  SequenceView,
} from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import { fitPicture } from "./geometry.ts";
import { applyCells, countMasks, lanesByObject } from "./lanes.ts";
import { lookOf } from "./preferring.ts";
import type { News, OpenSequence, State } from "./state.ts";
import { look, rememberFrame } from "./travel.ts";

/** The home view: opens the wanted sequence, or the only one. */
export function homeCame(state: State, home: HomeView): Step {
  const { preferences, sequences } = home;
  const next = {
    ...state,
    home,
    preferences,
    look: lookOf(preferences),
    loadError: null,
  };
  const reading = home.imports.filter((it) => it.sequenceId === null);
  // What a person has just given to read is what they want to see.
  const awaited = state.home?.imports.find((it) => it.sequenceId === null);
  const arrived = awaited &&
    home.imports.find((it) => it.name === awaited.name)?.sequenceId;
  const isOnly = sequences.length === 1 && reading.length === 0 &&
    state.home === null;
  const sequence = state.wantedSequence ?? arrived ??
    (isOnly ? sequences[0].id : null);
  if (state.sequence) return step(next);
  if (sequence !== null) {
    return step(
      { ...next, wantedSequence: sequence },
      { kind: "fetchSequence", sequence },
    );
  }
  if (reading.length === 0) return step(next);
  const again = { kind: "homeWanted" } as const;
  return step(next, { kind: "wait", key: "home", ms: 500, event: again });
}

/** A sequence, opened or looked at anew. */
export function sequenceCame(state: State, view: SequenceView): Step {
  const { summary } = view;
  if (state.wantedSequence !== summary.id) return step(state);
  const isNew = state.sequence?.summary.id !== summary.id;
  const lanes = lanesByObject(view.lanes);
  const sequence: OpenSequence = {
    ...view,
    lanes,
    uncounted: view.maskCount - countMasks(lanes),
  };
  const poll = {
    kind: "poll",
    sequence: summary.id,
    since: view.since,
    revision: view.revision,
  } as const;
  const frame = Math.min(state.frame, summary.frameCount - 1);

  if (!isNew) {
    // Masks were deleted somewhere: what was seen before may be gone.
    const kept = state.frames.get(state.frame);
    const frames = new Map(kept ? [[state.frame, kept]] : []);
    const news = withNews(state.news, null);
    return step(
      { ...state, sequence, frames, news },
      poll,
      { kind: "fetchFrame", sequence: summary.id, frame, news: news.count },
    );
  }
  const opened: State = {
    ...state,
    sequence,
    frame,
    shown: null,
    frames: new Map(),
    readyFrames: [],
    timeline: { from: 0, to: summary.frameCount },
    activeObject: view.objects[0]?.id ?? null,
    nextTag: null,
    hidden: new Set(),
    review: null,
    viewport: fitPicture(summary, state.stage),
    queue: [],
    conflicts: [],
    sending: null,
  };
  return chain(
    step(opened),
    (it) => look(it, []),
    (it) =>
      step(
        it,
        poll,
        { kind: "findQueue", sequence: summary.id },
        { kind: "address", sequence: summary.id, frame },
        {
          kind: "wait",
          key: "rest",
          ms: 200,
          event: { kind: "rested", frame },
        },
      ),
  );
}

/** What changed elsewhere since the page last asked. */
export function changesCame(state: State, changes: Changes): Step {
  const { sequence } = state;
  if (!sequence) return step(state);
  const { id, frameCount } = sequence.summary;
  const lanes = applyCells(sequence.lanes, changes.cells, frameCount);
  const next: OpenSequence = {
    ...sequence,
    ...changes.sequence,
    lanes,
    revision: changes.revision,
    since: changes.since,
  };
  // With actions on their way, the letters may be newer than the count.
  const isQuiet = state.queue.length === 0;
  const lost = isQuiet &&
    countMasks(lanes) + sequence.uncounted !== changes.maskCount;

  const old = changes.cells.filter(({ frame, objectId, version }) => {
    const view = state.frames.get(frame);
    const mask = view?.masks.find((it) => it.objectId === objectId);
    return view && mask?.version !== version;
  }).map(({ frame }) => frame);
  const frames = new Map(state.frames);
  const seen = old.filter((it) => it === state.frame || it === state.shown);
  for (const frame of old) if (!seen.includes(frame)) frames.delete(frame);

  const changed = changes.cells.map(({ frame }) => frame);
  const news = changed.length > 0
    ? withNews(state.news, new Set(changed))
    : state.news;

  const active = state.activeObject;
  const isGone = active !== null && active > 0 && changes.sequence !== null &&
    !changes.sequence.objects.some((it) => it.id === active);
  return chain(
    step({
      ...state,
      sequence: next,
      frames,
      news,
      activeObject: isGone ? null : active,
    }),
    (it) => propagationCame(it, changes.propagation),
    (it) =>
      step(
        it,
        ...[...new Set(seen)].map((frame) =>
          ({
            kind: "fetchFrame",
            sequence: id,
            frame,
            news: news.count,
          }) as const
        ),
        lost ? { kind: "fetchSequence", sequence: id } : {
          kind: "poll",
          sequence: id,
          since: changes.since,
          revision: changes.revision,
        },
      ),
  );
}

/** A view of a frame; one that is older than the news is asked for again. */
export function frameCame(
  state: State,
  view: FrameView,
  asked = state.news.count,
): Step {
  const { count, recent } = state.news;
  const isOld = recent.some(({ at, frames }) =>
    at > asked && (frames === null || frames.has(view.frame))
  );
  if (!isOld || !state.sequence) return step(rememberFrame(state, view));
  const sequence = state.sequence.summary.id;
  return step(state, {
    kind: "fetchFrame",
    sequence,
    frame: view.frame,
    news: count,
  });
}

/** Requests take less time than so many news. */
const newsKept = 40;

function withNews(
  { count, recent }: News,
  frames: ReadonlySet<number> | null,
): News {
  const at = count + 1;
  return { count: at, recent: [...recent.slice(1 - newsKept), { at, frames }] };
}

/** Where the propagation is; at its end the review is fetched. */
export function propagationCame(
  state: State,
  propagation: PropagationView,
): Step {
  const { sequence } = state;
  if (!sequence) return step(state);
  const before = sequence.propagation.status;
  const next: State = { ...state, sequence: { ...sequence, propagation } };
  if (before !== "running" || propagation.status === "running") {
    return step(next);
  }
  const { id } = sequence.summary;
  const message = propagation.status === "failed"
    ? {
      tone: "error",
      key: "propagationFailed",
      values: { why: propagation.error ?? "" },
    } as const
    : {
      tone: "note",
      key: propagation.status === "cancelled"
        ? "propagationCancelled"
        : "propagationDone",
    } as const;
  return step({ ...next, message }, { kind: "fetchReview", sequence: id });
}
