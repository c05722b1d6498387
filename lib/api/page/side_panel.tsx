// The panel at the right: one tab at a time.

import { useMemo } from "preact/hooks";
import { FrameTagsPanel } from "./frame_tags_panel.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { countUnverified } from "./lanes.ts";
import { ObjectsPanel } from "./objects_panel.tsx";
import type { OpenPage } from "./page.ts";
import { PromptsPanel } from "./prompts_panel.tsx";
import { ReviewPanel } from "./review_panel.tsx";
import type { PanelTab } from "./state.ts";
import { ViewPanel } from "./view_panel.tsx";

const tabs = ["objects", "frameTags", "prompts", "review", "view"] as const;
const icons = {
  objects: "layers",
  frameTags: "tag",
  prompts: "click",
  review: "review",
  view: "sliders",
} as const satisfies Record<PanelTab, IconName>;

/** The panel at the right. */
export function SidePanel({ page }: { page: OpenPage }) {
  const { state, say, sequence } = page;
  const left = useMemo(() => countUnverified(sequence.lanes), [sequence.lanes]);
  if (!state.panelOpen) return null;
  const counts: Partial<Record<PanelTab, number>> = {
    objects: sequence.objects.length,
    frameTags: sequence.spans.length,
    prompts: sequence.prompts.length,
    review: left,
  };
  const choose = (tab: PanelTab) => page.dispatch({ kind: "tabChosen", tab });

  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === "ArrowRight"
      ? 1
      : event.key === "ArrowLeft"
      ? -1
      : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const at = tabs.indexOf(state.tab) + step;
    const tab = tabs[(at + tabs.length) % tabs.length];
    choose(tab);
    document.getElementById(`tab-${tab}`)?.focus();
  }

  return (
    <aside class="side-panel" aria-label={say("sidePanel")}>
      <div class="tabs" role="tablist" onKeyDown={onKeyDown}>
        {tabs.map((tab) => {
          const Shape = Icon[icons[tab]];
          return (
            <button
              key={tab}
              id={`tab-${tab}`}
              type="button"
              role="tab"
              data-tab={tab}
              aria-selected={state.tab === tab}
              aria-controls="panel"
              aria-label={say(tab)}
              title={say(tab)}
              tabIndex={state.tab === tab ? 0 : -1}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(tab)}
            >
              <Shape />
              {state.tab === tab && <span>{say(tab)}</span>}
              {(counts[tab] ?? 0) > 0 && <b>{counts[tab]}</b>}
            </button>
          );
        })}
      </div>
      <div
        class="panel-body"
        id="panel"
        role="tabpanel"
        aria-labelledby={`tab-${state.tab}`}
      >
        {state.tab === "objects" && <ObjectsPanel page={page} />}
        {state.tab === "frameTags" && <FrameTagsPanel page={page} />}
        {state.tab === "prompts" && <PromptsPanel page={page} />}
        {state.tab === "review" && <ReviewPanel page={page} />}
        {state.tab === "view" && <ViewPanel page={page} />}
      </div>
    </aside>
  );
}
