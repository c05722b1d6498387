// The tab of prompts: those of all frames, to jump to or to remove.

import type { PromptView } from "../contract.ts";
import { Button, CommandButton } from "./button.tsx";
import { colourOf } from "./draw_stage.ts";
import type { OpenPage } from "./page.ts";
import { Section } from "./section.tsx";
import type { Say } from "./words.ts";

const most = 300;

/** The tab of prompts. */
export function PromptsPanel({ page }: { page: OpenPage }) {
  const { state, say, sequence, dispatch } = page;
  const prompts = sequence.prompts.toSorted((a, b) => a.frame - b.frame);
  // Of very many, those near the frame.
  const middle = prompts.findIndex(({ frame }) => frame >= state.frame);
  const start = prompts.length <= most
    ? 0
    : Math.max(0, (middle < 0 ? prompts.length : middle) - most / 2);
  const shown = prompts.slice(start, start + most);
  return (
    <Section
      title={say("prompts")}
      actions={
        <CommandButton
          page={page}
          id="clearPrompts"
          icon="clear"
          kind="quiet"
          disabled={state.activeObject === null}
        />
      }
    >
      {prompts.length === 0 && <p class="empty">{say("noPrompts")}</p>}
      <ul class="prompts">
        {shown.map((prompt) => (
          <li
            key={prompt.id}
            class={prompt.frame === state.frame ? "active" : ""}
            data-prompt={prompt.id}
          >
            <button
              type="button"
              class="prompt"
              onClick={() => {
                dispatch({ kind: "go", frame: prompt.frame });
                dispatch({ kind: "activated", objectId: prompt.objectId });
              }}
            >
              <i
                class="dot"
                style={{ background: colourOf(sequence, prompt.objectId) }}
              />
              <span class="frame-number">
                {say("frameN", { n: prompt.frame })}
              </span>
              <PromptWords say={say} prompt={prompt} />
            </button>
            <Button
              label={say("removePrompt")}
              icon="close"
              kind="quiet small"
              onClick={() =>
                dispatch({
                  kind: "act",
                  action: { kind: "removePrompt", promptId: prompt.id },
                })}
            />
          </li>
        ))}
      </ul>
      {prompts.length > shown.length && (
        <p class="muted">
          {say("morePrompts", { n: prompts.length - shown.length })}
        </p>
      )}
    </Section>
  );
}

function PromptWords({ say, prompt }: { say: Say; prompt: PromptView }) {
  if (prompt.kind === "mask") return <span>{say("prompt.mask")}</span>;
  if (prompt.kind === "box") {
    const { x0, y0, x1, y1 } = prompt;
    return (
      <span>
        {say("prompt.box")}{" "}
        <small>{Math.round(x1 - x0)} × {Math.round(y1 - y0)}</small>
      </span>
    );
  }
  const plus = prompt.sign === "+";
  return (
    <span>
      <b class={plus ? "plus" : "minus"}>{plus ? "+" : "−"}</b>{" "}
      {say(plus ? "prompt.inside" : "prompt.outside")}{" "}
      <small>{Math.round(prompt.x)}, {Math.round(prompt.y)}</small>
    </span>
  );
}
