// The features of frames on disk, so that a second direction, a second object,
// a click and every later propagation skip the encoder.
//
// Files lie beside the masks (they show what the frames show, so they go where
// the data goes), named by the frame's pixels and checked by a hash when read;
// one that does not match is computed anew. The whole is bounded: when it is
// full, what was not read for longest goes first.

import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { graphVersion } from "../sam2/engine.ts";
import { featureDims, type HalfFeatures } from "../sam2/half_features.ts";
import { sizeOf } from "../base/tensor.ts";
import { featureFileName, featureFolder } from "../store/feature_files.ts";
import { removeTemporaryFiles, writeFileWhole } from "./write_file.ts";

/** Features on disk. */
export type FeatureCache = {
  /** Whether the features of a frame are there, undamaged or not. */
  has(frameSha256: string): Promise<boolean>;
  /** Reads the features of a frame; undefined where they are not kept, or damaged. */
  read(frameSha256: string): Promise<HalfFeatures | undefined>;
  /** Keeps features; a full disk is told by {@link FeatureCache.trouble} and stops nothing. */
  write(frameSha256: string, half: HalfFeatures): Promise<void>;
  /** Why features could not be kept, if so. */
  trouble(): string | undefined;
};

/** What tells the features of one model from those of another. */
export type FeatureModel = {
  readonly sha256: string;
  readonly engine: {
    readonly side: number;
    readonly precision: string;
    readonly config: { readonly channels: number };
  };
};

const hashBytes = 32;
const mostBytes = 8 * 2 ** 30;
const shareOfFreeSpace = 0.25;

/**
 * Opens the features of one model below a data folder.
 *
 * @param options.budgetBytes of all models together; default 8 GiB, at most a quarter of the free disk
 */
export function openFeatureCache(
  dataFolder: string,
  { sha256, engine }: FeatureModel,
  { budgetBytes }: { budgetBytes?: number } = {},
): FeatureCache {
  const all = featureFolder(dataFolder);
  const name = `${
    sha256.slice(0, 16)
  }-v${graphVersion}-${engine.side}-${engine.precision}`;
  const folder = join(all, name);
  const { channels } = engine.config;
  const shapes = featureDims({ channels, side: engine.side });
  const length = Object.values(shapes)
    .reduce((sum, dims) => sum + sizeOf(dims), 0);
  const fileBytes = hashBytes + 2 * length;
  const pathOf = (frameSha256: string) =>
    join(folder, featureFileName(frameSha256));
  let kept: Promise<Kept> | undefined;
  let trouble: string | undefined;

  const open = async (): Promise<Kept> => {
    await Deno.mkdir(folder, { recursive: true });
    await removeTemporaryFiles(folder);
    const files = await listFiles(all);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const budget = budgetBytes ??
      Math.min(mostBytes, await freeBytes(all) * shareOfFreeSpace + bytes);
    return { bytes, budget };
  };

  return {
    has: (frameSha256) =>
      Deno.stat(pathOf(frameSha256)).then(
        ({ size }) => size === fileBytes,
        () => false,
      ),
    read: async (frameSha256) => {
      const path = pathOf(frameSha256);
      const bytes = await Deno.readFile(path).catch((error) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      });
      if (!bytes) return undefined;
      if (bytes.length !== fileBytes || !hasOwnHash(bytes)) {
        await Deno.remove(path).catch(() => {}); // somebody else may have
        return undefined;
      }
      const now = new Date();
      await Deno.utime(path, now, now).catch(() => {}); // evicted meanwhile
      return new Float16Array(bytes.buffer, hashBytes);
    },
    write: async (frameSha256, half) => {
      if (trouble !== undefined) return;
      try {
        const state = await (kept ??= open());
        if (state.bytes + fileBytes > state.budget) {
          state.bytes = await evict(all, state.budget * 0.9 - fileBytes);
        }
        if (state.bytes + fileBytes > state.budget) return; // one frame is too much
        await writeFileWhole(pathOf(frameSha256), withHash(half));
        state.bytes += fileBytes;
      } catch (error) {
        trouble = messageOf(error);
      }
    },
    trouble: () => trouble,
  };
}

type Kept = { bytes: number; readonly budget: number };

function withHash(half: HalfFeatures): Uint8Array {
  const payload = new Uint8Array(half.buffer, half.byteOffset, half.byteLength);
  const bytes = new Uint8Array(hashBytes + payload.length);
  bytes.set(createHash("sha256").update(payload).digest());
  bytes.set(payload, hashBytes);
  return bytes;
}

function hasOwnHash(bytes: Uint8Array): boolean {
  const expected = createHash("sha256").update(bytes.subarray(hashBytes))
    .digest();
  return expected.every((byte, i) => byte === bytes[i]);
}

/** Removes the files that were not read for longest; returns what is left. */
async function evict(folder: string, toBytes: number): Promise<number> {
  const files = await listFiles(folder);
  files.sort((a, b) => a.readMs - b.readMs);
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files) {
    if (bytes <= toBytes) break;
    await Deno.remove(path).catch(() => {}); // somebody else may have
    bytes -= size;
  }
  return bytes;
}

async function listFiles(folder: string) {
  const files: { path: string; size: number; readMs: number }[] = [];
  for await (const model of Deno.readDir(folder)) {
    if (!model.isDirectory) continue;
    for await (const { name } of Deno.readDir(join(folder, model.name))) {
      const path = join(folder, model.name, name);
      const info = await Deno.stat(path).catch(() => undefined); // gone meanwhile
      if (!info) continue;
      files.push({ path, size: info.size, readMs: info.mtime?.getTime() ?? 0 });
    }
  }
  return files;
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
