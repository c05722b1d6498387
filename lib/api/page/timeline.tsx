// The timeline: playing, thumbnails, one lane per object, the spans of frame
// tags, and the playhead. A drag anywhere scrubs, the wheel zooms in time.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { drawLane, laneHeight } from "./draw_timeline.ts";
import { objectName } from "./object_names.ts";
import type { OpenPage } from "./page.ts";
import { pictureAddress } from "./server.ts";
import { timelineHeight } from "./preferring.ts";
import { TimelineEdge } from "./timeline_edge.tsx";
import { Spans } from "./timeline_spans.tsx";
import { Transport } from "./transport.tsx";

/** The width of the names at the left, in CSS pixels; page.css knows it as well. */
const namesPx = 132;
const thumbnailPx = 84;

/** The timeline at the bottom. */
export function Timeline({ page }: { page: OpenPage }) {
  const { state, say, sequence, dispatch } = page;
  const { from, to } = state.timeline;
  const body = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  const scrubs = useRef(false);
  const [dragged, setDragged] = useState<number>();
  const latest = useRef(page);
  latest.current = page;

  useEffect(() => {
    const element = body.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setWidth(Math.max(50, element.clientWidth - namesPx))
    );
    observer.observe(element);
    const onWheel = (event: WheelEvent) => {
      if (event.target instanceof Element && event.target.closest(".names")) {
        return; // the names scroll
      }
      event.preventDefault();
      const { timeline } = latest.current.state;
      const length = timeline.to - timeline.from;
      const sideways = event.shiftKey ||
        Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (sideways) {
        const by = (event.deltaX || event.deltaY) / element.clientWidth *
          length;
        moveTimeline(timeline.from + by, timeline.to + by);
        return;
      }
      const left = element.getBoundingClientRect().left + namesPx;
      const share = (event.clientX - left) / (element.clientWidth - namesPx);
      const at = timeline.from + length * share;
      const factor = Math.exp(
        Math.max(-240, Math.min(240, event.deltaY)) * 0.002,
      );
      const { frameCount } = latest.current.sequence.summary;
      const next = Math.min(frameCount, Math.max(8, length * factor));
      moveTimeline(at - next * share, at + next * (1 - share));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", onWheel);
    };
  }, []);

  function moveTimeline(from: number, to: number) {
    latest.current.dispatch({ kind: "timelineMoved", from, to });
  }

  function frameAt(event: PointerEvent): number {
    const left = (body.current?.getBoundingClientRect().left ?? 0) + namesPx;
    const share = (event.clientX - left) / width;
    return Math.floor(from + share * (to - from));
  }

  const count = sequence.summary.frameCount;
  const playhead = (state.frame + 0.5 - from) / (to - from) * width;
  const rows = Math.max(3, Math.min(6, sequence.objects.length));
  const spans = sequence.spans.length > 0 || state.spanBegin !== null;
  const heightPx = dragged ?? timelineHeight(state.preferences);
  /** Whether there may be lanes that are not seen. */
  const isLong = sequence.objects.length > rows || heightPx !== undefined;
  return (
    <section class="timeline" aria-label={say("timeline")}>
      <TimelineEdge
        page={page}
        heightPx={() => body.current?.clientHeight ?? 0}
        onDrag={setDragged}
      />
      <Transport page={page} />
      <div
        class="timeline-body"
        ref={body}
        style={{
          "--rows": rows,
          "--span-rows": spans ? 1 : 0,
          height: heightPx ? `${heightPx}px` : undefined,
        }}
        data-testid="timeline"
        role="slider"
        tabIndex={0}
        aria-label={say("timeline")}
        aria-valuemin={0}
        aria-valuemax={count - 1}
        aria-valuenow={state.frame}
        aria-valuetext={say("timelineHelp", { n: state.frame, count })}
        onPointerDown={(event) => {
          const { target } = event;
          const isOther = target instanceof Element &&
            target.closest("button, .span-edge, .names");
          if (event.button !== 0 || isOther) return;
          scrubs.current = true;
          event.currentTarget.setPointerCapture(event.pointerId);
          dispatch({ kind: "go", frame: frameAt(event) });
        }}
        onPointerMove={(event) => {
          if (scrubs.current) dispatch({ kind: "go", frame: frameAt(event) });
        }}
        onPointerUp={() => scrubs.current = false}
        onPointerCancel={() => scrubs.current = false}
      >
        <div class={`timeline-content ${isLong ? "long" : ""}`}>
          <Thumbnails page={page} width={width} />
          <Spans page={page} width={width} frameAt={frameAt} />
          <Lanes page={page} width={width} />
          {playhead >= 0 && playhead <= width && (
            <div
              class="playhead"
              style={{ transform: `translateX(${namesPx + playhead}px)` }}
            />
          )}
        </div>
      </div>
    </section>
  );
}

