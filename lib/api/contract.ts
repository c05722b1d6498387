// What the annotator page and its server say to each other.
//
// The page lives under a secret path, `/TOKEN/`; every address below is relative
// to it, so that it works behind a proxy as well. Bodies that the page sends are
// parsed by the schemas here; what the server answers is given as types. Masks
// travel as COCO's compressed run lengths, places in pixels of the frame, frames
// as indices in decode order.
//
// | method and path                     | body            | answer          |
// |-------------------------------------|-----------------|-----------------|
// | GET `api/home`                      |                 | {@link HomeView} |
// | POST `api/preferences`              | Preferences     | Preferences     |
// | GET `api/model`                     |                 | {@link ModelsView} |
// | POST `api/model`                    | ModelRequest    | {@link ModelsView}, when the model is there; 409 {@link Refusal} while a propagation runs or another model is being opened |
// | GET `api/sequences/ID`              |                 | {@link SequenceView} |
// | GET `api/sequences/ID/changes?since=&revision=` |     | {@link Changes}, when there are any, or after 20 s |
// | GET `api/sequences/ID/frames/N`     |                 | {@link FrameView} |
// | GET `api/sequences/ID/frames/N/picture?kind=jpeg\|png\|thumbnail` | | the picture |
// | POST `api/sequences/ID/frames/N/ready` |              | {@link Ready}, when its features are there |
// | POST `api/sequences/ID/preview`     | PreviewRequest  | {@link Preview} |
// | POST `api/sequences/ID/actions?key=` | Action         | {@link ActionResult}; 409 {@link Refusal} when another tab changed the mask. What was done already under the same key, of the page's choice, is not done again |
// | POST `api/sequences/ID/propagation` | PropagationRequest | {@link PropagationView} |
// | DELETE `api/sequences/ID/propagation` |               | {@link PropagationView} |
// | GET `api/sequences/ID/review`       |                 | {@link ReviewItem} list, worst first |
// | POST `api/sequences/ID/export`      | ExportRequest   | {@link ExportView} |
// | POST `api/tags`                     | TagRequest      | {@link TagsView} |
// | GET `api/tags.csv`, `api/labels.txt` |                | the list, to be saved |
//
// Every other status than 200 carries {@link Refusal}.

import { z } from "zod";
import { tagCategories } from "../formats/tag_list.ts";
import type { Progress } from "../base/progress.ts";
import type { Doubt } from "../work/report/worst_frames.ts";
import type { ExportFormat } from "../work/export/data_set.ts";

