// A dialog: the browser's own, which keeps the focus inside and closes on Escape.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";
import type { Page } from "./page.ts";

/** A dialog with a title; closing it is an event like any other. */
export function DialogFrame(
  { page, title, wide = false, children, actions }: {
    page: Page;
    title: string;
    wide?: boolean;
    children: ComponentChildren;
    actions?: ComponentChildren;
  },
) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  const close = () => page.dispatch({ kind: "dialogOpened", dialog: null });
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-label={title}
      onClose={close}
      onCancel={(event) => {
        event.preventDefault(); // closed here and now, not in a later task
        close();
      }}
      onMouseDown={(event) => {
        // A press on the backdrop hits the dialog itself.
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="dialog">
        <header>
          <h2>{title}</h2>
          <Button
            label={page.say("close")}
            icon="close"
            kind="quiet"
            onClick={close}
          />
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer>{actions}</footer>}
      </div>
    </dialog>
  );
}
