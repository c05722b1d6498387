// A small sequence for the tests of the page: ten frames of 8 x 6 pixels, two
// objects, one mask; and a driver that keeps state and effects.

import type {
  ActionResult,
  FrameView,
  HomeView,
  MaskView,
  ObjectView,
  SequenceView,
} from "../../../lib/api/contract.ts";
import type { Effect, PageEvent } from "../../../lib/api/page/events.ts";
import { createState, type State } from "../../../lib/api/page/state.ts";
import { encodeCounts } from "../../../lib/masks/rle.ts";
import { update } from "../../../lib/api/page/update.ts";

/** Four pixels of an 8 x 6 frame: x 2 to 3, y 1 to 2. */
export const squareCounts = encodeCounts([13, 2, 4, 2, 27]);

/** Two objects. */
export const objects: readonly ObjectView[] = [
  { id: 11, number: 1, name: "Polyp 1", tagId: 1, colour: "#00dc96" },
  { id: 12, number: 2, name: "Snare 2", tagId: 2, colour: "#3c96ff" },
];

/** A mask of an object. */
export function mask(more: Partial<MaskView> = {}): MaskView {
  return {
    objectId: 11,
    origin: "click",
    verified: false,
    state: "final",
    areaPx: 4,
    counts: squareCounts,
    predictedIou: 0.9,
    presenceScore: null,
    drift: null,
    version: "v1",
    ...more,
  };
}

/** A frame. */
export function frameView(more: Partial<FrameView> = {}): FrameView {
  return { frame: 0, masks: [], prompts: [], isReady: true, ...more };
}

/** The sequence as the server gives it; frame 3 of the first object is clicked. */
export function sequenceView(more: Partial<SequenceView> = {}): SequenceView {
  return {
    summary: {
      id: 7,
      name: "clip",
      procedure: null,
      patient: null,
      frameCount: 10,
      width: 8,
      height: 6,
      fps: 25,
      objects: 2,
      masks: 1,
      verified: 0,
      trouble: null,
    },
    timesMs: [0, 40, 80, 120, 160, 200, 240, 280, 320, 360],
    objects,
    spans: [],
    prompts: [],
    lanes: [
      { objectId: 11, letters: "...c......" },
      { objectId: 12, letters: ".........." },
    ],
    history: { undo: null, redo: null },
    propagation: { status: "idle", progress: null, error: null },
    revision: "r1",
    since: "t1",
    maskCount: 1,
    ...more,
  };
}

/** What there is to work on. */
export const home: HomeView = {
  sequences: [sequenceView().summary],
  tags: [
    {
      id: 1,
      code: "polyp",
      name: "Polyp",
      category: "finding",
      colour: "#00dc96",
    },
    {
      id: 2,
      code: "snare",
      name: "Snare",
      category: "instrument",
      colour: "#3c96ff",
    },
  ],
  preferences: {},
  model: { id: "nano", device: "cpu", side: 512, licence: "MIT" },
  models: [
    { id: "nano", side: 512, licence: "MIT", isTuned: false },
    { id: "nano-tuned", side: 512, licence: "MIT", isTuned: true },
  ],
  modelsTrouble: null,
  exportFormats: ["coco"],
  imports: [],
  dataFolder: "/data",
};

/** What the server answers to an action. */
export function result(more: Partial<ActionResult> = {}): ActionResult {
  return {
    frame: null,
    objectId: null,
    history: { undo: null, redo: null },
    objects,
    spans: [],
    changed: 1,
    msTaken: 1,
    ...more,
  };
}

/** A page without a browser. */
export type Driver = {
  state: State;
  /** Effects since they were taken last. */
  effects: Effect[];
  do(...events: readonly PageEvent[]): Driver;
  take<Kind extends Effect["kind"]>(
    kind: Kind,
  ): Extract<Effect, { kind: Kind }>[];
};

/** Starts a page; open means that the sequence has come and frame 0 is seen. */
export function drive({ open = true }: { open?: boolean } = {}): Driver {
  const driver: Driver = {
    state: createState(),
    effects: [],
    do(...events) {
      for (const event of events) {
        const { state, effects } = update(driver.state, event);
        driver.state = state;
        driver.effects.push(...effects);
      }
      return driver;
    },
    take<Kind extends Effect["kind"]>(kind: Kind) {
      const isKind = (it: Effect): it is Extract<Effect, { kind: Kind }> =>
        it.kind === kind;
      const taken = driver.effects.filter(isKind);
      driver.effects = driver.effects.filter((it) => it.kind !== kind);
      return taken;
    },
  };
  if (!open) return driver;
  driver.do(
    { kind: "started", sequence: 7, frame: 0 },
    { kind: "homeCame", home },
    { kind: "sequenceCame", view: sequenceView() },
    { kind: "frameCame", view: frameView() },
    { kind: "shown", frame: 0 },
  );
  driver.effects = [];
  return driver;
}
