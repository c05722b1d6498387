// What the chosen tool can be set to, where the eye is: on the stage.

import { CommandButton } from "./button.tsx";
import type { OpenPage } from "./page.ts";

/** Options of the chosen tool; nothing for tools without any. */
export function ToolOptions({ page }: { page: OpenPage }) {
  const { state, say, dispatch } = page;
  const { tool, polygon, look } = state;
  if (tool === "brush" || tool === "eraser") {
    return (
      <div class="tool-options" role="group" aria-label={say("toolOptions")}>
        <CommandButton page={page} id="brushSmaller" icon="minus" />
        <input
          type="range"
          min={1}
          max={200}
          aria-label={say("brushSize")}
          value={look.brushPx}
          onInput={(event) =>
            dispatch({
              kind: "looked",
              look: { brushPx: event.currentTarget.valueAsNumber },
            })}
        />
        <CommandButton page={page} id="brushLarger" icon="plus" />
        <output>{look.brushPx} px</output>
      </div>
    );
  }
  if (polygon && (polygon.changed || polygon.drawing)) {
    return (
      <div class="tool-options" role="group" aria-label={say("toolOptions")}>
        <CommandButton
          page={page}
          id="apply"
          icon="check"
          text={say("apply")}
          kind="primary"
        />
        <CommandButton
          page={page}
          id="cancel"
          icon="close"
          text={say("cancel")}
        />
      </div>
    );
  }
  return null;
}
