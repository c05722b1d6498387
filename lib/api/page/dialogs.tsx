// The smaller dialogs: export, ranges, what an import left out, starting anew.

import { useState } from "preact/hooks";
import type { Action, PropagationRequest, TagsView } from "../contract.ts";
import { DialogFrame } from "./dialog.tsx";
import { objectName } from "./object_names.ts";
import type { OpenPage } from "./page.ts";
import { ShortcutSheet } from "./shortcut_sheet.tsx";
import type { Dialog } from "./state.ts";
import { TagPalette } from "./tag_palette.tsx";

/** The dialog that is open. */
export function OpenDialog({ page }: { page: OpenPage }) {
  const { dialog } = page.state;
  switch (dialog?.kind) {
    case undefined:
      return null;
    case "shortcuts":
      return <ShortcutSheet page={page} editing={dialog.editing} />;
    case "tags":
      return <TagPalette page={page} purpose={dialog.purpose} />;
    case "export":
      return <ExportDialog page={page} dialog={dialog} />;
    case "duplicates":
      return <DuplicatesDialog page={page} tags={dialog.tags} />;
    case "differs":
      return <DiffersDialog page={page} request={dialog.request} />;
    case "range":
      return <RangeDialog page={page} purpose={dialog.purpose} />;
  }
}

function ExportDialog({ page, dialog }: {
  page: OpenPage;
  dialog: Extract<Dialog, { kind: "export" }>;
}) {
  const { say, state, dispatch } = page;
  const formats = state.home?.exportFormats ?? [];
  const [format, setFormat] = useState<string>(formats[0] ?? "");
  const [verifiedOnly, setVerifiedOnly] = useState(false);
  const { running, result, error } = dialog;
  return (
    <DialogFrame
      page={page}
      title={say("exportTitle")}
      actions={
        <button
          type="button"
          class="button primary"
          data-testid="exportNow"
          disabled={running || !format}
          onClick={() =>
            dispatch({ kind: "exported", request: { format, verifiedOnly } })}
        >
          {say(running ? "exporting" : "exportNow")}
        </button>
      }
    >
      <label class="field">
        <span>{say("format")}</span>
        <select
          autofocus
          value={format}
          onChange={(event) => setFormat(event.currentTarget.value)}
        >
          {formats.map((it) => <option key={it} value={it}>{it}</option>)}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={verifiedOnly}
          onChange={(event) => setVerifiedOnly(event.currentTarget.checked)}
        />
        <span>{say("verifiedOnly")}</span>
      </label>
      {result && (
        <div class="result" role="status">
          <p>
            {say("exported", {
              images: result.images,
              masks: result.masks,
            })}
          </p>
          <p class="path">{result.folder}</p>
          {result.notes.map((note) => <p key={note} class="note">{note}</p>)}
        </div>
      )}
      {error && (
        <p class="taken" role="alert">{say("exportFailed", { why: error })}</p>
      )}
    </DialogFrame>
  );
}

function DuplicatesDialog({ page, tags }: { page: OpenPage; tags: TagsView }) {
  const { say } = page;
  return (
    <DialogFrame page={page} title={say("duplicatesTitle")}>
      <p>{say("duplicatesHint", { n: tags.added })}</p>
      <ul class="duplicates">
        {tags.duplicates.map(({ code, why }, i) => (
          <li key={i}>
            <b>{code}</b> <span class="muted">{why}</span>
          </li>
        ))}
      </ul>
    </DialogFrame>
  );
}

function DiffersDialog(
  { page, request }: { page: OpenPage; request: PropagationRequest },
) {
  const { say, dispatch } = page;
  return (
    <DialogFrame
      page={page}
      title={say("differsTitle")}
      actions={
        <>
          <button
            type="button"
            class="button"
            onClick={() => dispatch({ kind: "dialogOpened", dialog: null })}
          >
            {say("cancel")}
          </button>
          <button
            type="button"
            class="button primary"
            onClick={() =>
              dispatch({
                kind: "propagate",
                request: { ...request, restart: true },
              })}
          >
            {say("startAnew")}
          </button>
        </>
      }
    >
      <p>{say("differsHint")}</p>
    </DialogFrame>
  );
}

function RangeDialog(
  { page, purpose }: { page: OpenPage; purpose: "delete" | "verify" },
) {
  const { say, state, sequence, dispatch } = page;
  const last = sequence.summary.frameCount - 1;
  const [from, setFrom] = useState(state.spanBegin ?? state.frame);
  const [to, setTo] = useState(state.spanEnd ?? last);
  const object = sequence.objects.find(({ id }) => id === state.activeObject);
  const tag = state.home?.tags.find(({ id }) => id === object?.tagId);
  const [scope, setScope] = useState<string>(object ? "object" : "all");
  const fits = from >= 0 && from <= to && to <= last;

  function act() {
    dispatch({ kind: "dialogOpened", dialog: null });
    for (const action of rangeActions()) dispatch({ kind: "act", action });
  }
  function rangeActions(): Action[] {
    const chosen = sequence.objects.filter(({ id, tagId }) =>
      scope === "all" ||
      (scope === "tag" ? tagId === tag?.id : id === object?.id)
    );
    if (purpose === "verify") {
      return chosen.map(({ id }) => ({
        kind: "verify",
        objectId: id,
        from,
        to,
        verified: true,
      }));
    }
    if (scope === "object" && object) {
      return [{ kind: "deleteMasks", objectId: object.id, from, to }];
    }
    return scope === "tag" && tag
      ? [{ kind: "deleteMasks", tagId: tag.id, from, to }]
      : [{ kind: "deleteMasks", from, to }];
  }
  function field(
    label: "from" | "to",
    value: number,
    set: (value: number) => void,
  ) {
    return (
      <label class="field">
        <span>{say(label)}</span>
        <input
          type="number"
          min={0}
          max={last}
          value={value}
          data-testid={`range-${label}`}
          onInput={(event) => set(event.currentTarget.valueAsNumber)}
        />
      </label>
    );
  }
  return (
    <DialogFrame
      page={page}
      title={say(purpose === "delete" ? "rangeDelete" : "rangeVerify")}
      actions={
        <button
          type="button"
          class={`button ${purpose === "delete" ? "danger" : "primary"}`}
          data-testid="rangeNow"
          disabled={!fits}
          onClick={act}
        >
          {say(purpose)}
        </button>
      }
    >
      <div class="row">
        {field("from", from, setFrom)}
        {field("to", to, setTo)}
      </div>
      <label class="field">
        <span>{say("rangeOf")}</span>
        <select
          value={scope}
          onChange={(event) => setScope(event.currentTarget.value)}
        >
          {object && (
            <option value="object">
              {say("thisObject", { name: objectName(state, say, object) })}
            </option>
          )}
          {tag && (
            <option value="tag">{say("thisTag", { tag: tag.name })}</option>
          )}
          <option value="all">{say("allObjects")}</option>
        </select>
      </label>
    </DialogFrame>
  );
}
