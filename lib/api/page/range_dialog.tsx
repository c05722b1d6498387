// The dialog about the masks of a range of frames: deleting or verifying them.

import { useState } from "preact/hooks";
import type { Action } from "../contract.ts";
import { DialogFrame } from "./dialog.tsx";
import { objectName } from "./object_names.ts";
import type { OpenPage } from "./page.ts";
import type { Dialog } from "./state.ts";

/** Deletes or verifies masks of a range; verifying offers the whole clip and all objects. */
export function RangeDialog({ page, dialog }: {
  page: OpenPage;
  dialog: Extract<Dialog, { kind: "range" }>;
}) {
  const { purpose, ofActive } = dialog;
  const { say, state, sequence, dispatch } = page;
  const last = sequence.summary.frameCount - 1;
  const [from, setFrom] = useState(
    state.spanBegin ?? (purpose === "verify" ? 0 : state.frame),
  );
  const [to, setTo] = useState(state.spanEnd ?? last);
  const object = sequence.objects.find(({ id }) => id === state.activeObject);
  const tag = state.home?.tags.find(({ id }) => id === object?.tagId);
  const [scope, setScope] = useState<string>(
    object && (ofActive || purpose === "delete") ? "object" : "all",
  );
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
          autofocus={label === "from"}
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
