// Options that a person may leave out.

import { type Call, UsageError } from "./command.ts";

/** The entries that have a value. */
export function given<Values extends Readonly<Record<string, unknown>>>(
  values: Values,
) {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> };
}

/** Reads a number above 0; undefined where it was left out. */
export function positiveOf(call: Call, name: string): number | undefined {
  const text = call.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(`--${name} is ${text}, expected a number above 0`);
}
