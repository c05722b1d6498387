// The page's logic: a state and an event give a new state and what to do.
//
// The parts are queue.ts (actions), marking.ts (the pointer), travel.ts
// (frames), run_command.ts (commands) and arriving.ts (the server's news); this
// is the one entry.

import {
  changesCame,
  frameCame,
  homeCame,
  propagationCame,
  sequenceCame,
} from "./arriving.ts";
import {
  modelChanged,
  modelChosen,
  modelRefused,
  modelsCame,
} from "./choosing_model.ts";
import { chain, type PageEvent, type Step, step } from "./events.ts";
import { fitPicture } from "./geometry.ts";
import {
  askPreview,
  boxAt,
  hovered,
  pointAt,
  polygonClick,
  polygonDoubleClick,
  removePointNear,
  settlePolygon,
  strokeDone,
  vertexMoved,
} from "./marking.ts";
import { changeLook, changePreferences, openTab } from "./preferring.ts";
import {
  answered,
  conflictDecided,
  enqueue,
  queueFound,
  refused,
  sendNext,
  unsent,
} from "./queue.ts";
import { openItem } from "./reviewing.ts";
import { runCommand } from "./run_command.ts";
import { setKeys } from "./shortcuts.ts";
import type { State } from "./state.ts";
import { tagChosen, tagsCame } from "./tagging.ts";
import { goTo, look, rested, sharpZoom, tick } from "./travel.ts";

/** Takes an event in. */
export function update(state: State, event: PageEvent): Step {
  return chain(take(state, event), settlePolygon);
}

