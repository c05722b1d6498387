// The dialog that is open, and the smallest ones: what an import left out,
// starting anew, verifying all that is propagated.

import type { PropagationRequest, TagsView } from "../contract.ts";
import { DialogFrame } from "./dialog.tsx";
import { ExportDialog } from "./export_dialog.tsx";
import { countUnverified, propagatedRuns } from "./lanes.ts";
import type { OpenPage } from "./page.ts";
import { RangeDialog } from "./range_dialog.tsx";
import { ShortcutSheet } from "./shortcut_sheet.tsx";
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
      return <RangeDialog page={page} dialog={dialog} />;
    case "verifyPropagated":
      return <VerifyPropagatedDialog page={page} />;
  }
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

function VerifyPropagatedDialog({ page }: { page: OpenPage }) {
  const { say, sequence, dispatch } = page;
  const { lanes } = sequence;

  function verify() {
    dispatch({ kind: "dialogOpened", dialog: null });
    for (const [objectId, lane] of lanes) {
      for (const { from, to } of propagatedRuns(lane)) {
        dispatch({
          kind: "act",
          action: { kind: "verify", objectId, from, to, verified: true },
        });
      }
    }
  }
  return (
    <DialogFrame
      page={page}
      title={say("propagatedTitle")}
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
            data-testid="verifyPropagatedNow"
            autofocus
            onClick={verify}
          >
            {say("verify")}
          </button>
        </>
      }
    >
      <p>{say("propagatedHint", { n: countUnverified(lanes) })}</p>
    </DialogFrame>
  );
}