const id = z.int().positive();
const frame = z.int().nonnegative();
const colour = z.string().regex(/^#[0-9a-f]{6}$/);
const name = z.string().trim().min(1).max(200);

/**
 * What the page last saw of the mask that it wants to replace or delete: its
 * `version`, or null where it saw none. A person's mask that changed since is
 * not overwritten; a model's newer mask may be.
 */
const seen = z.string().nullable();

/** Something a person does to a sequence; each can be undone. */
export const Action = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("point"),
    objectId: id,
    frame,
    x: z.number(),
    y: z.number(),
    sign: z.enum(["+", "-"]),
    seen,
  }),
  z.strictObject({
    kind: z.literal("box"),
    objectId: id,
    frame,
    x0: z.number(),
    y0: z.number(),
    x1: z.number(),
    y1: z.number(),
    seen,
  }),
  z.strictObject({ kind: z.literal("removePrompt"), promptId: id }),
  /** Removes all prompts of an object on a frame, and the mask that they led to. */
  z.strictObject({ kind: z.literal("clearPrompts"), objectId: id, frame }),
  /** A mask that was drawn: brush, eraser, polygon. `counts` is COCO's string for the frame's size. */
  z.strictObject({
    kind: z.literal("draw"),
    objectId: id,
    frame,
    counts: z.string().max(4_000_000),
    seen,
  }),
  /** Changes the mask that is there; the result counts as drawn. */
  z.strictObject({
    kind: z.enum(["fillHoles", "keepLargest", "subtractOthers"]),
    objectId: id,
    frame,
    seen,
  }),
  /** Takes this object's mask out of all other objects' masks, on every frame. */
  z.strictObject({ kind: z.literal("subtractFromOthers"), objectId: id }),
  /** Copies the object's mask of another frame to this one. */
  z.strictObject({
    kind: z.literal("copyMask"),
    objectId: id,
    frame,
    from: frame,
    seen,
  }),
  /** Deletes masks and prompts, both ends included; of all objects when none is named. */
  z.strictObject({
    kind: z.literal("deleteMasks"),
    objectId: id.optional(),
    tagId: id.optional(),
    from: frame,
    to: frame,
  }),
  z.strictObject({
    kind: z.literal("verify"),
    objectId: id,
    from: frame,
    to: frame,
    verified: z.boolean(),
  }),
  /** The answer names the new object. */
  z.strictObject({ kind: z.literal("createObject"), tagId: id.nullable() }),
  z.strictObject({
    kind: z.literal("changeObject"),
    objectId: id,
    tagId: id.nullable().optional(),
    colour: colour.optional(),
    name: name.optional(),
  }),
  z.strictObject({ kind: z.literal("deleteObject"), objectId: id }),
  /** A tag of whole frames: a landmark, a quality sign. */
  z.strictObject({
    kind: z.literal("createSpan"),
    tagId: id,
    from: frame,
    to: frame,
  }),
  z.strictObject({
    kind: z.literal("changeSpan"),
    spanId: id,
    from: frame,
    to: frame,
  }),
  z.strictObject({ kind: z.literal("deleteSpan"), spanId: id }),
  z.strictObject({ kind: z.literal("undo") }),
  z.strictObject({ kind: z.literal("redo") }),
]);
/** Something a person does to a sequence; each can be undone. */
export type Action = z.infer<typeof Action>;

/** What the mask under the pointer would be. */
export const PreviewRequest = z.strictObject({
  objectId: id.nullable(),
  frame,
  x: z.number(),
  y: z.number(),
  sign: z.enum(["+", "-"]),
});
/** What the mask under the pointer would be. */
export type PreviewRequest = z.infer<typeof PreviewRequest>;

/** Where masks are carried from a frame; `between` goes to the conditions on either side of it. */
export const PropagationRequest = z.strictObject({
  mode: z.enum(["both", "forward", "backward", "between", "all"]),
  frame,
  /** Forgets what another model or other options left; asked for by a refusal with code `differs`. */
  restart: z.boolean().default(false),
});
/** Where masks are carried from a frame. */
export type PropagationRequest = z.input<typeof PropagationRequest>;

/** Which data set is written below the data folder. */
export const ExportRequest = z.strictObject({
  format: z.string(),
  /** Only frames whose masks a person verified, drew or clicked. */
  verifiedOnly: z.boolean().default(false),
});
/** Which data set is written. */
export type ExportRequest = z.input<typeof ExportRequest>;

/** New tags, one or a list. */
export const TagRequest = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("create"),
    code: name,
    name: name.optional(),
    category: z.enum(tagCategories).default("finding"),
    colour: colour.optional(),
  }),
  /** `csv` is MedAnnotate's list, `txt` EISeg's. */
  z.strictObject({
    kind: z.literal("import"),
    format: z.enum(["csv", "txt"]),
    text: z.string().max(2_000_000),
  }),
]);
/** New tags, one or a list. */
export type TagRequest = z.input<typeof TagRequest>;

/** Which model is to answer from now on; masks and prompts stay. */
export const ModelRequest = z.strictObject({ id: z.string().min(1).max(1000) });
/** Which model is to answer from now on. */
export type ModelRequest = z.infer<typeof ModelRequest>;

/** How a person likes the page; kept in the store, so it does not matter on which port it is served. */
export const Preferences = z.strictObject({
  language: z.enum(["en", "ru"]).optional(),
  theme: z.enum(["light", "dark", "system"]).optional(),
  /** Command id to the keys that start it, such as `{"undo": ["Ctrl+Z"]}`; only what differs from the defaults. */
  shortcuts: z.record(z.string().max(50), z.array(z.string().max(40)).max(4))
    .optional(),
  /** Tag code to the hot key that chooses it. */
  tagKeys: z.record(z.string().max(200), z.string().max(40)).optional(),
  view: z.record(
    z.string().max(50),
    z.union([z.number(), z.boolean(), z.string().max(50)]),
  )
    .optional(),
});
/** How a person likes the page. */
export type Preferences = z.infer<typeof Preferences>;

