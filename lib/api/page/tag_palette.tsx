// The palette of tags: type to search, arrows and Enter to choose, or create one.

import { useRef, useState } from "preact/hooks";
import type { TagView } from "../contract.ts";
import { DialogFrame } from "./dialog.tsx";
import type { OpenPage } from "./page.ts";
import { findCommand, keyForPeople, keyText } from "./shortcuts.ts";
import type { TagPurpose } from "./state.ts";
import { searchTags, tagCategories } from "./tag_search.ts";

/** The palette of tags. */
export function TagPalette(
  { page, purpose }: { page: OpenPage; purpose: TagPurpose },
) {
  const { state, say, dispatch } = page;
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [category, setCategory] = useState<TagView["category"]>(
    purpose.kind === "span" ? "landmark" : "finding",
  );
  const list = useRef<HTMLUListElement>(null);
  const tags = state.home?.tags ?? [];
  const found = searchTags(tags, text, (it) => say(`category.${it}`));
  const wanted = text.trim();
  const isNew = wanted !== "" &&
    !tags.some((it) =>
      it.code.toLowerCase() === wanted.toLowerCase() ||
      it.name.toLowerCase() === wanted.toLowerCase()
    );
  const canBeNone = purpose.kind !== "span";

  const choose = (tagId: number | null) =>
    dispatch({ kind: "tagChosen", tagId });

  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === "ArrowDown"
      ? 1
      : event.key === "ArrowUp"
      ? -1
      : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = Math.max(0, Math.min(found.length - 1, at + step));
      setAt(next);
      list.current?.children[next]?.scrollIntoView({ block: "nearest" });
    }
    if (event.key === "Enter") {
      event.preventDefault();
      const tag = found[at];
      if (tag) choose(tag.id);
      else if (isNew) create();
    }
  }

  function create() {
    dispatch({
      kind: "tagRequested",
      request: { kind: "create", code: wanted, name: wanted, category },
    });
    setAt(0);
  }

  return (
    <DialogFrame
      page={page}
      title={purpose.kind === "span"
        ? `${say("tagsTitle")} · ${say("tagsFor", purpose)}`
        : say("tagsTitle")}
    >
      <input
        type="search"
        list={undefined}
        class="search"
        autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls="tag-list"
        aria-activedescendant={found[at] && `tag-${found[at].id}`}
        placeholder={say("searchTags")}
        aria-label={say("searchTags")}
        data-testid="tagSearch"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="tag-list" id="tag-list" role="listbox" ref={list}>
        {found.map((tag, i) => (
          <TagRow
            key={tag.id}
            page={page}
            tag={tag}
            active={i === at}
            onChoose={() => choose(tag.id)}
          />
        ))}
      </ul>
      {found.length === 0 && (
        <p class="empty">
          {say(tags.length > 0 ? "noTagFound" : "noTags")}
        </p>
      )}
      <div class="row wrap">
        {isNew && (
          <>
            <button
              type="button"
              class="button primary"
              data-testid="createTag"
              onClick={create}
            >
              {say("createTag", { name: wanted })}
            </button>
            <label class="row">
              <span class="visually-hidden">{say("category")}</span>
              <select
                value={category}
                title={say("category")}
                onChange={(event) => {
                  const next = tagCategories
                    .find((it) => it === event.currentTarget.value);
                  if (next) setCategory(next);
                }}
              >
                {tagCategories.map((it) => (
                  <option key={it} value={it}>{say(`category.${it}`)}</option>
                ))}
              </select>
            </label>
          </>
        )}
        {canBeNone && (
          <button
            type="button"
            class="button quiet"
            onClick={() => choose(null)}
          >
            {say("withoutTag")}
          </button>
        )}
      </div>
    </DialogFrame>
  );
}

function TagRow({ page, tag, active, onChoose }: {
  page: OpenPage;
  tag: TagView;
  active: boolean;
  onChoose: () => void;
}) {
  const { state, say, dispatch } = page;
  const [listens, setListens] = useState(false);
  const key = state.preferences.tagKeys?.[tag.code];

  function onKeyDown(event: KeyboardEvent) {
    if (!listens) return;
    event.preventDefault();
    event.stopPropagation();
    const pressed = keyText(event);
    if (!pressed) return;
    setListens(false);
    if (pressed === "Escape") return;
    const remove = pressed === "Backspace" || pressed === "Delete";
    const taken = findCommand(pressed, state.preferences);
    if (taken && !remove) {
      dispatch({
        kind: "said",
        message: {
          tone: "warning",
          key: "keyTaken",
          values: {
            key: keyForPeople(pressed),
            command: say(`command.${taken}`),
          },
        },
      });
      return;
    }
    dispatch({
      kind: "tagKeySet",
      code: tag.code,
      key: remove ? null : pressed,
    });
  }
  return (
    <li
      id={`tag-${tag.id}`}
      role="option"
      aria-selected={active}
      class={active ? "active" : ""}
      data-tag={tag.code}
    >
      <button type="button" class="tag" tabIndex={-1} onClick={onChoose}>
        <i class="dot" style={{ background: tag.colour }} />
        <span class="tag-name">{tag.name}</span>
        <span class="muted">
          {tag.code} · {say(`category.${tag.category}`)}
        </span>
      </button>
      <button
        type="button"
        class={`key ${listens ? "listens" : ""} ${key ? "" : "none"}`}
        aria-label={say("tagKey", { tag: tag.name })}
        title={say("tagKey", { tag: tag.name })}
        onClick={() => setListens(!listens)}
        onBlur={() => setListens(false)}
        onKeyDown={onKeyDown}
      >
        {listens ? say("pressKeys") : key ? keyForPeople(key) : say("setKey")}
      </button>
    </li>
  );
}
