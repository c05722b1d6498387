// What a person prefers: kept in the store with every change.

import type { Preferences } from "../contract.ts";
import { type Step, step } from "./events.ts";
import { type Look, type PanelTab, plainLook, type State } from "./state.ts";

/** Changes preferences and has them saved, once the person pauses. */
export function changePreferences(
  state: State,
  change: Partial<Preferences>,
): Step {
  const preferences = { ...state.preferences, ...change };
  return step(
    { ...state, preferences },
    { kind: "savePreferences", preferences },
  );
}

/** Changes how the picture and the masks look. */
export function changeLook(state: State, change: Partial<Look>): Step {
  const look = { ...state.look, ...change };
  return changePreferences({ ...state, look }, {
    view: { ...state.preferences.view, ...look },
  });
}

/** The look that preferences remember; what is odd or missing is plain. */
export function lookOf({ view = {} }: Preferences): Look {
  const number = (key: keyof Look, least: number, most: number) => {
    const value = view[key];
    return typeof value === "number" && value >= least && value <= most
      ? value
      : Number(plainLook[key]);
  };
  const flag = (key: keyof Look) => {
    const value = view[key];
    return typeof value === "boolean" ? value : Boolean(plainLook[key]);
  };
  return {
    opacity: number("opacity", 0, 1),
    fill: flag("fill"),
    outline: flag("outline"),
    masks: flag("masks"),
    brightness: number("brightness", 0.2, 3),
    contrast: number("contrast", 0.2, 3),
    onion: flag("onion"),
    onionPicture: flag("onionPicture"),
    preview: flag("preview"),
    brushPx: number("brushPx", 1, 400),
    speed: number("speed", 0.25, 10),
  };
}

/** How high a person may make the timeline; a small window makes it lower. */
export const timelineLimitsPx = { least: 54, most: 600 };

/** The height of the timeline that was chosen; undefined when it follows the objects. */
export function timelineHeight({ view = {} }: Preferences): number | undefined {
  const { timelinePx } = view;
  const { least, most } = timelineLimitsPx;
  return typeof timelinePx === "number" && timelinePx >= least &&
      timelinePx <= most
    ? timelinePx
    : undefined;
}

/** Opens a tab; what it lists, and others may have changed, is fetched anew. */
export function openTab(state: State, tab: PanelTab): Step {
  const next = { ...state, tab, panelOpen: true };
  if (tab === "view") return step(next, { kind: "fetchModels" });
  if (tab !== "review" || !state.sequence) return step(next);
  const sequence = state.sequence.summary.id;
  return step({ ...next, skipped: new Set() }, {
    kind: "fetchReview",
    sequence,
  });
}
