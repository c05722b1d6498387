// The tab of review: propagated masks, the most doubtful first.

import type { ReviewItem } from "../contract.ts";
import { Button, CommandButton } from "./button.tsx";
import { nameOfObject } from "./object_names.ts";
import type { OpenPage } from "./page.ts";
import { nextItem, openItems } from "./reviewing.ts";
import { Section } from "./section.tsx";
import { pictureAddress } from "./server.ts";

const most = 60;

/** The tab of review. */
export function ReviewPanel({ page }: { page: OpenPage }) {
  const { state, say, dispatch } = page;
  const items = openItems(state);
  const now = nextItem(state);
  return (
    <>
      <Section
        title={items.length > 0
          ? say("reviewLeft", { n: items.length })
          : say("review")}
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
          {say(items.length > 0 ? "reviewHint" : "reviewEmpty")}
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
            text={say("verifyRange")}
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
        <img
          alt=""
          loading="lazy"
          src={pictureAddress(sequence.summary.id, item.frame, "thumbnail")}
        />
        <span class="review-facts">
          <span>
            <i class="dot" style={{ background: object?.colour }} />
            <b>{nameOfObject(page.state, say, item.objectId)}</b>
          </span>
          <span class="muted">
            {say("frameN", { n: item.frame })} ·{" "}
            {say("drift", { n: item.drift.toFixed(2) })}
          </span>
          <span class="because">{item.because}</span>
        </span>
      </button>
    </li>
  );
}