/** A video or folder that is being read; ask again until it has a sequence. */
export type ImportView = {
  readonly name: string;
  readonly progress: Progress | null;
  /** Its first frame, as a data URI, as soon as it is there. */
  readonly picture: string | null;
  /** Set when it is done. */
  readonly sequenceId: number | null;
};

/** The model in use, and those that can be chosen instead. */
export type ModelsView = {
  readonly model: {
    readonly id: string;
    readonly device: string;
    readonly side: number;
    readonly licence: string;
  };
  /** The installed SAM 2 models; none where the model cannot be changed. */
  readonly models: readonly ModelChoiceView[];
  /** Why some models could not be listed. */
  readonly modelsTrouble: string | null;
};

/** A model that can be chosen. */
export type ModelChoiceView = {
  readonly id: string;
  /** The side of the input it was trained for, in pixels. */
  readonly side: number;
  readonly licence: string;
  /** It was tuned here, on masks of this installation. */
  readonly isTuned: boolean;
};

/** What there is to work on. */
export type HomeView = ModelsView & {
  readonly imports: readonly ImportView[];
  readonly sequences: readonly SequenceSummary[];
  readonly tags: TagsView["tags"];
  readonly preferences: Preferences;
  readonly exportFormats: readonly ExportFormat[];
  /** Where data is kept, for people to read. */
  readonly dataFolder: string;
};

/** A sequence in the list. */
export type SequenceSummary = {
  readonly id: number;
  readonly name: string;
  readonly procedure: string | null;
  readonly patient: string | null;
  readonly frameCount: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number | null;
  readonly objects: number;
  readonly masks: number;
  readonly verified: number;
  /** Open for writing by another program; null when it can be worked on. */
  readonly trouble: string | null;
};

/** A sequence as the page opens it. */
export type SequenceView = {
  readonly summary: SequenceSummary;
  readonly timesMs: readonly number[];
  readonly objects: readonly ObjectView[];
  readonly spans: readonly SpanView[];
  /** Of all frames, in the order they were given. */
  readonly prompts: readonly PromptView[];
  readonly lanes: readonly Lane[];
  readonly history: HistoryView;
  readonly propagation: PropagationView;
  /** Stands for everything above but the lanes' cells; ask for changes since. */
  readonly revision: string;
  /** The time up to which masks are known; ask for changes since. */
  readonly since: string;
  /** How many masks the lanes hold; one that is missing was deleted. */
  readonly maskCount: number;
};

/** An object of the sequence. */
export type ObjectView = {
  readonly id: number;
  readonly number: number;
  readonly name: string;
  readonly tagId: number | null;
  readonly colour: string;
};

/** A tag of the frames `from` to `to`, both included. */
export type SpanView = {
  readonly id: number;
  readonly tagId: number;
  readonly from: number;
  readonly to: number;
};

/**
 * What an object has on a frame, one letter each:
 * `.` nothing, `c` prompted (clicked), `h` drawn or imported by hand, `v` verified,
 * `p` propagated, `d` propagated and drifting, `a` propagated and absent (no pixel),
 * `s` stale: out of date since a correction, `b` proposed by a detector.
 */
export type LaneLetter = "." | "c" | "h" | "v" | "p" | "d" | "a" | "s" | "b";

/** An object's frames: one {@link LaneLetter} a frame. */
export type Lane = { readonly objectId: number; readonly letters: string };

/** One cell of a lane that changed. */
export type LaneChange = {
  readonly objectId: number;
  readonly frame: number;
  readonly letter: LaneLetter;
  /** Of the mask, as in {@link MaskView}. */
  readonly version: string;
};

/** What undo and redo would do, in the words of {@link HistoryStep}; null when there is nothing. */
export type HistoryView = {
  readonly undo: HistoryStep | null;
  readonly redo: HistoryStep | null;
};

