// Choosing the model that answers. The server opens it, which can take seconds;
// the person stays where they are, and goes on meanwhile.
//
// What was annotated does not depend on the model. What does is forgotten: which
// frames are answered at once, and the mask under the pointer.

import type { ModelsView } from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import type { State } from "./state.ts";
import { rested } from "./travel.ts";

/** A person chose a model; while one is being opened, the choice waits for it. */
export function modelChosen(state: State, id: string): Step {
  const { modelChange } = state;
  if (modelChange) {
    return step({ ...state, modelChange: { ...modelChange, wanted: id } });
  }
  if (id === state.home?.model.id) return step(state);
  return step({
    ...state,
    modelChange: { asked: id, wanted: id },
    message: { tone: "note", key: "modelOpening", values: { id } },
  }, { kind: "changeModel", id });
}

/** The model that was chosen is there; another may have been chosen since. */
export function modelChanged(state: State, models: ModelsView): Step {
  const { id } = models.model;
  const wanted = state.modelChange?.wanted ?? id;
  return chain(
    modelsCame({
      ...state,
      modelChange: null,
      message: { tone: "note", key: "modelOpened", values: { id } },
    }, models),
    (it) => modelChosen(it, wanted),
  );
}

/** The server would not change the model, or could not be asked. */
export function modelRefused(state: State, error: string): Step {
  return step({
    ...state,
    modelChange: null,
    message: { tone: "error", key: "refused", values: { why: error } },
  }, { kind: "fetchModels" }); // the answer may be all that was lost
}

/** What can be chosen, and which model answers now. */
export function modelsCame(state: State, models: ModelsView): Step {
  const { home } = state;
  if (!home) return step(state);
  const next = { ...state, home: { ...home, ...models } };
  return home.model.id === models.model.id ? step(next) : prepareAnew(next);
}

/** The frames have to be prepared for the new model, the one that is seen first. */
function prepareAnew(state: State): Step {
  const frames = new Map(
    [...state.frames].map(([frame, view]) => [
      frame,
      { ...view, isReady: false },
    ]),
  );
  const preview = { ...state.preview, shown: null };
  const next = { ...state, frames, readyFrames: [], preview };
  return rested(next, next.frame);
}
