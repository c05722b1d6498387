// The colours of classes in formats that give labels a colour: that of the tag,
// else the one Pascal VOC has for its number.

import type { Rgb } from "../../base/image.ts";
import { vocColour } from "../../formats/davis.ts";
import type { ExportTag } from "./data_set.ts";

/** The colour of a class. */
export function labelColour(
  { colour, classNumber }: Pick<ExportTag, "colour" | "classNumber">,
): Rgb {
  return colour ?? vocColour(classNumber % 255 + 1);
}

/** The colour of a class as `#rrggbb`. */
export function hexColour(
  tag: Pick<ExportTag, "colour" | "classNumber">,
): string {
  return "#" + labelColour(tag)
    .map((channel) => channel.toString(16).padStart(2, "0")).join("");
}
