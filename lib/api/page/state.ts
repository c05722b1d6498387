// The whole state of the annotator page, as plain data.
//
// Nothing here knows a browser. What happens is an Event (events.ts), what has
// to be done outside is an Effect, and update.ts turns the one into the other.

import type { Point, Size } from "../../base/tensor.ts";
import type { Polygon } from "../../masks/polygons.ts";
import type {
  Action,
  ExportView,
  FrameView,
  HistoryView,
  HomeView,
  ObjectView,
  Preferences,
  PromptView,
  PropagationRequest,
  PropagationView,
  ReviewItem,
  SequenceSummary,
  SpanView,
  TagsView,
} from "../contract.ts";
import type { WordKey } from "./words.ts";

/** What the pointer does on the picture. */
export type Tool = "click" | "box" | "brush" | "eraser" | "polygon" | "hand";

/** Where the picture lies on the stage: screen = picture * zoom + (x, y), in CSS pixels. */
export type Viewport = {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
};

/** The sequence that is open. */
export type OpenSequence = {
  readonly summary: SequenceSummary;
  readonly timesMs: readonly number[];
  readonly objects: readonly ObjectView[];
  readonly spans: readonly SpanView[];
  readonly prompts: readonly PromptView[];
  /** By object, one letter a frame. */
  readonly lanes: ReadonlyMap<number, string>;
  readonly history: HistoryView;
  readonly propagation: PropagationView;
  readonly revision: string;
  readonly since: string;
  /** Masks that the server counts and no letter shows. */
  readonly uncounted: number;
};

/**
 * An action on its way to the server. `creates` is the number, below 0, that
 * stands for the object until the server names it; later actions may use it.
 */
export type QueuedAction = {
  readonly id: number;
  /** What the server knows it by, so that sending it twice does it once. */
  readonly key: string;
  readonly action: Action;
  readonly creates?: number;
};

/** A vertex of an edited polygon; ring 0 is the outer one, the others are holes. */
export type VertexAddress = {
  readonly polygon: number;
  readonly ring: number;
  readonly vertex: number;
};

/** A part of a mask with few vertices; `exact` is what it was made of, until it is changed. */
export type EditedPolygon = Polygon & { readonly exact?: Polygon };

/** A mask that is edited by its vertices. */
export type PolygonEdit = {
  readonly objectId: number;
  readonly frame: number;
  /** The run lengths that it was made of; null when there was no mask. */
  readonly base: string | null;
  readonly polygons: readonly EditedPolygon[];
  readonly selected: VertexAddress | null;
  /** A new polygon, as far as it is drawn. */
  readonly drawing: readonly Point[] | null;
  readonly changed: boolean;
};

/**
 * What the server told of late, to recognise views of frames that were fetched
 * before and come after it. No frames means that all may have changed.
 */
export type News = {
  readonly count: number;
  readonly recent: readonly {
    readonly at: number;
    readonly frames: ReadonlySet<number> | null;
  }[];
};

/** How the picture and the masks look; kept in the preferences. */
export type Look = {
  readonly opacity: number;
  readonly fill: boolean;
  readonly outline: boolean;
  readonly masks: boolean;
  readonly brightness: number;
  readonly contrast: number;
  readonly onion: boolean;
  readonly onionPicture: boolean;
  readonly preview: boolean;
  readonly brushPx: number;
  readonly speed: number;
};

/** What a tag is chosen for. */
export type TagPurpose =
  | { readonly kind: "newObject" }
  | { readonly kind: "changeTag"; readonly objectId: number }
  | { readonly kind: "span"; readonly from: number; readonly to: number };

/** The one dialog that is open. */
export type Dialog =
  | { readonly kind: "shortcuts"; readonly editing: boolean }
  | { readonly kind: "tags"; readonly purpose: TagPurpose }
  | {
    readonly kind: "export";
    readonly running: boolean;
    readonly result: ExportView | null;
    readonly error: string | null;
  }
  | { readonly kind: "duplicates"; readonly tags: TagsView }
  | { readonly kind: "differs"; readonly request: PropagationRequest }
  | {
    readonly kind: "range";
    readonly purpose: "delete" | "verify";
    /** Begins with the active object where all would be offered. */
    readonly ofActive?: boolean;
  }
  | { readonly kind: "verifyPropagated" };

/** A line for the person, kept as a word's key so that it follows the language. */
export type Message = {
  readonly tone: "note" | "warning" | "error";
  readonly key: WordKey;
  readonly values?: Readonly<Record<string, string | number>>;
};

/** The tabs of the panel at the right. */
export type PanelTab = "objects" | "frameTags" | "prompts" | "review" | "view";

