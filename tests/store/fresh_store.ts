// A store in a folder of its own with one sequence, removed at the end of a test.

import {
  type Bitmap,
  createSequence,
  getOrCreateObject,
  type NewMask,
  openStore,
  type Sequence,
  type SequenceObject,
  type Store,
} from "medannotate";

/** What a test is given. */
export type Fresh = {
  readonly store: Store;
  readonly folder: string;
  /** Four frames of 4x3. */
  readonly sequence: Sequence;
  /** Number 1 of the sequence. */
  readonly object: SequenceObject;
};

/** Runs a test in a new store on disk. */
export function inStore(test: (fresh: Fresh) => Promise<void>) {
  return inFolder(async (folder) => {
    const store = await openStore({ url: `file:${folder}/store.db`, folder });
    try {
      const sequence = await createTestSequence(store);
      const object = await getOrCreateObject(store, sequence.id, 1);
      await test({ store, folder, sequence, object });
    } finally {
      await store.close();
    }
  });
}

/** Runs a test in a new folder. */
export function inFolder(test: (folder: string) => Promise<void>) {
  return async () => {
    const folder = await Deno.makeTempDir({ prefix: "medannotate-store-" });
    try {
      await test(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** Creates a sequence of black frames. */
export function createTestSequence(
  store: Store,
  { frameCount = 4, width = 4, height = 3, name = "clip" } = {},
): Promise<Sequence> {
  const frames = Array.from({ length: frameCount }, (_, index) => ({
    timeMs: index * 40,
    name: `${index}.png`,
    sha256: `${name}-${index}`,
  }));
  const source = `/data/${name}`;
  return createSequence(store, {
    name,
    kind: "folder",
    source,
    width,
    height,
    frames,
  });
}

/** A mask of 4x3 whose first pixels are inside. */
export function firstPixels(count: number): Bitmap {
  const data = Uint8Array.from({ length: 12 }, (_, i) => i < count ? 1 : 0);
  return { width: 4, height: 3, data };
}

/** A propagated mask of an object on a frame. */
export function propagated(
  objectId: number,
  frame: number,
  bitmap: Bitmap,
): NewMask {
  return { objectId, frame, bitmap, origin: "propagated" };
}

/** What every run of these tests is started with. */
export const runInputs = {
  kind: "propagate",
  framesSha256: "f",
  promptsSha256: "p",
  modelSha256: "m",
  options: { direction: "both" },
  framesTotal: 4,
} as const;

/** All files below a folder, relative to it, in order. */
export async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) files.push(name);
    else {
      const below = await listFiles(`${folder}/${name}`);
      files.push(...below.map((file) => `${name}/${file}`));
    }
  }
  return files.sort();
}
