// The tab of objects: what is marked, in which colour, under which tag, and how
// it stands on the frame that is seen.

import { useRef, useState } from "preact/hooks";
import type { ObjectView } from "../contract.ts";
import { Button, CommandButton, keyOf, Menu, MenuItem } from "./button.tsx";
import { masksOn } from "./masks_shown.ts";
import { objectName } from "./object_names.ts";
import type { OpenPage } from "./page.ts";
import { Section } from "./section.tsx";
import { actingFrame, languageOf } from "./state.ts";
import type { WordKey } from "./words.ts";

/** The tab of objects. */
export function ObjectsPanel({ page }: { page: OpenPage }) {
  const { state, say, sequence, dispatch } = page;
  const { objects } = sequence;
  const allHidden = objects.length > 0 &&
    objects.every(({ id }) => state.hidden.has(id));
  const nextTag = state.home?.tags.find(({ id }) => id === state.nextTag);
  return (
    <>
      <Section
        title={say("objects")}
        actions={
          <>
            <Button
              label={say(allHidden ? "showAll" : "hideAll")}
              icon={allHidden ? "eyeOff" : "eye"}
              kind="quiet"
              disabled={objects.length === 0}
              onClick={() => dispatch({ kind: "command", id: "showAll" })}
            />
            <CommandButton
              page={page}
              id="newObject"
              icon="plus"
              text={say("newObject")}
            />
          </>
        }
      >
        {objects.length === 0 && state.activeObject === null && (
          <p class="empty">
            {say("noObjects", { key: keyOf(page, "newObject") })}
          </p>
        )}
        <ul class="objects">
          {objects.map((object) => (
            <ObjectRow key={object.id} page={page} object={object} />
          ))}
          {state.activeObject === null && objects.length > 0 && (
            <li class="next-object">
              {say("newObjectNext", { tag: nextTag?.name ?? say("untagged") })}
            </li>
          )}
        </ul>
      </Section>
      {state.activeObject !== null && (
        <Section title={say("editMask")}>
          <div class="row wrap">
            <CommandButton
              page={page}
              id="copyPrevious"
              icon="copy"
            />
            <CommandButton page={page} id="fillHoles" icon="fillHoles" />
            <CommandButton page={page} id="keepLargest" icon="largest" />
            <CommandButton page={page} id="subtractOthers" icon="subtract" />
            <CommandButton page={page} id="clearPrompts" icon="clear" />
            <CommandButton
              page={page}
              id="verify"
              icon="check"
              text={say("verifyHere")}
            />
          </div>
        </Section>
      )}
      <TagList page={page} />
    </>
  );
}

