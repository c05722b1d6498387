// The list of sequences, to choose what to annotate, and with which model.

import { CommandButton } from "./button.tsx";
import { ModelChoice } from "./model_choice.tsx";
import type { Page } from "./page.ts";
import { progressWords } from "./progress_words.ts";
import { pictureAddress } from "./server.ts";

/** The list of sequences. */
export function Home({ page }: { page: Page }) {
  const { state, say, dispatch } = page;
  const sequences = state.home?.sequences ?? [];
  const imports = (state.home?.imports ?? [])
    .filter((it) => it.sequenceId === null);
  return (
    <main class="home">
      <header>
        <div>
          <h1>{say("sequences")}</h1>
          <p class="muted">
            {say(
              sequences.length + imports.length > 0
                ? "sequencesHint"
                : "noSequences",
            )}
          </p>
        </div>
        <div class="row">
          <CommandButton page={page} id="toggleTheme" icon="theme" />
          <CommandButton
            page={page}
            id="toggleLanguage"
            text={page.say("command.toggleLanguage")}
            kind="quiet"
          />
        </div>
      </header>
      <ul class="sequences">
        {imports.map(({ name, picture, progress }) => (
          <li key={name} class="import" aria-busy="true">
            {picture
              ? <img alt="" src={picture} />
              : <div class="no-picture" />}
            <span class="sequence-facts">
              <b>{name}</b>
              <span class="muted">
                {say("importing")} {progressWords(say, progress)}
              </span>
              <progress
                aria-label={say("importing")}
                value={progress && progress.total
                  ? progress.done / progress.total
                  : undefined}
              />
            </span>
          </li>
        ))}
        {sequences.map((it) => (
          <li key={it.id}>
            <button
              type="button"
              data-sequence={it.id}
              onClick={() => dispatch({ kind: "sequenceChosen", id: it.id })}
            >
              <img
                alt=""
                loading="lazy"
                src={pictureAddress(
                  it.id,
                  Math.floor(it.frameCount / 2),
                  "thumbnail",
                )}
              />
              <span class="sequence-facts">
                <b>{it.name}</b>
                <span class="muted">
                  {[
                    it.patient && say("patient", { code: it.patient }),
                    it.procedure,
                  ].filter(Boolean).join(" · ")}
                </span>
                <span class="muted">
                  {say("sequenceFacts", {
                    frames: it.frameCount,
                    width: it.width,
                    height: it.height,
                  })}
                </span>
                <span class="muted">
                  {say("sequenceDone", {
                    objects: it.objects,
                    masks: it.masks,
                    verified: it.verified,
                  })}
                </span>
                {it.trouble && <span class="trouble">{it.trouble}</span>}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <section>
        <h2>{say("model")}</h2>
        <ModelChoice page={page} />
        {state.message?.tone === "error" && (
          <p role="alert">{say(state.message.key, state.message.values)}</p>
        )}
      </section>
      <p class="muted">
        {say("homeNext")} <code>deno task annotate VIDEO</code>
      </p>
    </main>
  );
}
