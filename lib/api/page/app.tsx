// The page as a whole: the list of sequences, or one of them on the stage.

import type { PageEvent } from "./events.ts";
import { Icon } from "./icons.tsx";
import { OpenDialog } from "./dialogs.tsx";
import { hintOf } from "./hint.ts";
import { Home } from "./home.tsx";
import type { OpenPage, Page } from "./page.ts";
import { SidePanel } from "./side_panel.tsx";
import { Stage } from "./stage.tsx";
import { isReady } from "./state.ts";
import { Timeline } from "./timeline.tsx";
import { ToolRail } from "./tool_rail.tsx";
import { TopBar } from "./top_bar.tsx";

/** The page. */
export function App({ page }: { page: Page }) {
  const { state, say, dispatch } = page;
  const { sequence } = state;
  if (state.loadError !== null && !sequence) {
    return (
      <main class="plain">
        <p role="alert">{say("cannotLoad", { why: state.loadError })}</p>
        <button
          type="button"
          class="button primary"
          onClick={() =>
            dispatch({
              kind: "started",
              sequence: state.wantedSequence,
              frame: state.frame,
            })}
        >
          {say("tryAgain")}
        </button>
        {state.home && (
          <button
            type="button"
            class="button"
            onClick={() =>
              dispatch({ kind: "started", sequence: null, frame: 0 })}
          >
            {say("sequences")}
          </button>
        )}
      </main>
    );
  }
  if (!sequence) {
    const chooses = state.home && state.wantedSequence === null;
    return chooses
      ? <Home page={page} />
      : (
        <main class="plain" aria-busy="true">
          <p>{say("loading")}</p>
        </main>
      );
  }
  const open: OpenPage = { ...page, sequence };
  return (
    <div class={`app ${state.panelOpen ? "" : "no-panel"}`}>
      <TopBar page={open} />
      <Banners page={open} />
      <div class="middle">
        <ToolRail page={open} />
        <main class="centre">
          <Stage page={open} />
          <StatusLine page={open} />
        </main>
        <SidePanel page={open} />
      </div>
      <Timeline page={open} />
      <OpenDialog page={open} />
    </div>
  );
}

/** What must not be missed: unsaved changes, a conflict. */
function Banners({ page }: { page: OpenPage }) {
  const { state, say, dispatch } = page;
  const button = (text: string, event: PageEvent) => (
    <button
      type="button"
      class="button"
      onClick={() => dispatch(event)}
    >
      {text}
    </button>
  );
  return (
    <div class="banners" aria-live="assertive">
      {state.failures > 0 && state.queue.length > 0 && (
        <div class="banner bad" data-testid="unsaved">
          <Icon.doubt />
          <span>{say("notSaved", { n: state.queue.length })}</span>
          {button(say("retryNow"), { kind: "retry" })}
        </div>
      )}
      {state.conflicts.length > 0 && (
        <div class="banner warn" data-testid="conflict">
          <Icon.doubt />
          <span>{say("conflict")}</span>
          {button(say("applyMine"), { kind: "conflictDecided", mine: true })}
          {button(say("keepTheirs"), { kind: "conflictDecided", mine: false })}
        </div>
      )}
    </div>
  );
}

/** One line: what was said last, else what to do next. */
function StatusLine({ page }: { page: OpenPage }) {
  const { state, say, dispatch } = page;
  const { message } = state;
  const waitsForFrame = !isReady(state) &&
    state.queue.some(({ action }) =>
      action.kind === "point" || action.kind === "box"
    );
  return (
    <div class={`status ${message?.tone ?? ""}`}>
      <p data-testid="status" role="status">
        {waitsForFrame
          ? say("encoding")
          : message
          ? say(message.key, message.values)
          : hintOf(page)}
      </p>
      {message && message.tone === "error" && (
        <button
          type="button"
          class="button quiet small"
          onClick={() => dispatch({ kind: "said", message: null })}
        >
          {say("close")}
        </button>
      )}
    </div>
  );
}
