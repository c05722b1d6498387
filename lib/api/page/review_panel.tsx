// The tab of review: propagated masks, the most doubtful first.

import { useMemo } from "preact/hooks";
import type { ReviewItem } from "../contract.ts";
import { Button, CommandButton } from "./button.tsx";
import { countUnverified } from "./lanes.ts";
import { nameOfObject } from "./object_names.ts";
import type { OpenPage } from "./page.ts";
import { ReviewPicture } from "./review_picture.tsx";
import { doubtWords, driftStep } from "./review_words.ts";
import { nextItem, openItems } from "./reviewing.ts";
import { Section } from "./section.tsx";

const most = 60;

/** The tab of review. */
export function ReviewPanel({ page }: { page: OpenPage }) {
  const { state, say, sequence, dispatch } = page;
  const left = useMemo(() => countUnverified(sequence.lanes), [sequence.lanes]);
  const items = openItems(state);
  const now = nextItem(state);
  return (
    <>
      <Section
        title={left > 0 ? say("reviewLeft", { n: left }) : say("review")}
        actions={
          <Button
            label={say("refresh")}
            text={say("refresh")}
            kind="quiet"
            onClick={() => dispatch({ kind: "tabChosen", tab: "review" })}
          />
        }
      >
        <div class="row review-actions">
          <CommandButton
            page={page}
            id="accept"
            icon="check"
            text={say("accept")}
            kind="primary"
            disabled={!now}
          />
          <CommandButton
            page={page}
            id="correct"
            icon="click"
            text={say("correct")}
            disabled={!now}
          />
          <CommandButton
            page={page}
            id="skip"
            icon="skip"
            text={say("skip")}
            disabled={!now}
          />
        </div>
        <p class="muted">
          {items.length > 0
            ? say("reviewHint", { n: Math.min(most, items.length) })
            : say(left > 0 ? "reviewRest" : "reviewEmpty")}
        </p>
        <ol class="review">
          {items.slice(0, most).map((item) => (
            <ReviewRow
              key={`${item.objectId}/${item.frame}`}
              page={page}
              item={item}
              active={item === now && item.frame === state.frame}
            />
          ))}
        </ol>
      </Section>
      <Section title={say("verify")}>
        <div class="row wrap">
          <CommandButton page={page} id="verify" text={say("verifyFrame")} />
          <CommandButton page={page} id="verifyAll" text={say("verifyAll")} />
          <CommandButton
            page={page}
            id="verifyRange"
            text={say("someRange")}
          />
          <CommandButton
            page={page}
            id="verifyPropagated"
            text={say("verifyPropagated")}
            disabled={left === 0}
          />
        </div>
      </Section>
    </>
  );
}

function ReviewRow({ page, item, active }: {
  page: OpenPage;
  item: ReviewItem;
  active: boolean;
}) {
  const { say, sequence } = page;
  const object = sequence.objects.find(({ id }) => id === item.objectId);
  const drift = driftStep(item.drift);
  return (
    <li class={active ? "active" : ""}>
      <button
        type="button"
        onMouseDown={(event) => event.preventDefault()}
        onClick={() =>
          page.dispatch({
            kind: "reviewOpened",
            objectId: item.objectId,
            frame: item.frame,
          })}
      >
        <ReviewPicture
          page={page}
          item={item}
          colour={object?.colour ?? "#ffffff"}
        />
        <span class="review-facts">
          <span>
            <i class="dot" style={{ background: object?.colour }} />
            <b>{nameOfObject(page.state, say, item.objectId)}</b>
          </span>
          <span
            class="muted drift-line"
            title={say("drift", { n: item.drift.toFixed(2) })}
          >
            {say("frameN", { n: item.frame })} · {say(`drift.${drift}`)}
            <i
              class={`drift ${drift}`}
              style={{ "--share": item.drift }}
            />
          </span>
          <span class="because">{doubtWords(say, item.doubt)}</span>
        </span>
      </button>
    </li>
  );
}
