// The folder that `propagate --out` leaves: a mask for every object and frame,
// the scores, and what the run was made from.

import { join } from "node:path";
import { z } from "zod";
import type { Store } from "../store/database.ts";
import { encodeMaskPng } from "../media/image.ts";
import { createBitmap } from "../masks/bitmap.ts";
import { listMasks, readMaskBitmap, type StoredMask } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import type { Sequence } from "../store/sequences.ts";
import { partsOf } from "./review.ts";
import { refuseDifference, type RunIdentity } from "./run_identity.ts";
import { removeTemporaryFiles, writeFileWhole } from "./write_file.ts";

/** What one object has on one frame; null where nothing reached it. */
export type PropagationRow = {
  readonly frame: number;
  readonly object: number;
  readonly presenceScore: number | null;
  readonly predictedIou: number | null;
  readonly drift: number | null;
  /** IoU of what both directions gave; null where only one passed. */
  readonly agreement: number | null;
  readonly areaPx: number;
  readonly source: string | null;
};

const framesAtOnce = 64;

const RunFile = z.object({
  framesSha256: z.string(),
  promptsSha256: z.string(),
  modelSha256: z.string(),
  options: z.record(z.string(), z.json()),
});

/**
 * Writes `<object>/%05d.png` (0 or 255) for every frame, and propagation.json.
 *
 * @returns how many pictures were written
 */
export async function writePropagation(
  store: Store,
  sequence: Sequence,
  out: string,
): Promise<number> {
  const { width, height, frameCount } = sequence;
  const objects = await listObjects(store, sequence.id);
  const empty = await encodeMaskPng(createBitmap({ width, height }));
  const rows: PropagationRow[] = [];
  await clearLeftovers(out, objects.map(({ number }) => String(number)));
  for (const { number } of objects) {
    await Deno.mkdir(join(out, String(number)), { recursive: true });
  }
  for (let from = 0; from < frameCount; from += framesAtOnce) {
    const to = Math.min(from + framesAtOnce, frameCount) - 1;
    const masks = await listMasks(store, sequence.id, { from, to });
    const at = new Map(masks.map((m) => [`${m.objectId} ${m.frame}`, m]));
    for (let frame = from; frame <= to; frame++) {
      for (const { id, number } of objects) {
        const mask = at.get(`${id} ${frame}`);
        const png = mask ? await encodeMaskPng(readMaskBitmap(mask)) : empty;
        const name = `${String(frame).padStart(5, "0")}.png`;
        await writeFileWhole(join(out, String(number), name), png);
        rows.push(rowOf(frame, number, mask));
      }
    }
  }
  const listed = objects.map(({ number, name, tagId }) => ({
    object: number,
    name,
    tagId,
  }));
  const report = {
    sequenceId: sequence.id,
    width,
    height,
    frameCount,
    objects: listed,
    frames: rows,
  };
  await writeJson(join(out, "propagation.json"), report);
  return rows.length;
}

/** Removes what an earlier run left here: unfinished files, and objects that are gone. */
async function clearLeftovers(out: string, objects: readonly string[]) {
  await removeTemporaryFiles(out);
  const isOurs = await Deno.stat(join(out, "run.json"))
    .then(() => true, () => false);
  if (!isOurs) return;
  for (const { name } of await Array.fromAsync(Deno.readDir(out))) {
    if (!/^\d+$/.test(name)) continue;
    const folder = join(out, name);
    if (objects.includes(name)) await removeTemporaryFiles(folder);
    else await Deno.remove(folder, { recursive: true });
  }
}

function rowOf(
  frame: number,
  object: number,
  mask: StoredMask | undefined,
): PropagationRow {
  return {
    frame,
    object,
    presenceScore: mask?.presenceScore ?? null,
    predictedIou: mask?.predictedIou ?? null,
    drift: mask?.drift ?? null,
    agreement: (mask && partsOf(mask.driftParts)?.agreement) ?? null,
    areaPx: mask?.areaPx ?? 0,
    source: mask?.source ?? null,
  };
}

/**
 * Compares a folder's run.json with the run that is about to write there; what is
 * not given yet is not compared.
 *
 * @param options.known prompts of earlier runs of the same sequence, which the folder may be of
 * @throws RangeError saying what differs
 */
export async function checkRunFile(
  out: string,
  identity: Partial<RunIdentity>,
  { known = [] }: { known?: readonly string[] } = {},
): Promise<void> {
  const path = join(out, "run.json");
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return;
  const earlier = parseIdentity(text, path);
  const { promptsSha256 } = earlier;
  const own = known.includes(promptsSha256) ? { promptsSha256 } : {};
  refuseDifference(earlier, { ...earlier, ...identity, ...own }, path);
}

function parseIdentity(text: string, path: string): RunIdentity {
  try {
    return RunFile.parse(JSON.parse(text));
  } catch (error) {
    throw new RangeError(
      `Cannot go on with ${path}: it is no run file of ours. --restart replaces it`,
      { cause: error },
    );
  }
}

/** Writes run.json: what the run is made from, and how far it came. */
export async function writeRunFile(
  out: string,
  identity: RunIdentity,
  status: { readonly status: string; readonly framesDone: number },
): Promise<void> {
  const { framesSha256, promptsSha256, modelSha256, options } = identity;
  const file = {
    framesSha256,
    promptsSha256,
    modelSha256,
    options,
    ...status,
    writtenAt: new Date().toISOString(),
  };
  await writeJson(join(out, "run.json"), file);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileWhole(path, JSON.stringify(value, null, 1) + "\n");
}
