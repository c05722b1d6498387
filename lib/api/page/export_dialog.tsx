// The dialog of an export.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { DialogFrame } from "./dialog.tsx";
import { noteWords } from "./export_notes.ts";
import type { OpenPage } from "./page.ts";
import type { Dialog } from "./state.ts";

/** Exports, and says where to and what to know of it. */
export function ExportDialog({ page, dialog }: {
  page: OpenPage;
  dialog: Extract<Dialog, { kind: "export" }>;
}) {
  const { say, state, dispatch } = page;
  const formats = state.home?.exportFormats ?? [];
  const [format, setFormat] = useState<string>(formats[0] ?? "");
  const [verifiedOnly, setVerifiedOnly] = useState(false);
  const [copied, setCopied] = useState(false);
  const { running, result, error } = dialog;
  return (
    <DialogFrame
      page={page}
      title={say("exportTitle")}
      actions={
        <>
          <button
            type="button"
            class={`button ${result ? "" : "primary"}`}
            data-testid="exportNow"
            disabled={running || !format}
            onClick={() =>
              dispatch({ kind: "exported", request: { format, verifiedOnly } })}
          >
            {say(running ? "exporting" : "exportNow")}
          </button>
          {result && <CloseButton page={page} />}
        </>
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
          <div class="row">
            <p class="path">{result.folder}</p>
            {navigator.clipboard && (
              <Button
                label={say("copyPath")}
                icon={copied ? "check" : "copy"}
                kind="quiet small"
                onClick={() =>
                  void navigator.clipboard.writeText(result.folder)
                    .then(() => setCopied(true), () => {})}
              />
            )}
          </div>
          {result.notes.map((note) => (
            <p key={note} class="note">{noteWords(say, note)}</p>
          ))}
        </div>
      )}
      {error && (
        <p class="taken" role="alert">{say("exportFailed", { why: error })}</p>
      )}
    </DialogFrame>
  );
}

/** Takes the focus when it comes, so that Enter ends it. */
function CloseButton({ page }: { page: OpenPage }) {
  const element = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => element.current?.focus(), []);
  return (
    <button
      ref={element}
      type="button"
      class="button primary"
      onClick={() => page.dispatch({ kind: "dialogOpened", dialog: null })}
    >
      {page.say("close")}
    </button>
  );
}
