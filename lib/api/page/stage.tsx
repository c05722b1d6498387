// The stage: the two canvases and what the pointer does on them.
//
// Gestures in progress stay here; only what they lead to becomes an event.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Point } from "../../base/tensor.ts";
import { drawOverlay, drawPicture } from "./draw_stage.ts";
import { isInside, toPicture, zoomAround } from "./geometry.ts";
import type { Gesture } from "./gesture.ts";
import type { OpenPage } from "./page.ts";
import { findVertex } from "./polygon_edit.ts";
import { actingFrame } from "./state.ts";
import { ToolOptions } from "./tool_options.tsx";

/** How near a point or vertex is hit, in CSS pixels. */
const nearPx = 10;

/** The picture with everything on it. */
export function Stage({ page }: { page: OpenPage }) {
  const { state, say, sequence } = page;
  const frame = useRef<HTMLDivElement>(null);
  const pictureCanvas = useRef<HTMLCanvasElement>(null);
  const overlayCanvas = useRef<HTMLCanvasElement>(null);
  const readout = useRef<HTMLOutputElement>(null);
  const gesture = useRef<Gesture>({ kind: "none" });
  const pointer = useRef<Point | undefined>(undefined);
  const latest = useRef(page);
  latest.current = page;
  const asked = useRef(0);

  function draw() {
    asked.current = 0;
    const base = pictureCanvas.current?.getContext("2d");
    const top = overlayCanvas.current?.getContext("2d");
    if (base && top) {
      drawStage(latest.current, base, top, gesture.current, pointer.current);
      showPlace(pointer.current);
    }
  }
  function askDraw() {
    asked.current ||= requestAnimationFrame(draw);
  }
  useLayoutEffect(askDraw);

  // The size of the stage, at the screen's own density.
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      if (width < 1 || height < 1) return;
      latest.current.dispatch({ kind: "stageSized", width, height });
      askDraw();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // The wheel must not scroll the page, so its listener may not be passive.
  useEffect(() => {
    const element = overlayCanvas.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { state, dispatch } = latest.current;
      const lines = event.deltaMode === 1 ? 30 : 1;
      const factor = Math.exp(
        -Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.0018,
      );
      const viewport = zoomAround(state.viewport, placeOf(event), factor);
      dispatch({ kind: "viewportMoved", viewport });
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  function showPlace(at: Point | undefined) {
    if (!readout.current) return;
    const place = at && toPicture(at, latest.current.state.viewport);
    readout.current.textContent =
      place && isInside(place, latest.current.sequence.summary)
        ? `${Math.floor(place.x)}, ${Math.floor(place.y)}`
        : "";
  }

  function onPointerDown(event: PointerEvent) {
    const { state, dispatch } = latest.current;
    const at = placeOf(event);
    const place = toPicture(at, state.viewport);
    const { tool } = state;
    overlayCanvas.current?.setPointerCapture(event.pointerId);
    // Keys belong to the picture now.
    if (document.activeElement instanceof HTMLElement) {
      document.activeElement.blur();
    }
    const pans = event.button === 1 || event.altKey || tool === "hand";
    if (pans) {
      gesture.current = { kind: "pan" };
    } else if (event.button === 2) {
      if (tool === "click" || tool === "box") {
        dispatch({ kind: "point", ...place, sign: "-" });
      }
    } else if (event.button !== 0) {
      return;
    } else if (event.ctrlKey || event.metaKey) {
      const withinPx = nearPx / state.viewport.zoom;
      dispatch({ kind: "pointRemoved", ...place, withinPx });
    } else if (tool === "box" || (tool === "click" && event.shiftKey)) {
      gesture.current = { kind: "box", from: at, to: at };
    } else if (tool === "click") {
      dispatch({ kind: "point", ...place, sign: "+" });
    } else if (tool === "brush" || tool === "eraser") {
      gesture.current = { kind: "stroke", points: [place] };
    } else if (tool === "polygon") {
      const edit = state.polygon;
      const vertex = edit && !edit.drawing &&
        findVertex(edit, place, nearPx / state.viewport.zoom);
      if (vertex) {
        dispatch({ kind: "vertexSelected", at: vertex });
        gesture.current = { kind: "vertex" };
      } else if (event.detail < 2) {
        pendingClick.current = place;
      }
    }
    askDraw();
  }
  // A click of the polygon tool counts when no drag and no double click on an edge follows.
  const pendingClick = useRef<Point | undefined>(undefined);

  function onPointerMove(event: PointerEvent) {
    const { state, dispatch } = latest.current;
    const at = placeOf(event);
    const before = pointer.current;
    pointer.current = at;
    if (state.cursor) dispatch({ kind: "mouseUsed" });
    if (gesture.current.kind !== "pan") showPlace(at);
    const now = gesture.current;
    const place = toPicture(at, state.viewport);
    switch (now.kind) {
      case "pan": {
        const { viewport } = state;
        const dx = before ? at.x - before.x : 0;
        const dy = before ? at.y - before.y : 0;
        dispatch({
          kind: "viewportMoved",
          viewport: { ...viewport, x: viewport.x + dx, y: viewport.y + dy },
        });
        break;
      }
      case "box":
        gesture.current = { ...now, to: at };
        break;
      case "stroke": {
        const events = event.getCoalescedEvents?.() ?? [];
        const points = (events.length > 0 ? events : [event])
          .map((it) => toPicture(placeOf(it), state.viewport));
        gesture.current = { ...now, points: [...now.points, ...points] };
        break;
      }
      case "vertex":
        dispatch({ kind: "vertexMoved", ...place });
        break;
      case "none":
        if (state.look.preview) {
          const inside = isInside(place, latest.current.sequence.summary);
          dispatch({ kind: "hovered", at: inside ? place : null });
        }
    }
    askDraw();
  }

  function onPointerUp(event: PointerEvent) {
    const { state, dispatch } = latest.current;
    const now = gesture.current;
    gesture.current = { kind: "none" };
    if (now.kind === "box") {
      const from = toPicture(now.from, state.viewport);
      const to = toPicture(placeOf(event), state.viewport);
      dispatch({ kind: "box", x0: from.x, y0: from.y, x1: to.x, y1: to.y });
    } else if (now.kind === "stroke") {
      dispatch({ kind: "stroke", points: now.points });
    } else if (pendingClick.current) {
      const place = pendingClick.current;
      pendingClick.current = undefined;
      dispatch({ kind: "polygonClick", ...place });
    }
    askDraw();
  }

  function onCancel() {
    gesture.current = { kind: "none" };
    pendingClick.current = undefined;
    askDraw();
  }

  function onDoubleClick(event: MouseEvent) {
    if (latest.current.state.tool !== "polygon") return;
    const { viewport } = latest.current.state;
    const place = toPicture(placeOf(event), viewport);
    latest.current.dispatch({
      kind: "polygonDoubleClick",
      ...place,
      withinPx: nearPx / viewport.zoom,
    });
  }

  const { brightness, contrast } = state.look;
  const filter = brightness === 1 && contrast === 1
    ? "none"
    : `brightness(${brightness}) contrast(${contrast})`;
  return (
    <div class={`stage tool-${state.tool}`} ref={frame}>
      <canvas ref={pictureCanvas} style={{ filter }} aria-hidden="true" />
      <canvas
        ref={overlayCanvas}
        data-testid="canvas"
        tabIndex={0}
        role="application"
        aria-label={say("picture", { n: actingFrame(state) })}
        onMouseDown={(event) => event.preventDefault()}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onCancel}
        onPointerLeave={() => {
          pointer.current = undefined;
          showPlace(undefined);
          if (state.look.preview) page.dispatch({ kind: "hovered", at: null });
          askDraw();
        }}
        onDblClick={onDoubleClick}
        onContextMenu={(event) => event.preventDefault()}
        onAuxClick={(event) => event.preventDefault()}
      />
      <ToolOptions page={page} />
      <div class="readout">
        <output ref={readout} data-testid="place" />
        <span>{Math.round(state.viewport.zoom * 100)} %</span>
        <span>{sequence.summary.width} × {sequence.summary.height}</span>
      </div>
    </div>
  );
}

function drawStage(
  page: OpenPage,
  base: CanvasRenderingContext2D,
  top: CanvasRenderingContext2D,
  gesture: Gesture,
  pointer: Point | undefined,
) {
  const { state, sequence, pictures, paths } = page;
  const ratio = globalThis.devicePixelRatio || 1;
  for (const { canvas } of [base, top]) {
    const width = Math.round(state.stage.width * ratio);
    const height = Math.round(state.stage.height * ratio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }
  // The right picture, else the one that came last: scrubbing should show something.
  const exact = pictures.find(state.frame);
  const latest = pictures.latest();
  const picture = exact ?? latest?.picture;
  const shown = exact ? state.frame : latest?.frame ?? state.frame;
  const previous = state.look.onionPicture
    ? pictures.find(shown - 1)
    : undefined;
  drawPicture(base, { picture, previous, state, sequence, ratio });
  drawOverlay(top, { state, sequence, shown, gesture, pointer, paths, ratio });
  if (picture && state.shown !== shown) {
    page.dispatch({ kind: "shown", frame: shown });
  }
}

function placeOf(event: MouseEvent): Point {
  const { target } = event;
  if (!(target instanceof Element)) {
    return { x: event.offsetX, y: event.offsetY };
  }
  const { left, top } = target.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
