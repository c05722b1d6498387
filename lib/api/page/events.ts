// What can happen to the page (Event) and what it asks to be done outside (Effect).
//
// Both are plain records, so that tests can drive the page without a browser
// and read what it would have fetched.

import type { Point } from "../../base/tensor.ts";
import type {
  Action,
  ActionResult,
  Changes,
  ExportRequest,
  ExportView,
  FrameView,
  HomeView,
  ModelsView,
  Preferences,
  Preview,
  PreviewRequest,
  PropagationRequest,
  PropagationView,
  Refusal,
  ReviewItem,
  SequenceView,
  TagRequest,
  TagsView,
} from "../contract.ts";
import type { CommandId } from "./commands.ts";
import type {
  Dialog,
  Look,
  Message,
  PanelTab,
  QueuedAction,
  State,
  Tool,
  VertexAddress,
  Viewport,
} from "./state.ts";

/** Something that happened. */
export type PageEvent =
  // The page and the server.
  | { kind: "started"; sequence: number | null; frame: number }
  | { kind: "queueFound"; items: readonly QueuedAction[] }
  | { kind: "homeWanted" }
  | { kind: "homeCame"; home: HomeView }
  | { kind: "loadFailed"; error: string }
  | { kind: "sequenceCame"; view: SequenceView }
  /** `news` is how much was known when the view was asked for. */
  | { kind: "frameCame"; view: FrameView; news?: number }
  | { kind: "readyCame"; frame: number }
  | { kind: "changesCame"; changes: Changes }
  | { kind: "answered"; id: number; result: ActionResult }
  | { kind: "refused"; id: number; refusal: Refusal }
  | { kind: "unsent"; id: number }
  | { kind: "retry" }
  | { kind: "conflictDecided"; mine: boolean }
  | { kind: "previewCame"; frame: number; preview: Preview | null }
  | { kind: "propagationCame"; propagation: PropagationView }
  | {
    kind: "propagationRefused";
    request: PropagationRequest;
    refusal: Refusal;
  }
  | { kind: "reviewCame"; items: readonly ReviewItem[] }
  | { kind: "exportCame"; result: ExportView }
  | { kind: "exportRefused"; error: string }
  | { kind: "tagsCame"; tags: TagsView; request: TagRequest }
  /** What can be chosen, and what another tab chose. */
  | { kind: "modelsCame"; models: ModelsView }
  /** The model that was chosen here is there. */
  | { kind: "modelChanged"; models: ModelsView }
  | { kind: "modelRefused"; error: string }
  | { kind: "said"; message: Message | null }
  // The person.
  | { kind: "command"; id: CommandId }
  | { kind: "act"; action: Action }
  | { kind: "sequenceChosen"; id: number }
  | { kind: "modelChosen"; id: string }
  | { kind: "go"; frame: number }
  | { kind: "shown"; frame: number }
  | { kind: "rested"; frame: number }
  | { kind: "tick"; nowMs: number; loadedTo: number }
  | { kind: "timelineMoved"; from: number; to: number }
  | { kind: "point"; x: number; y: number; sign: "+" | "-" }
  | { kind: "box"; x0: number; y0: number; x1: number; y1: number }
  | { kind: "pointRemoved"; x: number; y: number; withinPx: number }
  | { kind: "stroke"; points: readonly Point[] }
  | { kind: "hovered"; at: Point | null }
  | { kind: "mouseUsed" }
  | { kind: "polygonClick"; x: number; y: number }
  | { kind: "polygonDoubleClick"; x: number; y: number; withinPx: number }
  | { kind: "vertexSelected"; at: VertexAddress | null }
  | { kind: "vertexMoved"; x: number; y: number }
  | { kind: "toolChosen"; tool: Tool }
  | { kind: "activated"; objectId: number | null }
  | { kind: "shownOnly"; objectIds: readonly number[] }
  | { kind: "visibility"; objectIds: readonly number[]; visible: boolean }
  | { kind: "renaming"; objectId: number | null }
  | { kind: "tagChosen"; tagId: number | null }
  | { kind: "tagRequested"; request: TagRequest }
  | { kind: "tagKeySet"; code: string; key: string | null }
  | { kind: "shortcutSet"; command: CommandId; keys: readonly string[] | null }
  | { kind: "shortcutsReset" }
  | { kind: "looked"; look: Partial<Look> }
  | { kind: "preferred"; preferences: Partial<Preferences> }
  | { kind: "viewportMoved"; viewport: Viewport }
  | { kind: "stageSized"; width: number; height: number }
  | { kind: "tabChosen"; tab: PanelTab }
  | { kind: "dialogOpened"; dialog: Dialog | null }
  | { kind: "propagate"; request: PropagationRequest }
  | { kind: "exported"; request: ExportRequest }
  | { kind: "reviewOpened"; objectId: number; frame: number };

/** Something to be done outside; `wait` with a key replaces the one that waits under it. */
export type Effect =
  | { kind: "fetchHome" }
  | { kind: "fetchSequence"; sequence: number }
  | { kind: "findQueue"; sequence: number }
  | { kind: "fetchFrame"; sequence: number; frame: number; news: number }
  | {
    kind: "look";
    sequence: number;
    frame: number;
    /** Pictures to have at hand, the next one first. */
    ahead: readonly number[];
    /** Frames of these whose masks are not known. */
    unknown: readonly number[];
    news: number;
    sharp: boolean;
  }
  | { kind: "makeReady"; sequence: number; frame: number }
  | { kind: "poll"; sequence: number; since: string; revision: string }
  | { kind: "send"; sequence: number; item: QueuedAction }
  | { kind: "keepQueue"; sequence: number; items: readonly QueuedAction[] }
  | { kind: "preview"; sequence: number; request: PreviewRequest }
  | { kind: "propagate"; sequence: number; request: PropagationRequest }
  | { kind: "cancelPropagation"; sequence: number }
  | { kind: "fetchReview"; sequence: number }
  | { kind: "export"; sequence: number; request: ExportRequest }
  | { kind: "sendTags"; request: TagRequest }
  | { kind: "fetchModels" }
  | { kind: "changeModel"; id: string }
  | { kind: "savePreferences"; preferences: Preferences }
  | { kind: "address"; sequence: number | null; frame: number }
  | { kind: "focusFrameField" }
  | { kind: "wait"; key: string; ms: number; event: PageEvent };

/** A new state and what is to be done outside. */
export type Step = {
  readonly state: State;
  readonly effects: readonly Effect[];
};

/** A step without a follow-up. */
export function step(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

/** One step after another; the effects add up. */
export function chain(
  first: Step,
  ...nexts: readonly ((state: State) => Step)[]
): Step {
  return nexts.reduce((before, next) => {
    const after = next(before.state);
    return {
      state: after.state,
      effects: [...before.effects, ...after.effects],
    };
  }, first);
}
