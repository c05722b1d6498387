// What an export of MedAnnotate tells about its labels beside the format itself:
// frames.csv says which frame every image is, labels.csv which object every
// label of an image, in the order of the labels.

import { parseCsv } from "../../formats/csv.ts";
import { type LabelFolder, reading } from "./label_folder.ts";

/** The frame that an image was written from. */
export type KnownFrame = {
  readonly index: number;
  readonly sha256: string;
};

/** The object and the class of a label. */
export type KnownLabel = {
  readonly object: number;
  readonly code: string;
  readonly name: string;
  readonly category: string;
};

/** What is known of the images, by their paths without the ending. */
export type KnownLabels = {
  readonly frames: ReadonlyMap<string, KnownFrame>;
  readonly labels: ReadonlyMap<string, readonly KnownLabel[]>;
};

/** Reads both lists where the folder is an export; else nothing is known. */
export async function readKnownLabels(
  folder: LabelFolder,
): Promise<KnownLabels | undefined> {
  if (!folder.names.includes("certificate.json")) return undefined;
  const frames = new Map<string, KnownFrame>();
  for (const row of await readRows(folder, "frames.csv")) {
    const index = Number(row.frame);
    if (!row.file || !Number.isInteger(index)) continue;
    frames.set(withoutEnding(row.file), { index, sha256: row.sha256 ?? "" });
  }
  const labels = new Map<string, KnownLabel[]>();
  for (const row of await readRows(folder, "labels.csv")) {
    const key = withoutEnding(row.file ?? "");
    const { code = "", name = "", category = "" } = row;
    const known = { object: Number(row.object), code, name, category };
    labels.set(key, [...labels.get(key) ?? [], known]);
  }
  return { frames, labels };
}

/** A path without what follows the last dot of its name. */
export function withoutEnding(path: string): string {
  return path.replace(/\.[^./]+$/, "");
}

async function readRows(
  folder: LabelFolder,
  name: string,
): Promise<Partial<Record<string, string>>[]> {
  if (!folder.names.includes(name)) return [];
  const text = await folder.text(name);
  const [head, ...rows] = await reading(name, () => parseCsv(text));
  return rows.map(({ cells }) =>
    Object.fromEntries(head.cells.map((column, i) => [column, cells[i]]))
  );
}
