// Carries out effects: fetches, waits, remembers. All that touches the browser
// and is not drawing.

import type {
  ActionResult,
  Changes,
  ExportView,
  FrameView,
  HomeView,
  ModelsView,
  Preview,
  PropagationView,
  Ready,
  Refusal,
  ReviewItem,
  SequenceView,
  TagsView,
} from "../contract.ts";
import type { Effect, PageEvent } from "./events.ts";
import type { Picture, Pictures } from "./pictures.ts";
import { fetchJson, Refused } from "./server.ts";
import type { QueuedAction } from "./state.ts";

/** Makes the function that carries out effects. */
export function createEffects(
  dispatch: (event: PageEvent) => void,
  pictures: Pictures<Picture>,
): (effect: Effect) => void {
  const timers = new Map<string, number>();
  const frames = createFrameFetcher(dispatch);
  let pollAbort: AbortController | undefined;

  function later(key: string, ms: number, act: () => void) {
    clearTimeout(timers.get(key));
    timers.set(key, setTimeout(act, ms));
  }

  /** Fetches and tells; what fails is told as an error message. */
  async function tell<T>(
    fetching: Promise<T>,
    asEvent: (answer: T) => PageEvent,
    asRefusal: (refusal: Refusal) => PageEvent = ({ error }) => ({
      kind: "said",
      message: { tone: "error", key: "refused", values: { why: error } },
    }),
  ) {
    try {
      dispatch(asEvent(await fetching));
    } catch (error) {
      dispatch(asRefusal(refusalOf(error)));
    }
  }

  async function send(sequence: number, item: QueuedAction) {
    try {
      const result = await fetchJson<ActionResult>(
        `api/sequences/${sequence}/actions?key=${encodeURIComponent(item.key)}`,
        { method: "POST", body: item.action },
      );
      dispatch({ kind: "answered", id: item.id, result });
    } catch (error) {
      // Wrong tokens are answered after a restart: keep what is not saved.
      const isAway = !(error instanceof Refused) ||
        [401, 403].includes(error.status);
      dispatch(
        isAway
          ? { kind: "unsent", id: item.id }
          : { kind: "refused", id: item.id, refusal: error.refusal },
      );
    }
  }

  /** Asks for changes until there is an answer; one loop a page. */
  async function poll(sequence: number, since: string, revision: string) {
    pollAbort?.abort();
    const abort = pollAbort = new AbortController();
    const query = new URLSearchParams({ since, revision });
    for (let failures = 0; !abort.signal.aborted; failures++) {
      try {
        const changes = await fetchJson<Changes>(
          `api/sequences/${sequence}/changes?${query}`,
          { signal: abort.signal },
        );
        await untilVisible();
        if (!abort.signal.aborted) dispatch({ kind: "changesCame", changes });
        return;
      } catch {
        await wait(Math.min(10_000, 500 * 2 ** failures));
      }
    }
  }

  return (effect) => {
    switch (effect.kind) {
      case "fetchHome":
        return void tell(
          fetchJson<HomeView>("api/home"),
          (home) => ({ kind: "homeCame", home }),
          ({ error }) => ({ kind: "loadFailed", error }),
        );
      case "fetchSequence":
        return void tell(
          fetchJson<SequenceView>(`api/sequences/${effect.sequence}`),
          (view) => ({ kind: "sequenceCame", view }),
          ({ error }) => ({ kind: "loadFailed", error }),
        );
      case "findQueue":
        return dispatch({
          kind: "queueFound",
          items: readQueue(effect.sequence),
        });
      case "keepQueue":
        return writeQueue(effect.sequence, effect.items);
      case "fetchFrame":
        return frames.fetchNow(effect);
      case "look":
        pictures.want(effect.frame, effect);
        return frames.want(effect);
      case "makeReady":
        return void fetchJson<Ready>(
          `api/sequences/${effect.sequence}/frames/${effect.frame}/ready`,
          { method: "POST" },
        ).then(({ frame, isReady }) => {
          if (isReady) dispatch({ kind: "readyCame", frame });
        }).catch(() => {}); // a click there is answered all the same, later
      case "poll":
        return void poll(effect.sequence, effect.since, effect.revision);
      case "send":
        return void send(effect.sequence, effect.item);
      case "preview": {
        const { sequence, request } = effect;
        const { frame } = request;
        return void tell(
          fetchJson<Preview>(`api/sequences/${sequence}/preview`, {
            method: "POST",
            body: request,
          }),
          (preview) => ({ kind: "previewCame", frame, preview }),
          () => ({ kind: "previewCame", frame, preview: null }),
        );
      }
      case "propagate": {
        const { sequence, request } = effect;
        return void tell(
          fetchJson<PropagationView>(`api/sequences/${sequence}/propagation`, {
            method: "POST",
            body: request,
          }),
          (propagation) => ({ kind: "propagationCame", propagation }),
          (refusal) => ({ kind: "propagationRefused", request, refusal }),
        );
      }
      case "cancelPropagation":
        return void tell(
          fetchJson<PropagationView>(
            `api/sequences/${effect.sequence}/propagation`,
            { method: "DELETE" },
          ),
          (propagation) => ({ kind: "propagationCame", propagation }),
        );
      case "fetchReview":
        return void tell(
          fetchJson<ReviewItem[]>(`api/sequences/${effect.sequence}/review`),
          (items) => ({ kind: "reviewCame", items }),
        );
      case "export":
        return void tell(
          fetchJson<ExportView>(`api/sequences/${effect.sequence}/export`, {
            method: "POST",
            body: effect.request,
          }),
          (result) => ({ kind: "exportCame", result }),
          ({ error }) => ({ kind: "exportRefused", error }),
        );
      case "sendTags": {
        const { request } = effect;
        return void tell(
          fetchJson<TagsView>("api/tags", { method: "POST", body: request }),
          (tags) => ({ kind: "tagsCame", tags, request }),
        );
      }
      case "fetchModels":
        return void fetchJson<ModelsView>("api/model").then(
          (models) => dispatch({ kind: "modelsCame", models }),
        ).catch(() => {}); // the list stays as it was
      case "changeModel":
        return void tell(
          fetchJson<ModelsView>("api/model", {
            method: "POST",
            body: { id: effect.id },
          }),
          (models) => ({ kind: "modelChanged", models }),
          ({ error }) => ({ kind: "modelRefused", error }),
        );
      case "savePreferences":
        return later(
          "preferences",
          400,
          () =>
            void fetchJson("api/preferences", {
              method: "POST",
              body: effect.preferences,
            }).catch(() => {}),
        ); // comes again with the next change
      case "address":
        return later(
          "address",
          150,
          () => showAddress(effect.sequence, effect.frame),
        );
      case "focusFrameField":
        document.querySelector<HTMLInputElement>("[data-testid=frame]")
          ?.select();
        return;
      case "wait":
        return later(effect.key, effect.ms, () => dispatch(effect.event));
    }
  };
}

