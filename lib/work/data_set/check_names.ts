// Images and label files that do not find each other by their names.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "./data_set.ts";
import type { ImageFile } from "./find_images.ts";
import { nameInside } from "./inside_folder.ts";
import { labelNameOf } from "./read_label_file.ts";

/**
 * Leaves out the images that share one label file, as a.jpg and a.png do: it
 * belongs to one of them, and nobody knows to which.
 */
export function leaveOutSharedLabels(
  images: readonly ImageFile[],
  report: Report,
): ImageFile[] {
  const groups = Map.groupBy(images, ({ name }) => labelNameOf(name));
  for (const [labels, own] of groups) {
    if (own.length === 1) continue;
    const names = own.map(({ name }) => name);
    report({
      kind: "duplicate name",
      file: labels,
      message: `belongs to ${own.length} images: ${names.join(", ")}`,
      consequence: "image left out",
    });
  }
  return images.filter(({ name }) =>
    groups.get(labelNameOf(name))?.length === 1
  );
}

/** Names the label files beside the searched folders that have no image. */
export async function findStrayLabels(
  root: string,
  images: readonly ImageFile[],
  folders: readonly string[],
  report: Report,
) {
  const expected = new Set(images.map(({ name }) => labelNameOf(name)));
  for (const folder of folders) {
    // The label file of an image in the folder lies in its label folder.
    const probe = nameInside(root, join(folder, "x.png"));
    const labelFolder = labelNameOf(probe).replace(/\/?x\.txt$/, "");
    for (const name of await listTexts(root, labelFolder)) {
      if (expected.has(name)) continue;
      report({
        kind: "missing image",
        file: name,
        message: "there are labels but no image of this name",
        consequence: "image left out",
      });
    }
  }
}

/** Texts that often lie beside labels and are none. */
const others =
  /^(classes|labels|train|val|valid|test|readme.*|license.*|requirements|notes)\.txt$/i;

/** The label files below a folder, links not followed. */
async function listTexts(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
    .catch(() => []);
  const names: string[] = [];
  for (const entry of entries) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) names.push(...await listTexts(root, name));
    else if (entry.name.endsWith(".txt") && !others.test(entry.name)) {
      names.push(name);
    }
  }
  return names;
}
