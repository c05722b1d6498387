// Tags chosen, created and imported.

import type { Action, TagRequest, TagsView } from "../contract.ts";
import { type Step, step } from "./events.ts";
import { enqueue } from "./queue.ts";
import type { State, TagPurpose } from "./state.ts";

/** A tag was chosen in the palette or by its key. */
export function tagChosen(state: State, tagId: number | null): Step {
  const purpose: TagPurpose = state.dialog?.kind === "tags"
    ? state.dialog.purpose
    : { kind: "newObject" };
  const closed: State = { ...state, dialog: null };
  switch (purpose.kind) {
    case "newObject":
      // The object itself comes with the first click, so that none stays empty.
      return step({
        ...closed,
        activeObject: null,
        nextTag: tagId,
        tool: state.tool === "hand" ? "click" : state.tool,
        message: { tone: "note", key: "clickBegins" },
      });
    case "changeTag": {
      const { objectId } = purpose;
      return enqueue(closed, { kind: "changeObject", objectId, tagId });
    }
    case "span": {
      if (tagId === null) return step(closed);
      const { from, to } = purpose;
      const action: Action = { kind: "createSpan", tagId, from, to };
      return enqueue({ ...closed, spanBegin: null, spanEnd: null }, action);
    }
  }
}

/** Tags after a change; what was left out is told. */
export function tagsCame(
  state: State,
  tags: TagsView,
  request: TagRequest,
): Step {
  if (!state.home) return step(state);
  const next: State = { ...state, home: { ...state.home, tags: tags.tags } };
  if (request.kind === "create" && state.dialog?.kind === "tags") {
    // Created to be used: now, where it was wanted.
    const created = tags.tags.find(({ code }) => code === request.code);
    if (created) return tagChosen(next, created.id);
  }
  if (tags.duplicates.length > 0) {
    return step({ ...next, dialog: { kind: "duplicates", tags } });
  }
  if (request.kind === "import") {
    const values = { n: tags.added };
    return step({
      ...next,
      message: { tone: "note", key: "tagsAdded", values },
    });
  }
  return step(next);
}