/** A step of the history; `label` is the kind of the action. */
export type HistoryStep = {
  readonly label: string;
  readonly objectId: number | null;
  readonly frame: number | null;
};

/** What changed since the page last asked, from whatever tab, cell or run. */
export type Changes = {
  readonly revision: string;
  readonly since: string;
  readonly maskCount: number;
  readonly cells: readonly LaneChange[];
  /** Set when `revision` differs from the page's, and all of it at once. */
  readonly sequence:
    | Pick<SequenceView, "objects" | "spans" | "prompts" | "history">
    | null;
  readonly propagation: PropagationView;
};

/** A frame with all that is known about it. */
export type FrameView = {
  readonly frame: number;
  readonly masks: readonly MaskView[];
  readonly prompts: readonly PromptView[];
  /** Whether a click is answered at once. */
  readonly isReady: boolean;
};

/** A mask of an object on a frame. */
export type MaskView = {
  readonly objectId: number;
  readonly origin: "click" | "propagated" | "drawn" | "imported" | "detected";
  readonly verified: boolean;
  readonly state: "final" | "provisional" | "stale";
  readonly areaPx: number;
  readonly counts: string;
  readonly predictedIou: number | null;
  readonly presenceScore: number | null;
  readonly drift: number | null;
  /** Changes whenever the mask does. */
  readonly version: string;
};

/** A prompt in force; a mask prompt is what was there before the first click. */
export type PromptView =
  & { readonly id: number; readonly objectId: number; readonly frame: number }
  & (
    | {
      readonly kind: "point";
      readonly x: number;
      readonly y: number;
      readonly sign: "+" | "-";
    }
    | {
      readonly kind: "box";
      readonly x0: number;
      readonly y0: number;
      readonly x1: number;
      readonly y1: number;
    }
    | { readonly kind: "mask" }
  );

/** The features of a frame are there, or were given up since other frames were asked for. */
export type Ready = {
  readonly frame: number;
  readonly isReady: boolean;
  readonly msTaken: number;
};

/** A mask that nobody asked to keep. */
export type Preview = {
  readonly counts: string;
  readonly predictedIou: number;
};

/** What an action led to. */
export type ActionResult = {
  /** The frame that the action was about as it is now; undo may be about another one than is shown. */
  readonly frame: FrameView | null;
  readonly objectId: number | null;
  readonly history: HistoryView;
  readonly objects: readonly ObjectView[];
  readonly spans: readonly SpanView[];
  /** How many masks were changed. */
  readonly changed: number;
  /** What the server took for it. */
  readonly msTaken: number;
};

/** Where a propagation is. */
export type PropagationView = {
  readonly status: "idle" | "running" | "done" | "cancelled" | "failed";
  readonly progress: Progress | null;
  /** Why it failed. */
  readonly error: string | null;
};

/** A propagated mask that nobody verified. */
export type ReviewItem = {
  readonly objectId: number;
  readonly frame: number;
  readonly drift: number;
  readonly areaPx: number;
  /** Why it is in doubt, in the words of the report. */
  readonly because: string;
  /** The same, to be said in the page's language. */
  readonly doubt: Doubt;
};

/** What an export wrote. */
export type ExportView = {
  readonly folder: string;
  readonly images: number;
  readonly masks: number;
  /** What a person should know, such as that there is no independent validation. */
  readonly notes: readonly string[];
};

/** All tags, and what an import left out. */
export type TagsView = {
  readonly tags: readonly TagView[];
  readonly added: number;
  /** Codes that were there already, and why they were left. */
  readonly duplicates: readonly {
    readonly code: string;
    readonly why: string;
  }[];
};

/** A tag. */
export type TagView = {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly category: typeof tagCategories[number];
  readonly colour: string;
};

/** Why something was not done; nothing was changed. */
export type Refusal = {
  readonly error: string;
  /** `conflict`: the mask changed meanwhile; `differs`: propagation needs `restart`; `busy`: a propagation runs, or a model is being opened. */
  readonly code?: "conflict" | "differs" | "busy";
};
