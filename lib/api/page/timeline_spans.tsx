// The lane of frame tags on the timeline; the edges of a tag can be dragged.

import { useState } from "preact/hooks";
import type { SpanView } from "../contract.ts";
import type { OpenPage } from "./page.ts";

/** Frame tags as bars whose edges can be dragged. */
export function Spans(
  { page, width, frameAt }: {
    page: OpenPage;
    width: number;
    frameAt: (event: PointerEvent) => number;
  },
) {
  const { state, sequence } = page;
  const { from, to } = state.timeline;
  const { spanBegin } = state;
  if (sequence.spans.length === 0 && spanBegin === null) return null;
  const x = (frame: number) => (frame - from) / (to - from) * width;
  return (
    <div class="spans">
      <div class="names">
        <span>{page.say("frameTags")}</span>
      </div>
      <div class="span-lane">
        {sequence.spans.map((span) => (
          <Span key={span.id} page={page} span={span} x={x} frameAt={frameAt} />
        ))}
        {spanBegin !== null && (
          <div
            class="span open"
            style={{
              left: `${x(Math.min(spanBegin, state.frame))}px`,
              width: `${
                x(Math.max(spanBegin, state.frame) + 1) -
                x(Math.min(spanBegin, state.frame))
              }px`,
            }}
          />
        )}
      </div>
    </div>
  );
}

function Span({ page, span, x, frameAt }: {
  page: OpenPage;
  span: SpanView;
  x: (frame: number) => number;
  frameAt: (event: PointerEvent) => number;
}) {
  const { say, dispatch, state } = page;
  const [dragged, setDragged] = useState<{ from: number; to: number }>();
  const now = dragged ?? span;
  const tag = state.home?.tags.find(({ id }) => id === span.tagId);
  const name = tag?.name ?? "";
  const last = page.sequence.summary.frameCount - 1;

  function edge(side: "from" | "to") {
    return (
      <div
        class={`span-edge ${side}`}
        title={say("dragEdge", { tag: name })}
        onPointerDown={(event) => {
          event.stopPropagation();
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragged({ from: span.from, to: span.to });
        }}
        onPointerMove={(event) => {
          if (!dragged) return;
          event.stopPropagation();
          const frame = Math.max(0, Math.min(last, frameAt(event)));
          setDragged(
            side === "from"
              ? { from: Math.min(frame, dragged.to), to: dragged.to }
              : { from: dragged.from, to: Math.max(frame, dragged.from) },
          );
        }}
        onPointerUp={(event) => {
          event.stopPropagation();
          setDragged(undefined);
          if (!dragged) return;
          if (dragged.from === span.from && dragged.to === span.to) return;
          const action = {
            kind: "changeSpan",
            spanId: span.id,
            ...dragged,
          } as const;
          dispatch({ kind: "act", action });
        }}
        onPointerCancel={() => setDragged(undefined)}
      />
    );
  }
  const left = x(now.from);
  return (
    <div
      class="span"
      data-span={span.id}
      title={`${name}: ${now.from}–${now.to}`}
      style={{
        left: `${left}px`,
        width: `${Math.max(3, x(now.to + 1) - left)}px`,
        "--tag": tag?.colour ?? "#888888",
      }}
    >
      {edge("from")}
      <span>{name}</span>
      {edge("to")}
    </div>
  );
}