/** Fetches the views of frames, few at a time, the newest wish first. */
function createFrameFetcher(dispatch: (event: PageEvent) => void) {
  const atOnce = 2;
  const loading = new Set<number>();
  let waiting: number[] = [];
  let newest: number | undefined;
  let sequence = 0;
  let news = 0;

  async function start(frame: number) {
    loading.add(frame);
    const asked = { sequence, news };
    try {
      const view = await fetchJson<FrameView>(
        `api/sequences/${sequence}/frames/${frame}`,
      );
      // Another sequence may have been opened meanwhile.
      if (asked.sequence !== sequence) return;
      dispatch({ kind: "frameCame", view, news: asked.news });
    } catch {
      // The server is away: the newest wish is tried again.
      setTimeout(() => {
        if (newest !== frame || loading.has(frame)) return;
        waiting.unshift(frame);
        pump();
      }, 1500);
    } finally {
      loading.delete(frame);
      pump();
    }
  }

  function pump() {
    while (loading.size < atOnce && waiting.length > 0) {
      const frame = waiting.shift();
      if (frame !== undefined && !loading.has(frame)) start(frame);
    }
  }

  return {
    fetchNow(wish: { sequence: number; frame: number; news: number }) {
      ({ sequence, news, frame: newest } = wish);
      start(wish.frame);
    },
    want(wish: {
      sequence: number;
      unknown: readonly number[];
      news: number;
    }) {
      ({ sequence, news } = wish);
      waiting = [...wish.unknown];
      newest = waiting[0];
      pump();
    },
  };
}

function queueKey(sequence: number): string {
  return `medannotate-queue-${sequence}`;
}

/** What an earlier visit could not send; this page wrote it, so its shape is known. */
function readQueue(sequence: number): QueuedAction[] {
  try {
    const text = sessionStorage.getItem(queueKey(sequence));
    return text ? JSON.parse(text) as QueuedAction[] : [];
  } catch {
    return [];
  }
}

function writeQueue(sequence: number, items: readonly QueuedAction[]) {
  try {
    if (items.length === 0) sessionStorage.removeItem(queueKey(sequence));
    else sessionStorage.setItem(queueKey(sequence), JSON.stringify(items));
  } catch {
    // Full or forbidden: what waits is still in the page.
  }
}

function showAddress(sequence: number | null, frame: number) {
  const url = new URL(location.href);
  if (sequence === null) {
    url.searchParams.delete("sequence");
    url.searchParams.delete("frame");
  } else {
    url.searchParams.set("sequence", String(sequence));
    url.searchParams.set("frame", String(frame));
  }
  history.replaceState(null, "", url);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  return { error: error instanceof Error ? error.message : String(error) };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A hidden page takes news up when it is seen again. */
function untilVisible(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) =>
    document.addEventListener("visibilitychange", () => resolve(), {
      once: true,
    })
  );
}
