// The tab of frame tags: landmarks and quality signs of whole frames.

import type { SpanView } from "../contract.ts";
import { Button, CommandButton, keyOf } from "./button.tsx";
import { NumberField } from "./number_field.tsx";
import type { OpenPage } from "./page.ts";
import { Section } from "./section.tsx";

/** The tab of frame tags. */
export function FrameTagsPanel({ page }: { page: OpenPage }) {
  const { say, sequence } = page;
  const spans = sequence.spans.toSorted((a, b) => a.from - b.from);
  return (
    <Section title={say("frameTags")}>
      <div class="row wrap">
        <CommandButton
          page={page}
          id="tagFrame"
          icon="tag"
          text={say("tagThisFrame")}
        />
        <CommandButton
          page={page}
          id="spanBegin"
          icon="begin"
          text={say("spanBegin")}
          pressed={page.state.spanBegin !== null}
        />
        <CommandButton
          page={page}
          id="spanEnd"
          icon="end"
          text={say("spanEnd")}
        />
      </div>
      {spans.length === 0 && (
        <p class="empty">
          {say("noSpans", {
            begin: keyOf(page, "spanBegin"),
            end: keyOf(page, "spanEnd"),
          })}
        </p>
      )}
      <ul class="spans-list">
        {spans.map((span) => <SpanRow key={span.id} page={page} span={span} />)}
      </ul>
    </Section>
  );
}

function SpanRow({ page, span }: { page: OpenPage; span: SpanView }) {
  const { state, say, dispatch, sequence } = page;
  const tag = state.home?.tags.find(({ id }) => id === span.tagId);
  const name = tag?.name ?? say("untagged");
  const last = sequence.summary.frameCount - 1;
  const isHere = span.from <= state.frame && state.frame <= span.to;

  function change(side: "from" | "to", value: number) {
    const next = { from: span.from, to: span.to, [side]: value };
    const { from, to } = next;
    if (from > to || (from === span.from && to === span.to)) return;
    dispatch({
      kind: "act",
      action: { kind: "changeSpan", spanId: span.id, from, to },
    });
  }
  function field(side: "from" | "to") {
    return (
      <NumberField
        value={span[side]}
        max={last}
        label={say(side === "from" ? "spanFrom" : "spanTo", { tag: name })}
        onFinish={(value) => change(side, value)}
      />
    );
  }
  return (
    <li class={isHere ? "active" : ""} data-span={span.id}>
      <button
        type="button"
        class="span-name"
        title={say("goToSpan", { n: span.from })}
        onClick={() => dispatch({ kind: "go", frame: span.from })}
      >
        <i class="dot" style={{ background: tag?.colour ?? "#888888" }} />
        {name}
      </button>
      {field("from")}
      <span aria-hidden="true">–</span>
      {field("to")}
      <Button
        label={say("deleteSpan", { tag: name })}
        icon="trash"
        kind="quiet small"
        onClick={() =>
          dispatch({
            kind: "act",
            action: { kind: "deleteSpan", spanId: span.id },
          })}
      />
    </li>
  );
}
