// What an object is called: as the person named it, else by its tag.

import type { ObjectView } from "../contract.ts";
import type { State } from "./state.ts";
import type { Say } from "./words.ts";

/** The name to show. The server calls an object "object 3" until someone names it. */
export function objectName(
  { home }: State,
  say: Say,
  { name, number, tagId }: ObjectView,
): string {
  if (!/^object \d+$/i.test(name)) return name;
  const tag = home?.tags.find(({ id }) => id === tagId);
  return tag?.name ?? say("objectN", { n: number });
}

/** The name of an object by its number. */
export function nameOfObject(state: State, say: Say, objectId: number): string {
  const object = state.sequence?.objects.find(({ id }) => id === objectId);
  return object ? objectName(state, say, object) : say("anObject");
}
