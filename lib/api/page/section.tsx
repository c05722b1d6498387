// A part of a tab of the side panel, under its heading.

import type { ComponentChildren } from "preact";

/** A heading with what belongs to it; actions stand at its right. */
export function Section(
  { title, children, actions }: {
    title: string;
    children: ComponentChildren;
    actions?: ComponentChildren;
  },
) {
  return (
    <section class="section">
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}
