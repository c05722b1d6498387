// Proof that rows and pictures say the same.

import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { sameBitmap } from "../masks/bitmap.ts";
import { readMask } from "../media/image.ts";
import type { Store } from "./database.ts";
import { listMaskFiles } from "./mask_files.ts";
import { listMasks, readMaskBitmap, type StoredMask } from "./masks.ts";

/** A place where rows and files disagree. */
export type FileProblem = {
  readonly kind: "missing" | "unreadable" | "differs" | "orphan";
  readonly file: string;
  /** One sentence for a person. */
  readonly message: string;
};

/** Lists where the masks of a sequence and their files disagree; meaningful while nobody writes. */
export async function checkFiles(
  store: Store,
  sequenceId: number,
): Promise<FileProblem[]> {
  const files = await listMaskFiles(store.folder, sequenceId);
  const problems: FileProblem[] = [];
  for (const mask of await listMasks(store, sequenceId)) {
    const problem = files.delete(mask.file)
      ? await checkPixels(store, mask)
      : { kind: "missing", fact: "is not there" } as const;
    if (!problem) continue;
    const { kind, fact } = problem;
    const message =
      `The mask of object ${mask.objectId} on frame ${mask.frame}: ${mask.file} ${fact}`;
    problems.push({ kind, file: mask.file, message });
  }
  for (const file of files.keys()) {
    const message = `No mask names ${file}`;
    problems.push({ kind: "orphan", file, message });
  }
  return problems;
}

async function checkPixels({ folder }: Store, mask: StoredMask) {
  try {
    const bitmap = await readMask(join(folder, mask.file));
    if (sameBitmap(bitmap, readMaskBitmap(mask))) return undefined;
    return { kind: "differs", fact: "shows other pixels" } as const;
  } catch (error) {
    return { kind: "unreadable", fact: messageOf(error) } as const;
  }
}