function ObjectRow({ page, object }: { page: OpenPage; object: ObjectView }) {
  const { state, say, sequence, dispatch } = page;
  const { id, number, colour, tagId } = object;
  const name = objectName(state, say, object);
  const frame = actingFrame(state);
  const tag = state.home?.tags.find((it) => it.id === tagId);
  const shown = masksOn(state, frame).find((it) => it.objectId === id);
  const letter = sequence.lanes.get(id)?.[frame] ?? ".";
  const stateWord: WordKey = shown && !shown.mask
    ? "waits"
    : `letter.${asLetter(letter)}`;
  const active = id === state.activeObject;
  const hidden = state.hidden.has(id);
  const score = shown?.mask?.predictedIou ?? null;
  /** The colour while it is being picked. */
  const [picked, setPicked] = useState<string>();
  const ofTag = sequence.objects.filter((it) => it.tagId === tagId);

  return (
    <li
      class={`object ${active ? "active" : ""} ${hidden ? "hidden" : ""}`}
      data-object={id}
    >
      <label
        class="swatch"
        style={{ background: colour }}
        title={say("colourOf", { name })}
      >
        <input
          type="color"
          value={picked ?? colour}
          onInput={(event) => setPicked(event.currentTarget.value)}
          aria-label={say("colourOf", { name })}
          onChange={(event) => {
            setPicked(undefined);
            dispatch({
              kind: "act",
              action: {
                kind: "changeObject",
                objectId: id,
                colour: event.currentTarget.value.toLowerCase(),
              },
            });
          }}
        />
      </label>
      {state.renaming === id
        ? <NameField page={page} object={object} />
        : (
          <button
            type="button"
            class="object-name"
            aria-pressed={active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() =>
              dispatch({ kind: "activated", objectId: active ? null : id })}
            onDblClick={() => dispatch({ kind: "renaming", objectId: id })}
          >
            <span class="name">
              <b>{number}</b> {name}
            </span>
            <span class="facts">
              <span
                class={`badge state-${
                  asLetter(letter) === "." ? "none" : letter
                }`}
              >
                {say(stateWord)}
              </span>
              {tag && !name.startsWith(tag.name) && <span>{tag.name}</span>}
              {shown?.mask && shown.mask.areaPx > 0 && (
                <span>
                  {say("areaPx", {
                    n: shown.mask.areaPx.toLocaleString(languageOf(state)),
                  })}
                </span>
              )}
              {score !== null && (
                <span title={say("score", { n: score.toFixed(2) })}>
                  {Math.round(score * 100)} %
                </span>
              )}
            </span>
          </button>
        )}
      <Button
        label={say(hidden ? "show" : "hide", { name })}
        icon={hidden ? "eyeOff" : "eye"}
        kind="quiet small"
        pressed={hidden}
        onClick={() =>
          dispatch({ kind: "visibility", objectIds: [id], visible: hidden })}
      />
      <Menu label={say("more", { name })} icon="more" kind="quiet small">
        <MenuItem
          text={say("rename")}
          icon="pencil"
          onClick={() => dispatch({ kind: "renaming", objectId: id })}
        />
        <MenuItem
          text={say("changeTag")}
          icon="tag"
          onClick={() =>
            dispatch({
              kind: "dialogOpened",
              dialog: {
                kind: "tags",
                purpose: { kind: "changeTag", objectId: id },
              },
            })}
        />
        <MenuItem
          text={say("onlyTag", { tag: tag?.name ?? say("untagged") })}
          icon="eye"
          onClick={() => dispatch({
            kind: "shownOnly",
            objectIds: ofTag.map((it) => it.id),
          })}
        />
        <MenuItem
          text={say("hideTag", { tag: tag?.name ?? say("untagged") })}
          icon="eyeOff"
          onClick={() =>
            dispatch({
              kind: "visibility",
              objectIds: ofTag.map((it) => it.id),
              visible: false,
            })}
        />
        <MenuItem
          text={say("showAll")}
          icon="eye"
          onClick={() => dispatch({
            kind: "shownOnly",
            objectIds: sequence.objects.map((it) => it.id),
          })}
        />
        <hr />
        <MenuItem
          text={say("subtractFromOthers")}
          icon="subtract"
          onClick={() =>
            dispatch({
              kind: "act",
              action: { kind: "subtractFromOthers", objectId: id },
            })}
        />
        <MenuItem
          text={say("verifyRange")}
          icon="check"
          onClick={() => openRange("verify")}
        />
        <hr />
        <MenuItem
          text={say("deleteHere")}
          icon="trash"
          onClick={() => deleteMasks(frame, frame)}
        />
        <MenuItem
          text={say("deleteFollowing")}
          icon="trash"
          onClick={() => deleteMasks(frame, sequence.summary.frameCount - 1)}
        />
        <MenuItem
          text={say("deleteRange")}
          icon="trash"
          onClick={() => openRange("delete")}
        />
        <MenuItem
          text={say("deleteObject")}
          icon="trash"
          danger
          onClick={() =>
            dispatch({
              kind: "act",
              action: { kind: "deleteObject", objectId: id },
            })}
        />
      </Menu>
    </li>
  );

  function deleteMasks(from: number, to: number) {
    dispatch({
      kind: "act",
      action: { kind: "deleteMasks", objectId: id, from, to },
    });
  }
  function openRange(purpose: "delete" | "verify") {
    dispatch({ kind: "activated", objectId: id });
    dispatch({
      kind: "dialogOpened",
      dialog: { kind: "range", purpose, ofActive: true },
    });
  }
}

function NameField({ page, object }: { page: OpenPage; object: ObjectView }) {
  const { say, dispatch } = page;
  const done = useRef(false);
  function finish(name: string | null) {
    if (done.current) return;
    done.current = true;
    dispatch({ kind: "renaming", objectId: null });
    const trimmed = name?.trim();
    if (!trimmed || trimmed === objectName(page.state, say, object)) return;
    dispatch({
      kind: "act",
      action: { kind: "changeObject", objectId: object.id, name: trimmed },
    });
  }
  return (
    <input
      type="text"
      class="name-field"
      aria-label={say("nameOf", {
        name: objectName(page.state, say, object),
      })}
      defaultValue={objectName(page.state, say, object)}
      maxLength={200}
      ref={(element) => {
        if (element && document.activeElement !== element && !done.current) {
          element.select();
        }
      }}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish(event.currentTarget.value);
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}

/** Tag lists in and out. */
function TagList({ page }: { page: OpenPage }) {
  const { say, dispatch } = page;
  async function read(file: File | undefined) {
    if (!file) return;
    const format = file.name.toLowerCase().endsWith(".txt") ? "txt" : "csv";
    const text = await file.text();
    dispatch({
      kind: "tagRequested",
      request: { kind: "import", format, text },
    });
  }
  return (
    <Section title={say("tagList")}>
      <div class="row wrap links">
        <label class="button">
          {say("importTags")}
          <input
            type="file"
            class="visually-hidden"
            accept=".csv,.txt"
            onChange={(event) => {
              read(event.currentTarget.files?.[0]);
              event.currentTarget.value = "";
            }}
          />
        </label>
        <a class="button quiet" href="api/tags.csv" download="tags.csv">
          {say("exportCsv")}
        </a>
        <a class="button quiet" href="api/labels.txt" download="labels.txt">
          {say("exportTxt")}
        </a>
      </div>
    </Section>
  );
}

const letters = [".", "c", "h", "v", "p", "d", "a", "s", "b"] as const;

function asLetter(letter: string): typeof letters[number] {
  return letters.find((it) => it === letter) ?? ".";
}