/** Pictures evenly spaced over the width; the browser fetches and forgets them. */
function Thumbnails({ page, width }: { page: OpenPage; width: number }) {
  const { state, sequence } = page;
  const { from, to } = state.timeline;
  // While the timeline zooms or moves, the pictures wait.
  const [range, setRange] = useState({ from, to });
  useEffect(() => {
    const timer = setTimeout(() => setRange({ from, to }), 160);
    return () => clearTimeout(timer);
  }, [from, to]);
  const count = Math.max(1, Math.floor(width / thumbnailPx));
  const step = (range.to - range.from) / count;
  const last = sequence.summary.frameCount - 1;
  return (
    <div class="thumbnails" aria-hidden="true">
      {Array.from({ length: count }, (_, i) => {
        const frame = Math.min(last, Math.floor(range.from + (i + 0.5) * step));
        return (
          <img
            key={i}
            alt=""
            loading="lazy"
            decoding="async"
            draggable={false}
            src={pictureAddress(sequence.summary.id, frame, "thumbnail")}
          />
        );
      })}
    </div>
  );
}

/** One lane per object on one canvas, with the names beside it. */
function Lanes({ page, width }: { page: OpenPage; width: number }) {
  const { state, sequence, dispatch } = page;
  const canvas = useRef<HTMLCanvasElement>(null);
  const { objects, lanes } = sequence;
  const { from, to } = state.timeline;
  const height = Math.max(1, objects.length) * laneHeight;
  const named = objects.map((it) => ({
    ...it,
    name: objectName(state, page.say, it),
  }));

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const ratio = globalThis.devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    const style = getComputedStyle(element);
    const colours = {
      warn: style.getPropertyValue("--warn-strong"),
      stale: style.getPropertyValue("--stale"),
      ink: "#ffffff",
    };
    for (const [i, { id, colour }] of objects.entries()) {
      context.setTransform(ratio, 0, 0, ratio, 0, i * laneHeight * ratio);
      drawLane(context, {
        lane: lanes.get(id) ?? "",
        from,
        to,
        width,
        colour,
        colours,
        active: id === state.activeObject,
      });
    }
  }, [
    lanes,
    objects,
    from,
    to,
    width,
    height,
    state.activeObject,
    state.preferences.theme,
  ]);

  return (
    <div class="lanes">
      <div class="names">
        {named.map(({ id, number, name, colour }) => (
          <button
            key={id}
            type="button"
            class={id === state.activeObject ? "active" : ""}
            aria-pressed={id === state.activeObject}
            title={name}
            tabIndex={-1}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => dispatch({ kind: "activated", objectId: id })}
          >
            <i style={{ background: colour }} />
            <b>{number}</b> {name}
          </button>
        ))}
      </div>
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${height}px` }}
        aria-hidden="true"
      />
      {objects.length === 0 && <p class="no-lanes">{page.say("noLanes")}</p>}
    </div>
  );
}
