// Every command of the page: its group, its keys and the words that name it.
//
// This one table drives the keyboard, the tooltips and the shortcut sheet. The
// keys are EISeg's where EISeg has the command. Keys are written as shortcuts.ts
// reads them; letters stand for their place on a Latin keyboard.

import type { WordKey } from "./words.ts";

/** The groups of the shortcut sheet, in its order. */
export const commandGroups = [
  "mark",
  "tools",
  "objects",
  "travel",
  "propagation",
  "reviewing",
  "frames",
  "looks",
  "general",
] as const;
/** A group of the shortcut sheet. */
export type CommandGroup = typeof commandGroups[number];

const table = {
  finish: ["mark", "Space"],
  undo: ["mark", "Ctrl+Z"],
  redo: ["mark", "Ctrl+Y", "Ctrl+Shift+Y"],
  clearPrompts: ["mark", "Ctrl+Shift+Z"],
  deleteMask: ["mark", "Backspace", "Delete"],
  deleteFollowing: ["mark", "Shift+Delete"],
  deleteRange: ["mark"],
  apply: ["mark", "Enter"],
  cancel: ["mark", "Escape"],
  copyPrevious: ["mark", "Ctrl+D"],
  fillHoles: ["mark", "Ctrl+H"],
  keepLargest: ["mark", "Ctrl+L"],
  subtractOthers: ["mark"],
  subtractFromOthers: ["mark"],

  toolClick: ["tools", "C"],
  toolBox: ["tools", "B"],
  toolBrush: ["tools", "D"],
  toolEraser: ["tools", "R"],
  toolPolygon: ["tools", "G"],
  toolHand: ["tools", "H"],
  brushSmaller: ["tools", "["],
  brushLarger: ["tools", "]"],
  togglePreview: ["tools", "W"],
  cursorLeft: ["tools", "Alt+ArrowLeft"],
  cursorRight: ["tools", "Alt+ArrowRight"],
  cursorUp: ["tools", "Alt+ArrowUp"],
  cursorDown: ["tools", "Alt+ArrowDown"],
  cursorInside: ["tools", "Alt+Enter"],
  cursorOutside: ["tools", "Alt+Shift+Enter"],

  newObject: ["objects", "N"],
  changeTag: ["objects", "T"],
  renameObject: ["objects", "F2"],
  deleteObject: ["objects", "Ctrl+Delete"],
  toggleObject: ["objects", "U"],
  showAll: ["objects", "Shift+U"],
  object1: ["objects", "Alt+1"],
  object2: ["objects", "Alt+2"],
  object3: ["objects", "Alt+3"],
  object4: ["objects", "Alt+4"],
  object5: ["objects", "Alt+5"],
  object6: ["objects", "Alt+6"],
  object7: ["objects", "Alt+7"],
  object8: ["objects", "Alt+8"],
  object9: ["objects", "Alt+9"],

  previousFrame: ["travel", "S", "ArrowLeft"],
  nextFrame: ["travel", "F", "ArrowRight"],
  backTen: ["travel", "Shift+ArrowLeft"],
  forwardTen: ["travel", "Shift+ArrowRight"],
  firstFrame: ["travel", "Home"],
  lastFrame: ["travel", "End"],
  previousCondition: ["travel", "Ctrl+ArrowLeft"],
  nextCondition: ["travel", "Ctrl+ArrowRight"],
  previousDoubtful: ["travel", "Shift+J"],
  nextDoubtful: ["travel", "J"],
  play: ["travel", "K"],
  slower: ["travel", ","],
  faster: ["travel", "."],
  goToFrame: ["travel", "Ctrl+G"],

  propagateBoth: ["propagation", "P"],
  propagateForward: ["propagation", "Shift+P"],
  propagateBackward: ["propagation"],
  propagateBetween: ["propagation", "Ctrl+Shift+P"],
  propagateAll: ["propagation"],
  cancelPropagation: ["propagation"],

  accept: ["reviewing", "A"],
  skip: ["reviewing", "Shift+A"],
  correct: ["reviewing", "Q"],
  verify: ["reviewing", "V"],
  verifyAll: ["reviewing", "Shift+V"],
  verifyRange: ["reviewing"],
  verifyPropagated: ["reviewing"],

  spanBegin: ["frames", "I"],
  spanEnd: ["frames", "O"],
  tagFrame: ["frames", "Shift+T"],

  fit: ["looks", "0"],
  actualSize: ["looks", "1"],
  zoomIn: ["looks", "="],
  zoomOut: ["looks", "-"],
  toggleMasks: ["looks", "M"],
  toggleFill: ["looks", "Shift+M"],
  toggleOnion: ["looks", "L"],
  togglePanel: ["looks", "\\"],
  toggleTheme: ["looks"],
  toggleLanguage: ["looks"],

  shortcuts: ["general", "?"],
  editShortcuts: ["general", "E"],
  save: ["general", "Ctrl+S"],
  autosave: ["general", "X"],
  export: ["general", "Ctrl+E"],
  sequences: ["general"],
} as const satisfies Record<string, readonly [CommandGroup, ...string[]]>;

/** The name of a command. */
export type CommandId = keyof typeof table;

/** A command. */
export type Command = {
  readonly id: CommandId;
  readonly group: CommandGroup;
  /** The keys it has before anyone changes them. */
  readonly keys: readonly string[];
  readonly label: WordKey;
};

const ids = Object.keys(table) as CommandId[]; // the keys of a constant

/** All commands, in the order of the shortcut sheet. */
export const commands: readonly Command[] = ids.map((id) => {
  const [group, ...keys] = table[id];
  return { id, group, keys, label: `command.${id}` };
});

/** Says whether text names a command. */
export function isCommandId(text: string): text is CommandId {
  return Object.hasOwn(table, text);
}
