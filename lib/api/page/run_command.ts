// What each command does: one function from command and state to a step.

import type { CommandId } from "./commands.ts";
import {
  accept,
  cancel,
  deleteHere,
  finish,
  forActive,
  moveCursor,
  nextSize,
  nextSpeed,
  noReview,
  openDialog,
  propagate,
  say,
  skip,
  still,
  toggleObject,
  travelTo,
  verify,
} from "./command_steps.ts";
import { type Step, step } from "./events.ts";
import { centre, fitPicture, zoomAround } from "./geometry.ts";
import { conditionLetters, countUnverified, doubtfulLetters } from "./lanes.ts";
import { applyPolygon, pointAt } from "./marking.ts";
import { changeLook, changePreferences } from "./preferring.ts";
import { enqueue } from "./queue.ts";
import { nextItem, openItem } from "./reviewing.ts";
import { actingFrame, languageOf, type State, type Tool } from "./state.ts";
import { goTo, togglePlay } from "./travel.ts";

const tools: Partial<Record<CommandId, Tool>> = {
  toolClick: "click",
  toolBox: "box",
  toolBrush: "brush",
  toolEraser: "eraser",
  toolPolygon: "polygon",
  toolHand: "hand",
};

/** Runs a command. */
export function runCommand(state: State, id: CommandId): Step {
  const { sequence, look } = state;
  if (!sequence) return runAnywhere(state, id);
  const tool = tools[id];
  if (tool) return step({ ...state, tool });
  if (/^object[1-9]$/.test(id)) {
    const object = sequence.objects[Number(id.slice(-1)) - 1];
    return object ? step({ ...state, activeObject: object.id }) : step(state);
  }
  const frame = actingFrame(state);
  const last = sequence.summary.frameCount - 1;

  switch (id) {
    case "finish":
      return finish(state);
    case "undo":
      return sequence.history.undo || state.queue.length > 0
        ? enqueue(state, { kind: "undo" })
        : say(state, "nothingToUndo");
    case "redo":
      return sequence.history.redo || state.queue.length > 0
        ? enqueue(state, { kind: "redo" })
        : say(state, "nothingToRedo");
    case "clearPrompts":
      return forActive(state, (objectId) => ({ kind: id, objectId, frame }));
    case "deleteMask":
      return deleteHere(state, frame);
    case "deleteFollowing":
      return forActive(state, (objectId) => ({
        kind: "deleteMasks",
        objectId,
        from: frame,
        to: last,
      }));
    case "deleteRange":
      return openDialog(state, { kind: "range", purpose: "delete" });
    case "apply":
      return applyPolygon(state);
    case "cancel":
      return cancel(state);
    case "copyPrevious":
      if (frame === 0) return say(state, "noPreviousFrame");
      return forActive(state, (objectId) => ({
        kind: "copyMask",
        objectId,
        frame,
        from: frame - 1,
        seen: null,
      }));
    case "fillHoles":
    case "keepLargest":
    case "subtractOthers":
      return forActive(
        state,
        (objectId) => ({ kind: id, objectId, frame, seen: null }),
      );
    case "subtractFromOthers":
      return forActive(state, (objectId) => ({ kind: id, objectId }));
    case "brushSmaller":
      return changeLook(state, {
        brushPx: Math.max(1, nextSize(look.brushPx, -1)),
      });
    case "brushLarger":
      return changeLook(state, {
        brushPx: Math.min(400, nextSize(look.brushPx, 1)),
      });
    case "togglePreview":
      return changeLook(
        {
          ...state,
          preview: { ...state.preview, wanted: null, shown: null },
        },
        { preview: !look.preview },
      );
    case "cursorLeft":
      return moveCursor(state, -1, 0);
    case "cursorRight":
      return moveCursor(state, 1, 0);
    case "cursorUp":
      return moveCursor(state, 0, -1);
    case "cursorDown":
      return moveCursor(state, 0, 1);
    case "cursorInside":
      return state.cursor
        ? pointAt(state, { ...state.cursor, sign: "+" })
        : moveCursor(state, 0, 0);
    case "cursorOutside":
      return state.cursor
        ? pointAt(state, { ...state.cursor, sign: "-" })
        : moveCursor(state, 0, 0);

    case "newObject":
      return openDialog(state, {
        kind: "tags",
        purpose: { kind: "newObject" },
      });
    case "changeTag": {
      const objectId = state.activeObject;
      if (objectId === null || objectId < 0) return say(state, "chooseObject");
      const purpose = { kind: "changeTag", objectId } as const;
      return openDialog(state, { kind: "tags", purpose });
    }
    case "renameObject":
      return state.activeObject === null ? say(state, "chooseObject") : step({
        ...state,
        renaming: state.activeObject,
        tab: "objects",
        panelOpen: true,
      });
    case "deleteObject":
      return forActive(state, (objectId) => ({ kind: id, objectId }));
    case "toggleObject":
      return toggleObject(state);
    case "showAll":
      return step({
        ...state,
        hidden: state.hidden.size > 0
          ? new Set()
          : new Set(sequence.objects.map((it) => it.id)),
      });

    case "previousFrame":
      return goTo(still(state), state.frame - 1);
    case "nextFrame":
      return goTo(still(state), state.frame + 1);
    case "backTen":
      return goTo(still(state), state.frame - 10);
    case "forwardTen":
      return goTo(still(state), state.frame + 10);
    case "firstFrame":
      return goTo(still(state), 0);
    case "lastFrame":
      return goTo(still(state), last);
    case "previousCondition":
      return travelTo(state, conditionLetters, -1);
    case "nextCondition":
      return travelTo(state, conditionLetters, 1);
    case "previousDoubtful":
      return travelTo(state, doubtfulLetters, -1);
    case "nextDoubtful":
      return travelTo(state, doubtfulLetters, 1);
    case "play":
      return togglePlay(state);
    case "slower":
    case "faster": {
      const speed = nextSpeed(look.speed, id === "faster" ? 1 : -1);
      const playing = state.playing && { frame: state.frame, sinceMs: 0 };
      return changeLook({ ...state, playing }, { speed });
    }
    case "goToFrame":
      return step(state, { kind: "focusFrameField" });

    case "propagateBoth":
      return propagate(state, "both");
    case "propagateForward":
      return propagate(state, "forward");
    case "propagateBackward":
      return propagate(state, "backward");
    case "propagateBetween":
      return propagate(state, "between");
    case "propagateAll":
      return propagate(state, "all");
    case "cancelPropagation":
      return step(state, {
        kind: "cancelPropagation",
        sequence: sequence.summary.id,
      });

    case "accept":
      return accept(state);
    case "skip":
      return skip(state);
    case "correct": {
      const item = nextItem(state);
      return item
        ? openItem({ ...state, tool: "click" }, item)
        : noReview(state);
    }
    case "verify":
      return verify(
        state,
        state.activeObject === null ? null : [state.activeObject],
      );
    case "verifyAll":
      return verify(state, null);
    case "verifyRange":
      return openDialog(state, { kind: "range", purpose: "verify" });
    case "verifyPropagated":
      return countUnverified(sequence.lanes) > 0
        ? openDialog(state, { kind: "verifyPropagated" })
        : say(state, "reviewEmpty");

    case "spanBegin":
      return step({
        ...state,
        spanBegin: frame,
        spanEnd: state.spanEnd !== null && state.spanEnd < frame
          ? null
          : state.spanEnd,
        message: { tone: "note", key: "spanBegun", values: { n: frame } },
      });
    case "spanEnd": {
      const from = Math.min(state.spanBegin ?? frame, frame);
      const to = Math.max(state.spanBegin ?? frame, frame);
      const purpose = { kind: "span", from, to } as const;
      return openDialog(
        { ...state, spanBegin: from, spanEnd: to },
        { kind: "tags", purpose },
      );
    }
    case "tagFrame":
      return openDialog(state, {
        kind: "tags",
        purpose: { kind: "span", from: frame, to: frame },
      });

    case "fit":
      return step({
        ...state,
        viewport: fitPicture(sequence.summary, state.stage),
      });
    case "actualSize":
      return step({
        ...state,
        viewport: centre(sequence.summary, state.stage, 1),
      });
    case "zoomIn":
    case "zoomOut": {
      const middle = { x: state.stage.width / 2, y: state.stage.height / 2 };
      const factor = id === "zoomIn" ? 1.25 : 0.8;
      return step({
        ...state,
        viewport: zoomAround(state.viewport, middle, factor),
      });
    }
    case "toggleMasks":
      return changeLook(state, { masks: !look.masks });
    case "toggleFill":
      return changeLook(state, { fill: !look.fill, outline: true });
    case "toggleOnion":
      return changeLook(state, { onion: !look.onion });
    case "togglePanel":
      return step({ ...state, panelOpen: !state.panelOpen });
    default:
      return runAnywhere(state, id);
  }
}

/** What also works without a sequence. */
function runAnywhere(state: State, id: CommandId): Step {
  switch (id) {
    case "toggleTheme": {
      const order = ["dark", "light", "system"] as const;
      const at = order.indexOf(state.preferences.theme ?? "dark");
      return changePreferences(state, { theme: order[(at + 1) % 3] });
    }
    case "toggleLanguage":
      return changePreferences(state, {
        language: languageOf(state) === "en" ? "ru" : "en",
      });
    case "shortcuts":
      return openDialog(state, { kind: "shortcuts", editing: false });
    case "editShortcuts":
      return openDialog(state, { kind: "shortcuts", editing: true });
    case "save":
      return say(state, state.queue.length > 0 ? "savesNow" : "allSaved");
    case "autosave":
      return say(state, "autosaves");
    case "export":
      return openDialog(state, {
        kind: "export",
        running: false,
        result: null,
        error: null,
      });
    case "cancel":
      return step({ ...state, dialog: null, message: null });
    case "sequences":
      return step(
        {
          ...state,
          sequence: null,
          wantedSequence: null,
          playing: null,
          polygon: null,
        },
        { kind: "address", sequence: null, frame: 0 },
        { kind: "fetchHome" },
      );
    default:
      return step(state);
  }
}
