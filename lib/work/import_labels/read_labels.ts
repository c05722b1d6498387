// One reader for each format, and how to tell which one a folder needs.

import type { ExportFormat } from "../export/data_set.ts";
import type { LabelReading, LabelTarget } from "./label_frame.ts";
import type { LabelFolder } from "./label_folder.ts";
import { isCoco, readCoco } from "./read_coco.ts";
import { readCvat } from "./read_cvat.ts";
import { readDavis } from "./read_davis.ts";
import { readEiseg } from "./read_eiseg.ts";
import { isLabelStudio, readLabelStudio } from "./read_label_studio.ts";
import { isLabelme, readLabelme } from "./read_labelme.ts";
import { readSav } from "./read_sav.ts";
import { readVoc } from "./read_voc.ts";
import { readYolo } from "./read_yolo.ts";

/** The formats that labels are read from; those that exports are written in. */
export type LabelFormat = ExportFormat;

type Reader = (
  folder: LabelFolder,
  target: LabelTarget,
) => Promise<LabelReading>;

const readers: Readonly<Record<LabelFormat, Reader>> = {
  "yolo": readYolo,
  "yolo-seg": readYolo,
  "coco": readCoco,
  "voc": readVoc,
  "davis": readDavis,
  "sa-v": readSav,
  "cvat": readCvat,
  "label-studio": readLabelStudio,
  "labelme": readLabelme,
  "eiseg": readEiseg,
};

/** Reads labels in a format; throws when the folder holds none of it. */
export async function readLabels(
  format: LabelFormat,
  folder: LabelFolder,
  target: LabelTarget,
): Promise<LabelReading> {
  const found = await readers[format](folder, target);
  if (found.frames.length > 0) return found;
  throw new RangeError(
    `Cannot import labels ${folder.path}: it holds nothing in the format ${format}`,
  );
}

/** Tells the format from what an export says, from names, and from the first files. */
export async function detectFormat(folder: LabelFolder): Promise<LabelFormat> {
  const { names } = folder;
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  const written = await readCertificateFormat(folder);
  if (written) return written;
  if (has(/\.ya?ml$/i) || has(/(^|\/)classes\.txt$/)) return "yolo";
  if (has(/(^|\/)label\/[^/]*_pseudo\.png$/)) return "eiseg";
  if (has(/(^|\/)Annotations_6fps\//)) return "sa-v";
  if (has(/(^|\/)Annotations\/.*\.png$/)) return "davis";
  for (const name of names.filter((name) => /\.(json|xml)$/i.test(name))) {
    const format = formatOf(name, await folder.text(name));
    if (format) return format;
  }
  if (has(/\.png$/i)) return "davis";
  throw new RangeError(
    `Cannot import labels ${folder.path}: ${names.length} files tell no format. Name it: ${
      Object.keys(readers).join(", ")
    }`,
  );
}

function formatOf(name: string, text: string): LabelFormat | undefined {
  if (/\.xml$/i.test(name)) {
    if (/<annotations[\s>]/.test(text)) return "cvat";
    return /<annotation[\s>]/.test(text) ? "voc" : undefined;
  }
  if (text.includes('"masklet"')) return "sa-v";
  if (isCoco(text)) return "coco";
  if (isLabelme(text)) return "labelme";
  if (isLabelStudio(text)) return "label-studio";
  return text.includes('"labelIdx"') ? "eiseg" : undefined;
}

async function readCertificateFormat(
  folder: LabelFolder,
): Promise<LabelFormat | undefined> {
  const name = folder.names.find((name) => name === "certificate.json");
  if (name === undefined) return undefined;
  const found = /"format":\s*"([a-z-]+)"/.exec(await folder.text(name))?.[1];
  return Object.keys(readers).filter(isFormat)
    .find((format) => format === found);
}

/** Whether a word names a format that labels are read from. */
export function isFormat(word: string): word is LabelFormat {
  return Object.hasOwn(readers, word);
}
