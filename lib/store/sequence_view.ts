// How the slices of a volume are seen: JSON in the row of its sequence.

import { z } from "zod";

/** The axis and window that the frames of a volume were made with. */
export const SequenceView = z.object({
  /** The axis of the patient that slices are cut across. */
  axis: z.enum(["x", "y", "z"]),
  /** From pixel to pixel along a row and a column, and from slice to slice. */
  spacingMm: z.object({
    row: z.number(),
    column: z.number(),
    slice: z.number(),
  }).readonly(),
  /** The value that is middle grey, and how many lie from black to white. */
  level: z.number(),
  width: z.number().positive(),
}).readonly();
/** The axis and window that the frames of a volume were made with. */
export type SequenceView = z.infer<typeof SequenceView>;

/** The view as a row holds it. */
export function viewText(view: SequenceView | null): string | null {
  return view && JSON.stringify(view);
}