/** A model that is being opened: the one that the server was asked for, and the one chosen last. */
export type ModelChange = { readonly asked: string; readonly wanted: string };

/** The mask under the pointer. */
export type PreviewState = {
  readonly inFlight: boolean;
  /** Where the pointer is now, when that was not asked for yet. */
  readonly wanted: Point | null;
  readonly shown: { readonly frame: number; readonly counts: string } | null;
};

/** The page's state. */
export type State = {
  readonly home: HomeView | null;
  /** Set while the server opens another model. */
  readonly modelChange: ModelChange | null;
  /** Why nothing can be shown. */
  readonly loadError: string | null;
  readonly preferences: Preferences;
  /** The language where the preferences name none. */
  readonly systemLanguage: "en" | "ru";
  readonly wantedSequence: number | null;
  readonly sequence: OpenSequence | null;

  readonly frame: number;
  /** The frame whose picture is on the screen; what is clicked is meant for it. */
  readonly shown: number | null;
  readonly frames: ReadonlyMap<number, FrameView>;
  readonly news: News;
  /** The frames whose features are known to be there, the newest last. */
  readonly readyFrames: readonly number[];
  readonly playing: { readonly frame: number; readonly sinceMs: number } | null;
  /** The part of the sequence that the timeline shows. */
  readonly timeline: { readonly from: number; readonly to: number };

  readonly queue: readonly QueuedAction[];
  /** The number of the action that is at the server. */
  readonly sending: number | null;
  readonly nextId: number;
  /** Tells the keys of this visit's actions from those of other visits. */
  readonly visit: string;
  /** How often sending failed in a row; 0 while the server answers. */
  readonly failures: number;
  /** Actions that the server refused because the mask changed elsewhere. */
  readonly conflicts: readonly QueuedAction[];

  readonly activeObject: number | null;
  /** The tag of the object that the next click begins. */
  readonly nextTag: number | null;
  readonly hidden: ReadonlySet<number>;
  readonly tool: Tool;
  readonly polygon: PolygonEdit | null;
  /** The pointer that the keyboard moves, on the picture; null while the mouse is used. */
  readonly cursor: Point | null;
  readonly preview: PreviewState;
  readonly spanBegin: number | null;
  readonly spanEnd: number | null;

  readonly look: Look;
  readonly viewport: Viewport;
  readonly stage: Size;
  readonly tab: PanelTab;
  readonly panelOpen: boolean;
  readonly dialog: Dialog | null;
  readonly message: Message | null;
  readonly renaming: number | null;

  readonly review: readonly ReviewItem[] | null;
  /** Review items that were skipped, as `object/frame`. */
  readonly skipped: ReadonlySet<string>;
};

/** How the page looks before anyone changed it. */
export const plainLook: Look = {
  opacity: 0.45,
  fill: true,
  outline: true,
  masks: true,
  brightness: 1,
  contrast: 1,
  onion: false,
  onionPicture: false,
  preview: false,
  brushPx: 24,
  speed: 1,
};

/** The state of a page that has just been opened. */
export function createState(
  { systemLanguage = "en", visit = "", panelOpen = true }: {
    systemLanguage?: "en" | "ru";
    visit?: string;
    panelOpen?: boolean;
  } = {},
): State {
  return {
    home: null,
    modelChange: null,
    loadError: null,
    preferences: {},
    systemLanguage,
    wantedSequence: null,
    sequence: null,
    frame: 0,
    shown: null,
    frames: new Map(),
    news: { count: 0, recent: [] },
    readyFrames: [],
    playing: null,
    timeline: { from: 0, to: 1 },
    queue: [],
    sending: null,
    nextId: 1,
    visit,
    failures: 0,
    conflicts: [],
    activeObject: null,
    nextTag: null,
    hidden: new Set(),
    tool: "click",
    polygon: null,
    cursor: null,
    preview: { inFlight: false, wanted: null, shown: null },
    spanBegin: null,
    spanEnd: null,
    look: plainLook,
    viewport: { zoom: 1, x: 0, y: 0 },
    stage: { width: 800, height: 500 },
    tab: "objects",
    panelOpen,
    dialog: null,
    message: null,
    renaming: null,
    review: null,
    skipped: new Set(),
  };
}

/** The language that the page speaks. */
export function languageOf(state: State): "en" | "ru" {
  return state.preferences.language ?? state.systemLanguage;
}

/** The frame that a click is meant for: the one that is seen. */
export function actingFrame(state: State): number {
  return state.shown ?? state.frame;
}

/** Says whether clicks on the acting frame are answered at once. */
export function isReady(state: State): boolean {
  const frame = actingFrame(state);
  return state.readyFrames.includes(frame) ||
    state.frames.get(frame)?.isReady === true;
}
