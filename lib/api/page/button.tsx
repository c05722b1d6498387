// Buttons: of commands, whose label and keys come from the one table, and plain
// ones. A click with the mouse does not take the focus, so that Space still
// finishes the object; from the keyboard a button works as everywhere.

import type { ComponentChildren } from "preact";
import { type CommandId, commands } from "./commands.ts";
import { Icon, type IconName } from "./icons.tsx";
import type { Page } from "./page.ts";
import { keyForPeople, keysOf } from "./shortcuts.ts";

/** A button that runs a command. */
export function CommandButton(
  { page, id, icon, text, pressed, disabled, kind = "", title }: {
    page: Page;
    id: CommandId;
    icon?: IconName;
    text?: string;
    pressed?: boolean;
    disabled?: boolean;
    kind?: string;
    title?: string;
  },
) {
  const label = title ?? labelOf(page, id);
  const keys = keysOf(id, page.state.preferences).map(keyForPeople);
  const Shape = icon && Icon[icon];
  return (
    <button
      type="button"
      class={`button ${text ? "" : "square"} ${kind}`}
      data-command={id}
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={keys.join(" ") || undefined}
      title={keys.length > 0 ? `${label}  (${keys.join(", ")})` : label}
      disabled={disabled}
      onMouseDown={keepFocus}
      onClick={() => page.dispatch({ kind: "command", id })}
    >
      {Shape && <Shape />}
      {text && <span>{text}</span>}
    </button>
  );
}

/** A button with an icon, a text or both. */
export function Button(
  {
    label,
    icon,
    text,
    onClick,
    pressed,
    disabled,
    kind = "",
    testId,
    children,
  }: {
    label: string;
    icon?: IconName;
    text?: string;
    onClick: () => void;
    pressed?: boolean;
    disabled?: boolean;
    kind?: string;
    testId?: string;
    children?: ComponentChildren;
  },
) {
  const Shape = icon && Icon[icon];
  return (
    <button
      type="button"
      class={`button ${text ? "" : "square"} ${kind}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      data-testid={testId}
      onMouseDown={keepFocus}
      onClick={onClick}
    >
      {Shape && <Shape />}
      {text && <span>{text}</span>}
      {children}
    </button>
  );
}

/** A menu that opens below a button and closes with any choice. */
export function Menu(
  { label, icon, kind = "", children }: {
    label: string;
    icon: IconName;
    kind?: string;
    children: ComponentChildren;
  },
) {
  const Shape = Icon[icon];
  return (
    <details
      class="menu"
      onFocusOut={(event) => {
        const inside = event.relatedTarget instanceof Node &&
          event.currentTarget.contains(event.relatedTarget);
        if (!inside) event.currentTarget.open = false;
      }}
      onKeyDown={(event) => {
        moveInMenu(event);
        if (event.key !== "Escape" || !event.currentTarget.open) return;
        event.stopPropagation();
        event.currentTarget.open = false;
        event.currentTarget.querySelector("summary")?.focus();
      }}
      onToggle={placeMenu}
    >
      <summary
        class={`button square ${kind}`}
        role="button"
        aria-label={label}
        title={label}
      >
        <Shape />
      </summary>
      <div
        class="menu-list"
        role="menu"
        onClick={(event) => {
          const details = event.currentTarget.closest("details");
          if (details) details.open = false;
        }}
      >
        {children}
      </div>
    </details>
  );
}

/** A line of a menu. */
export function MenuItem(
  { text, icon, onClick, command, keys, danger = false }: {
    text: string;
    icon?: IconName;
    onClick: () => void;
    command?: CommandId;
    keys?: string;
    danger?: boolean;
  },
) {
  const Shape = icon && Icon[icon];
  return (
    <button
      type="button"
      role="menuitem"
      class={danger ? "danger" : ""}
      data-command={command}
      onClick={onClick}
    >
      {Shape ? <Shape /> : <span class="icon" />}
      <span>{text}</span>
      {keys && <kbd>{keys}</kbd>}
    </button>
  );
}

/** A menu line that runs a command. */
export function CommandItem({ page, id, icon, text, danger }: {
  page: Page;
  id: CommandId;
  icon?: IconName;
  text?: string;
  danger?: boolean;
}) {
  const [key] = keysOf(id, page.state.preferences);
  return (
    <MenuItem
      text={text ?? labelOf(page, id)}
      icon={icon}
      command={id}
      danger={danger}
      keys={key && keyForPeople(key)}
      onClick={() => page.dispatch({ kind: "command", id })}
    />
  );
}

/** What a command is called. */
export function labelOf({ say }: Page, id: CommandId): string {
  const command = commands.find((it) => it.id === id);
  return command ? say(command.label) : id;
}

/** The first key of a command, for people; its name where it has none. */
export function keyOf(page: Page, id: CommandId): string {
  const [key] = keysOf(id, page.state.preferences);
  return key ? keyForPeople(key) : labelOf(page, id);
}

function keepFocus(event: MouseEvent) {
  event.preventDefault();
}

/** Arrow keys walk through an open menu. */
function moveInMenu(event: KeyboardEvent) {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const { currentTarget } = event;
  if (by === 0 || !(currentTarget instanceof HTMLElement)) return;
  const items = [
    ...currentTarget.querySelectorAll<HTMLElement>("[role=menuitem]"),
  ];
  const now = items.findIndex((it) => it === document.activeElement);
  event.preventDefault();
  event.stopPropagation();
  items[(now + by + items.length) % items.length]?.focus();
}

/** Keeps a menu on the screen: it opens where there is room. */
function placeMenu(event: Event) {
  const details = event.currentTarget;
  if (!(details instanceof HTMLDetailsElement) || !details.open) return;
  const list = details.querySelector<HTMLElement>(".menu-list");
  const button = details.getBoundingClientRect();
  if (!list) return;
  const { width, height } = list.getBoundingClientRect();
  const below = button.bottom + height + 8 < innerHeight;
  list.style.top = `${
    below ? button.bottom + 4 : Math.max(4, button.top - height - 4)
  }px`;
  list.style.left = `${
    Math.max(4, Math.min(innerWidth - width - 4, button.left))
  }px`;
}
