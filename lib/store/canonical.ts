// One text, and so one checksum, for values that mean the same.

import { createHash } from "node:crypto";

/** Computes the sha256 of a JSON value, in hex; the order of an object's keys does not matter. */
export function canonicalSha256(value: unknown): string {
  return sha256Of(JSON.stringify(sortKeys(value)));
}

/** Computes the sha256 of a text, in hex. */
export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries.map(([key, v]) => [key, sortKeys(v)]));
}
