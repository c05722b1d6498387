// Disks that cannot be written: mounted read-only, or full. Tests may run as
// root, whom file modes do not stop, so real mounts are used where allowed.

import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  checkFiles,
  commitFrame,
  findResumableRun,
  getOrCreateObject,
  listMasks,
  openForWriting,
  openStore,
  saveMask,
  startRun,
} from "medannotate";
import {
  createTestSequence,
  inFolder,
  listFiles,
  propagated,
  runInputs,
} from "./fresh_store.ts";

async function mount(...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command("mount", { args, stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

async function unmount(folder: string) {
  await new Deno.Command("umount", { args: ["-l", folder] }).output();
}

const canMount = await (async () => {
  const folder = await Deno.makeTempDir();
  const isMounted = await mount("-t", "tmpfs", "tmpfs", folder);
  if (isMounted) await unmount(folder);
  await Deno.remove(folder);
  if (!isMounted) {
    console.log("Skipped: tests of bad disks, `mount` fails here");
  }
  return isMounted;
})();

/** Registers a test on a small disk of its own. */
function diskTest(
  name: string,
  { sizeMb }: { sizeMb: number },
  fn: (disk: string) => Promise<void>,
) {
  const test = inFolder(async (disk) => {
    await mount("-t", "tmpfs", "-o", `size=${sizeMb}m`, "tmpfs", disk);
    try {
      await fn(disk);
    } finally {
      await unmount(disk);
    }
  });
  Deno.test({ name: `${name} (needs mount)`, ignore: !canMount, fn: test });
}

/** Fills a disk to the last byte. */
async function fill(disk: string) {
  const file = await Deno.open(`${disk}/filler`, { create: true, write: true });
  await rejects(async () => {
    while (true) await file.write(new Uint8Array(4096));
  }, /No space/);
  file.close();
}

diskTest(
  "openStore() refuses a read-only folder",
  { sizeMb: 4 },
  async (disk) => {
    const url = `file:${disk}/store.db`;
    const store = await openStore({ url, folder: disk });
    await createTestSequence(store);
    await store.close();
    // SQLite may remove the log of a closed store at any moment
    const listKept = async () =>
      (await listFiles(disk)).filter((name) => !/\.db-(shm|wal)$/.test(name));
    const before = await listKept();
    // The same disk seen through a second folder, where nothing can be written.
    const view = await Deno.makeTempDir();
    await mount("--bind", disk, view);
    await mount("-o", "remount,bind,ro", view);
    try {
      const open = (url: string, folder: string) => openStore({ url, folder });
      const refused =
        /Cannot open store .*found: Read-only file system.*Expected a folder/;
      await rejects(open(`file:${view}/store.db`, view), refused);
      await rejects(open(`file:${view}/store.db`, disk), refused);
      await rejects(open(`file:${view}/new.db`, `${view}/new`), refused);
      deepEqual(await listKept(), before);
    } finally {
      await unmount(view);
      await Deno.remove(view);
    }
  },
);

diskTest("openStore() refuses a full disk", { sizeMb: 4 }, async (disk) => {
  await fill(disk);
  await rejects(
    openStore({ url: `file:${disk}/store.db`, folder: disk }),
    /wrote 4096 bytes into .*masks to try it, found: No space left on device/,
  );
  deepEqual(await listFiles(disk), ["filler"]);
});

diskTest(
  "commitFrame() on a full disk says so and changes nothing",
  { sizeMb: 16 },
  async (disk) => {
    const url = `file:${disk}/store.db`;
    const store = await openStore({ url, folder: disk });
    const sequence = await createTestSequence(store, {
      width: 640,
      height: 480,
    });
    const object = await getOrCreateObject(store, sequence.id, 1);
    const run = await startRun(store, {
      ...runInputs,
      sequenceId: sequence.id,
    });
    const writer = await openForWriting(store, sequence.id);
    const mask = (frame: number) =>
      propagated(object.id, frame, noise(640, 480, frame));
    await saveMask(writer, mask(0));

    // The picture does not fit.
    await fill(disk);
    await rejects(
      saveMask(writer, mask(1)),
      /Cannot save masks .*No space left on device.*Nothing was changed/,
    );
    equal((await listMasks(store, sequence.id)).length, 1);
    deepEqual(await checkFiles(store, sequence.id), []);

    // The picture fits, the row with its memories does not.
    await Deno.truncate(`${disk}/filler`, 12 << 20);
    const floats = new Float32Array(2 << 20); // 8 MB
    const before = await listFiles(disk);
    await rejects(
      commitFrame(writer, {
        runId: run.id,
        masks: [mask(1)],
        memories: [{
          objectId: object.id,
          direction: "forward",
          frame: 1,
          isConditioning: false,
          objectScore: 1,
          predictedIou: 1,
          lowRes: floats,
          pointer: floats,
          memory: floats,
        }],
        forget: [],
        framesDone: 1,
      }),
      /Cannot save masks .*(full|I\/O error).*Nothing was changed/,
    );
    deepEqual(await listFiles(disk), before);
    deepEqual(await checkFiles(store, sequence.id), []);
    const resumable = await findResumableRun(store, sequence.id, run.kind);
    equal(resumable?.framesDone, 0);

    // With space again the same writer goes on.
    await Deno.remove(`${disk}/filler`);
    await saveMask(writer, mask(1));
    equal((await listMasks(store, sequence.id)).length, 2);
    await writer.close();
    deepEqual(await checkFiles(store, sequence.id), []);
    await store.close();
  },
);

/** A mask that does not compress, so that its files are large. */
function noise(width: number, height: number, seed: number) {
  let state = seed + 1;
  const data = new Uint8Array(width * height).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 31;
  });
  return { width, height, data };
}
