// The model that answers, and the installed ones to choose instead.

import type { Page } from "./page.ts";

/** The chooser; where there is only one model, what it is. */
export function ModelChoice({ page }: { page: Page }) {
  const { state: { home, modelChange }, say, dispatch } = page;
  if (!home) return null;
  const { model, models, modelsTrouble } = home;
  const isListed = models.some(({ id }) => id === model.id);
  // a model can be removed while it is in use
  const choices = isListed ? models : [{ ...model, isTuned: false }, ...models];
  return (
    <div class="model-choice">
      {choices.length > 1 && (
        <select
          data-testid="model"
          aria-label={say("chooseModel")}
          aria-busy={modelChange !== null}
          value={modelChange?.wanted ?? model.id}
          onChange={(event) =>
            dispatch({ kind: "modelChosen", id: event.currentTarget.value })}
        >
          {choices.map(({ id, isTuned }) => (
            <option key={id} value={id}>
              {isTuned ? say("modelTuned", { id }) : id}
            </option>
          ))}
        </select>
      )}
      <p class="muted" data-testid="model-facts" role="status">
        {modelChange
          ? say("modelOpening", { id: modelChange.asked })
          : say("modelFacts", model)}
      </p>
      {modelChange && <progress aria-label={say("chooseModel")} />}
      {modelsTrouble && (
        <p class="trouble" role="alert">
          {say("modelsTrouble", { why: modelsTrouble })}
        </p>
      )}
    </div>
  );
}
