// Playing, the frame number and the time, above the timeline.

import { CommandButton } from "./button.tsx";
import { NumberField } from "./number_field.tsx";
import type { OpenPage } from "./page.ts";
import { framesPerSecond } from "./travel.ts";

/** Playing and the frame number. */
export function Transport({ page }: { page: OpenPage }) {
  const { state, say, sequence, dispatch } = page;
  const { frameCount } = sequence.summary;
  const { from, to } = state.timeline;
  const zoomed = to - from < frameCount;
  return (
    <div class="transport">
      <CommandButton page={page} id="firstFrame" icon="first" />
      <CommandButton page={page} id="previousFrame" icon="previous" />
      <CommandButton
        page={page}
        id="play"
        icon={state.playing ? "pause" : "play"}
        kind="strong"
      />
      <CommandButton page={page} id="nextFrame" icon="next" />
      <CommandButton page={page} id="lastFrame" icon="last" />
      <span class="frame-field">
        <NumberField
          value={state.frame}
          max={frameCount - 1}
          label={say("frame")}
          testId="frame"
          onFinish={(frame) => dispatch({ kind: "go", frame })}
        />
        <span class="muted">{say("frameOf", { count: frameCount - 1 })}</span>
      </span>
      <span class="time">{timeWords(page)}</span>
      <label class="speed">
        <span class="visually-hidden">{say("speed")}</span>
        <select
          title={say("speed")}
          value={String(state.look.speed)}
          onChange={(event) =>
            dispatch({
              kind: "looked",
              look: { speed: Number(event.currentTarget.value) },
            })}
        >
          {[0.25, 0.5, 1, 2, 3, 5, 10].map((it) => (
            <option key={it} value={String(it)}>{it}×</option>
          ))}
        </select>
      </label>
      <span class="spacer" />
      {zoomed && (
        <button
          type="button"
          class="button quiet"
          onClick={() =>
            dispatch({ kind: "timelineMoved", from: 0, to: frameCount })}
        >
          {say("wholeTimeline")}
        </button>
      )}
      <span class="caption">{say("captionSpan")}</span>
      <CommandButton page={page} id="spanBegin" icon="begin" />
      <CommandButton page={page} id="spanEnd" icon="end" />
      <span class="caption">{say("captionMarks")}</span>
      <CommandButton
        page={page}
        id="previousCondition"
        icon="previous"
        text="◆"
      />
      <CommandButton page={page} id="nextCondition" icon="next" text="◆" />
      <CommandButton page={page} id="nextDoubtful" icon="doubt" />
    </div>
  );
}

/** The time of the frame, to a hundredth of a second. */
function timeWords({ state, sequence }: OpenPage): string {
  const ms = sequence.timesMs[state.frame] ??
    state.frame * 1000 / framesPerSecond(state);
  const seconds = ms / 1000;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const rest = (seconds % 60).toFixed(2).padStart(5, "0");
  const two = String(minutes % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${two}:${rest}` : `${two}:${rest}`;
}
