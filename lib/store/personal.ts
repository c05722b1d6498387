// Which masks a person stands behind as they are, not by the prompts that led to
// them: drawn, imported, or verified and not the answer to clicks. One rule, for
// records and for queries.

import type { ExpressionBuilder } from "kysely";
import type { Schema } from "./schema.ts";

/** Whether a person stands behind a mask as it is, not by the prompts that led to it. */
export function isPersonal(
  { origin, verified = false }: {
    readonly origin: string;
    readonly verified?: boolean;
  },
): boolean {
  return own.includes(origin) || (verified && origin !== "click");
}

/** The same as a condition on rows. */
export function personalRows(eb: ExpressionBuilder<Schema, "mask">) {
  return eb.or([
    eb("origin", "in", own),
    eb.and([eb("verified", "=", 1), eb("origin", "!=", "click")]),
  ]);
}

const own = ["drawn", "imported"];
