// The tab of the view: how masks and picture look, and the model.

import { ModelChoice } from "./model_choice.tsx";
import type { OpenPage } from "./page.ts";
import { Section } from "./section.tsx";
import { type Look, plainLook } from "./state.ts";
import type { WordKey } from "./words.ts";

/** The tab of the view. */
export function ViewPanel({ page }: { page: OpenPage }) {
  const { state, say, dispatch } = page;
  const { look, home } = state;
  const change = (change: Partial<Look>) =>
    dispatch({ kind: "looked", look: change });

  function slider(
    label: WordKey,
    key: "opacity" | "brightness" | "contrast" | "brushPx",
    [min, max, step]: readonly [number, number, number],
    words: (value: number) => string,
  ) {
    return (
      <label class="slider">
        <span>{say(label)}</span>
        <output>{words(look[key])}</output>
        <input
          type="range"
          min={min}
          max={max}
          step={step}
          value={look[key]}
          data-look={key}
          aria-label={say(label)}
          onInput={(event) =>
            change({ [key]: event.currentTarget.valueAsNumber })}
        />
      </label>
    );
  }
  function toggle(
    label: WordKey,
    key: "fill" | "outline" | "masks" | "onion" | "onionPicture" | "preview",
  ) {
    return (
      <label class="check">
        <input
          type="checkbox"
          checked={look[key]}
          data-look={key}
          onChange={(event) => change({ [key]: event.currentTarget.checked })}
        />
        <span>{say(label)}</span>
      </label>
    );
  }
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  return (
    <>
      <Section title={say("masks")}>
        {slider("opacity", "opacity", [0, 1, 0.05], percent)}
        {toggle("showMasks", "masks")}
        {toggle("fill", "fill")}
        {toggle("outline", "outline")}
        {toggle("preview", "preview")}
        {toggle("onion", "onion")}
        {toggle("onionPicture", "onionPicture")}
        {slider("brushSize", "brushPx", [1, 200, 1], (n) => `${n} px`)}
      </Section>
      <Section
        title={say("pictureLook")}
        actions={
          <button
            type="button"
            class="button quiet"
            onClick={() =>
              change({
                brightness: plainLook.brightness,
                contrast: plainLook.contrast,
              })}
          >
            {say("reset")}
          </button>
        }
      >
        {slider("brightness", "brightness", [0.2, 3, 0.05], percent)}
        {slider("contrast", "contrast", [0.2, 3, 0.05], percent)}
      </Section>
      {home && (
        <Section title={say("model")}>
          <ModelChoice page={page} />
          <h3>{say("dataFolder")}</h3>
          <p class="muted path">{home.dataFolder}</p>
        </Section>
      )}
    </>
  );
}