function take(state: State, event: PageEvent): Step {
  const sequence = state.sequence?.summary.id ?? 0;
  switch (event.kind) {
    case "started": {
      const { sequence: wantedSequence, frame } = event;
      return step({ ...state, wantedSequence, frame }, { kind: "fetchHome" });
    }
    case "queueFound":
      return queueFound(state, event.items);
    case "homeWanted":
      return state.sequence ? step(state) : step(state, { kind: "fetchHome" });
    case "homeCame":
      return homeCame(state, event.home);
    case "loadFailed":
      return step({ ...state, loadError: event.error });
    case "sequenceCame":
      return sequenceCame(state, event.view);
    case "frameCame":
      return frameCame(state, event.view, event.news);
    case "readyCame":
      return chain(
        step({
          ...state,
          readyFrames: [
            ...state.readyFrames.filter((it) => it !== event.frame).slice(-7),
            event.frame,
          ],
        }),
        askPreview,
      );
    case "changesCame":
      return changesCame(state, event.changes);
    case "answered":
      return answered(state, event.id, event.result);
    case "refused":
      return refused(state, event.id, event.refusal);
    case "unsent":
      return unsent(state, event.id);
    case "retry":
      return sendNext(state);
    case "conflictDecided":
      return conflictDecided(state, event.mine);
    case "previewCame": {
      const { frame, preview } = event;
      const isWanted = state.look.preview && state.shown === frame && preview;
      const shown = isWanted ? { frame, counts: preview.counts } : null;
      return askPreview({
        ...state,
        preview: { ...state.preview, inFlight: false, shown },
      });
    }
    case "propagationCame":
      return propagationCame(state, event.propagation);
    case "propagationRefused":
      return event.refusal.code === "differs"
        ? step({
          ...state,
          dialog: { kind: "differs", request: event.request },
        })
        : step({
          ...state,
          message: {
            tone: "error",
            key: "refused",
            values: { why: event.refusal.error },
          },
        });
    case "reviewCame":
      return step({ ...state, review: event.items });
    case "exportCame":
      return exportEnded(state, { result: event.result, error: null });
    case "exportRefused":
      return exportEnded(state, { result: null, error: event.error });
    case "tagsCame":
      return tagsCame(state, event.tags, event.request);
    case "modelsCame":
      return modelsCame(state, event.models);
    case "modelChanged":
      return modelChanged(state, event.models);
    case "modelRefused":
      return modelRefused(state, event.error);
    case "said":
      return step({ ...state, message: event.message });

    case "command":
      return runCommand(state, event.id);
    case "act":
      return enqueue(state, event.action);
    case "sequenceChosen":
      return step(
        { ...state, wantedSequence: event.id, loadError: null },
        { kind: "fetchSequence", sequence: event.id },
      );
    case "modelChosen":
      return modelChosen(state, event.id);
    case "go":
      return goTo({ ...state, playing: null }, event.frame);
    case "shown":
      return step({ ...state, shown: event.frame });
    case "rested":
      return rested(state, event.frame);
    case "tick":
      return tick(state, event.nowMs, event.loadedTo);
    case "timelineMoved":
      return step({
        ...state,
        timeline: timelineWithin(state, event.from, event.to),
      });
    case "point":
      return pointAt(state, event);
    case "box":
      return boxAt(state, event);
    case "pointRemoved":
      return removePointNear(state, event, event.withinPx);
    case "stroke":
      return strokeDone(state, event.points);
    case "hovered":
      return hovered(state, event.at);
    case "mouseUsed":
      return step({ ...state, cursor: null });
    case "polygonClick":
      return polygonClick(state, event);
    case "polygonDoubleClick":
      return polygonDoubleClick(state, event, event.withinPx);
    case "vertexSelected":
      return state.polygon
        ? step({
          ...state,
          polygon: { ...state.polygon, selected: event.at },
        })
        : step(state);
    case "vertexMoved":
      return vertexMoved(state, event);
    case "toolChosen":
      return step({ ...state, tool: event.tool });
    case "activated":
      return step({ ...state, activeObject: event.objectId });
    case "shownOnly": {
      const others = (state.sequence?.objects ?? []).map((it) => it.id)
        .filter((id) => !event.objectIds.includes(id));
      return step({ ...state, hidden: new Set(others) });
    }
    case "visibility": {
      const hidden = new Set(state.hidden);
      for (const id of event.objectIds) {
        if (event.visible) hidden.delete(id);
        else hidden.add(id);
      }
      return step({ ...state, hidden });
    }
    case "renaming":
      return step({ ...state, renaming: event.objectId });
    case "tagChosen":
      return tagChosen(state, event.tagId);
    case "tagRequested":
      return step(state, { kind: "sendTags", request: event.request });
    case "tagKeySet": {
      const { [event.code]: _, ...others } = state.preferences.tagKeys ?? {};
      const tagKeys = event.key === null
        ? others
        : { ...others, [event.code]: event.key };
      return changePreferences(state, { tagKeys });
    }
    case "shortcutSet":
      return changePreferences(
        state,
        setKeys(state.preferences, event.command, event.keys),
      );
    case "shortcutsReset":
      return changePreferences(state, { shortcuts: {} });
    case "looked": {
      const { preview } = state;
      const quiet = event.look.preview === false
        ? { ...preview, wanted: null, shown: null }
        : preview;
      return changeLook({ ...state, preview: quiet }, event.look);
    }
    case "preferred":
      return changePreferences(state, event.preferences);
    case "viewportMoved": {
      const { viewport } = event;
      const sharper = viewport.zoom >= sharpZoom &&
        state.viewport.zoom < sharpZoom;
      const next = { ...state, viewport };
      return sharper ? look(next, []) : step(next);
    }
    case "stageSized":
      return stageSized(state, event.width, event.height);
    case "tabChosen":
      return openTab(state, event.tab);
    case "dialogOpened":
      return step({ ...state, dialog: event.dialog });
    case "propagate":
      return step({ ...state, dialog: null }, {
        kind: "propagate",
        sequence,
        request: event.request,
      });
    case "exported":
      return step({
        ...state,
        dialog: { kind: "export", running: true, result: null, error: null },
      }, { kind: "export", sequence, request: event.request });
    case "reviewOpened":
      return openItem(state, event);
  }
}

function exportEnded(
  state: State,
  end: Pick<
    Extract<NonNullable<State["dialog"]>, { kind: "export" }>,
    "result" | "error"
  >,
): Step {
  if (state.dialog?.kind !== "export") return step(state);
  return step({ ...state, dialog: { kind: "export", running: false, ...end } });
}

/** The stage changed its size: a picture that was fitted is fitted again. */
function stageSized(state: State, width: number, height: number): Step {
  const stage = { width, height };
  if (!state.sequence) return step({ ...state, stage });
  const { summary } = state.sequence;
  const before = fitPicture(summary, state.stage);
  const wasFitted = Math.abs(before.zoom - state.viewport.zoom) < 1e-6;
  const viewport = wasFitted ? fitPicture(summary, stage) : {
    ...state.viewport,
    x: state.viewport.x + (width - state.stage.width) / 2,
    y: state.viewport.y + (height - state.stage.height) / 2,
  };
  return step({ ...state, stage, viewport });
}

function timelineWithin(state: State, from: number, to: number) {
  const count = state.sequence?.summary.frameCount ?? 1;
  const length = Math.min(count, Math.max(8, to - from));
  const start = Math.max(0, Math.min(count - length, from));
  return { from: start, to: start + length };
}
