// The same picture in two parts of a data set: what was trained on cannot
// also be what is measured on.
//
// Pictures are compared by the bytes of their files. The copy that would be
// measured on is left out; where a whole part is made of another one, as when
// data.yaml names one folder for both, it is kept and said.

import { type SplitName, splitNames } from "../export/data_set.ts";
import type { Report } from "./data_set.ts";
import type { ImageFile } from "./find_images.ts";

type Image = ImageFile & { readonly sha256: string };

/** Leaves out of val what is in train, and out of test what is in either. */
export function leaveOutLeaks<Kind extends Image>(
  parts: Readonly<Record<SplitName, readonly Kind[]>>,
  report: Report,
): Record<SplitName, Kind[]> {
  const clean: Record<SplitName, Kind[]> = { train: [], val: [], test: [] };
  const first = new Map<string, { part: SplitName; name: string }>();
  for (const part of splitNames) {
    const isCopy = ({ sha256 }: Kind) => first.has(sha256);
    const images = parts[part];
    if (images.length > 0 && images.every(isCopy)) {
      report({
        kind: "leak",
        file: "data.yaml",
        message:
          `all ${images.length} images of ${part} are also in another part: results on them prove nothing`,
        consequence: "nothing left out",
      });
      clean[part] = [...images];
      continue;
    }
    for (const image of images) {
      const other = first.get(image.sha256);
      if (!other) clean[part].push(image);
      else {
        report({
          kind: "leak",
          file: image.name,
          message:
            `${part} has the same picture as ${other.name} of ${other.part}`,
          consequence: "image left out",
        });
      }
    }
    for (const { sha256, name } of clean[part]) {
      if (!first.has(sha256)) first.set(sha256, { part, name });
    }
  }
  return clean;
}
