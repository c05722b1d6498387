// The annotator page: where it starts. The state is held here, and nowhere else.

import { render } from "preact";
import { App } from "./app.tsx";
import { createEffects } from "./effects.ts";
import type { PageEvent } from "./events.ts";
import { listenToKeys } from "./keyboard.ts";
import { createMaskPaths } from "./mask_paths.ts";
import { createPictures } from "./pictures.ts";
import { pictureAddress } from "./server.ts";
import { createState, isReady, languageOf, type State } from "./state.ts";
import { update } from "./update.ts";
import { sayIn } from "./words.ts";

const root = document.getElementById("app") ?? document.body;
const paths = createMaskPaths();
const pictures = createPictures<ImageBitmap>({
  load: loadPicture,
  onLoaded: () => show(),
});
const perform = createEffects(dispatch, pictures);
const systemTheme = matchMedia("(prefers-color-scheme: light)");
let state = createState({
  systemLanguage: navigator.language.startsWith("ru") ? "ru" : "en",
  panelOpen: matchMedia("(min-width: 44rem)").matches,
  visit: Math.random().toString(36).slice(2),
});
let shows = false;
let ticks = false;

function dispatch(event: PageEvent) {
  const before = state.sequence?.summary.id;
  const { state: next, effects } = update(state, event);
  state = next;
  if (before !== state.sequence?.summary.id) pictures.clear();
  show();
  for (const effect of effects) perform(effect);
  if (state.playing && !ticks) tick();
}

/** Draws the page once, however many events came. */
function show() {
  if (shows) return;
  shows = true;
  queueMicrotask(() => {
    shows = false;
    const say = sayIn(languageOf(state));
    tellDocument(state);
    render(<App page={{ state, say, dispatch, pictures, paths }} />, root);
    if (document.hidden) tellDrawn();
    else requestAnimationFrame(tellDrawn); // the stage draws before it
  });
}

/** While it plays, every frame of the screen moves the clock. */
function tick() {
  ticks = true;
  requestAnimationFrame((nowMs) => {
    ticks = false;
    if (!state.playing) return;
    const loadedTo = pictures.loadedTo(state.frame);
    dispatch({ kind: "tick", nowMs, loadedTo });
  });
}

/** What style sheets and tests read off the document. */
function tellDocument(state: State) {
  const { documentElement } = document;
  const theme = state.preferences.theme ?? "dark";
  documentElement.lang = languageOf(state);
  documentElement.dataset.theme = theme !== "system"
    ? theme
    : systemTheme.matches
    ? "light"
    : "dark";
  documentElement.dataset.frame = String(state.frame);
  if (!isReady(state)) documentElement.dataset.ready = "false";
  documentElement.dataset.queue = String(state.queue.length);
  documentElement.dataset.pictures = String(pictures.count());
  document.title = state.sequence
    ? `${state.sequence.summary.name} · MedAnnotate`
    : "MedAnnotate";
}

/** What is true once the stage is drawn. */
function tellDrawn() {
  const { dataset } = document.documentElement;
  dataset.shown = String(state.shown ?? "");
  dataset.ready = String(isReady(state));
}

async function loadPicture(
  frame: number,
  { sharp, signal }: { sharp: boolean; signal: AbortSignal },
): Promise<ImageBitmap> {
  const id = state.sequence?.summary.id ?? 0;
  const address = pictureAddress(id, frame, sharp ? "png" : "jpeg");
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`Picture ${frame}: ${response.status}`);
  return await createImageBitmap(await response.blob());
}

// What waits for the server is kept for a reload, not for a closed tab.
addEventListener("beforeunload", (event) => {
  if (state.queue.length > 0) event.preventDefault();
});
systemTheme.addEventListener("change", show);
listenToKeys(() => state, dispatch);

const query = new URL(location.href).searchParams;
const sequence = Number(query.get("sequence")) || null;
dispatch({
  kind: "started",
  sequence,
  frame: Math.max(0, Number(query.get("frame")) || 0),
});
