// The upper edge of the timeline: dragged, it gives the lanes more or less room.

import { useRef } from "preact/hooks";
import type { OpenPage } from "./page.ts";
import { timelineLimitsPx } from "./preferring.ts";

/** The upper edge; a double click lets the lanes have what they need again. */
export function TimelineEdge({ page, heightPx, onDrag }: {
  page: OpenPage;
  /** What the timeline has now. */
  heightPx: () => number;
  /** Told while it is dragged; undefined when it is remembered. */
  onDrag: (heightPx: number | undefined) => void;
}) {
  const { state, say, dispatch } = page;
  const drag = useRef<{ y: number; from: number } | null>(null);

  function heightAt(y: number): number {
    const { y: start, from } = drag.current ?? { y, from: heightPx() };
    return within(from + start - y);
  }
  function remember(timelinePx: number) {
    drag.current = null;
    onDrag(undefined);
    const view = { ...state.preferences.view, timelinePx };
    dispatch({ kind: "preferred", preferences: { view } });
  }
  return (
    <div
      class="timeline-edge"
      data-testid="timeline-edge"
      role="separator"
      aria-orientation="horizontal"
      tabIndex={0}
      aria-label={say("resizeTimeline")}
      title={say("resizeTimeline")}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        drag.current = { y: event.clientY, from: heightPx() };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (drag.current) onDrag(heightAt(event.clientY));
      }}
      onPointerUp={(event) => {
        const moved = drag.current && drag.current.y !== event.clientY;
        if (moved) remember(heightAt(event.clientY));
        else drag.current = null;
      }}
      onPointerCancel={() => {
        drag.current = null;
        onDrag(undefined);
      }}
      onDblClick={() => remember(0)}
      onKeyDown={(event) => {
        const by = event.key === "ArrowUp"
          ? 18
          : event.key === "ArrowDown"
          ? -18
          : 0;
        if (by === 0) return;
        event.preventDefault();
        event.stopPropagation();
        remember(within(heightPx() + by));
      }}
    />
  );
}

function within(px: number): number {
  const { least, most } = timelineLimitsPx;
  return Math.round(Math.max(least, Math.min(most, px)));
}
