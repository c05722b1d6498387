// The tools at the left, and what is wanted with every tool.

import { CommandButton } from "./button.tsx";
import type { OpenPage } from "./page.ts";
import type { Tool } from "./state.ts";

const tools = [
  ["click", "toolClick"],
  ["box", "toolBox"],
  ["brush", "toolBrush"],
  ["eraser", "toolEraser"],
  ["polygon", "toolPolygon"],
  ["hand", "toolHand"],
] as const satisfies readonly [Tool, string][];

/** The tools at the left. */
export function ToolRail({ page }: { page: OpenPage }) {
  const { state, say } = page;
  const idle = state.activeObject === null;
  return (
    <div class="tool-rail" role="toolbar" aria-label={say("tools")}>
      {tools.map(([tool, id]) => (
        <CommandButton
          key={id}
          page={page}
          id={id}
          icon={tool}
          pressed={state.tool === tool}
        />
      ))}
      <hr />
      <CommandButton page={page} id="finish" icon="check" disabled={idle} />
      <CommandButton page={page} id="deleteMask" icon="trash" disabled={idle} />
      <hr />
      <CommandButton page={page} id="fit" icon="fit" />
      <CommandButton
        page={page}
        id="toggleMasks"
        icon={state.look.masks ? "eye" : "eyeOff"}
        pressed={!state.look.masks}
      />
      <CommandButton
        page={page}
        id="toggleOnion"
        icon="onion"
        pressed={state.look.onion}
      />
    </div>
  );
}
