// Disks that are full or read-only, as the verbs meet them. Real mounts where
// they are allowed, since tests may run as root, whom file modes do not stop.

import { deepEqual, equal, match } from "node:assert/strict";
import { demo } from "../../lib/cli/demo.ts";
import { importVerb } from "../../lib/cli/import.ts";
import { propagate } from "../../lib/cli/propagate.ts";
import { segment } from "../../lib/cli/segment.ts";
import type { Command } from "../../lib/cli/command.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { listTree } from "../work/export/made_sequence.ts";
import { onPolyp, writeFrames } from "../work/small_clip.ts";
import { callVerb } from "./call_verb.ts";

const small = ["--size", "64", "--device", "cpu"];

async function run(program: string, ...args: string[]): Promise<boolean> {
  const command = new Deno.Command(program, { args, stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

/** Mounts a small disk; false where that is not allowed. */
function mountDisk(folder: string, sizeMb: number): Promise<boolean> {
  return run("mount", "-t", "tmpfs", "-o", `size=${sizeMb}m`, "tmpfs", folder);
}

function unmount(folder: string): Promise<boolean> {
  return run("umount", "-l", folder);
}

const canMount = await inFolderOf(async (folder) =>
  await mountDisk(folder, 1) && await unmount(folder)
);
if (!canMount) console.log("Skipped: verbs on bad disks, `mount` fails here");

async function inFolderOf<Result>(
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder);
  }
}

/** A test with a clip, its prompts and a small disk. */
function diskTest(
  name: string,
  { sizeMb }: { readonly sizeMb: number },
  test: (
    place: {
      readonly frames: string;
      readonly prompts: string;
      readonly disk: string;
      readonly folder: string;
    },
  ) => Promise<void>,
) {
  const fn = inFolder(async (folder) => {
    const prompts = [{ object: 1, frame: 4, ...onPolyp }];
    const path = `${folder}/prompts.json`;
    await Deno.writeTextFile(path, JSON.stringify({ prompts }));
    await writeFrames(`${folder}/frames`);
    const disk = `${folder}/disk`;
    await Deno.mkdir(disk);
    await mountDisk(disk, sizeMb);
    try {
      await test({ frames: `${folder}/frames`, prompts: path, disk, folder });
    } finally {
      await unmount(disk);
    }
  });
  Deno.test({ name: `${name} (needs mount)`, ignore: !canMount, fn });
}

/** Fills a disk to the last byte, but for some. */
async function fill(disk: string, { leaveBytes = 0 } = {}) {
  const file = await Deno.open(`${disk}/filler`, { create: true, write: true });
  let size = 0;
  try {
    while (true) size += await file.write(new Uint8Array(4096));
  } catch {
    // full, which is what was wanted
  }
  file.close();
  await Deno.truncate(`${disk}/filler`, Math.max(0, size - leaveBytes));
}

async function fails(verb: Command, args: readonly string[], message: RegExp) {
  const { code, stdout, stderr } = await callVerb(verb, [...args, "--json"]);
  if (Deno.env.get("SHOW")) console.log(stderr);
  equal(code, 1, stderr);
  equal(stdout, "");
  match(stderr, /^error: Cannot /);
  match(stderr, message);
}

diskTest(
  "deno task import, propagate and demo say that the data folder's disk is full",
  { sizeMb: 2 },
  async ({ frames, prompts, disk }) => {
    await fill(disk);
    const full = /No space left on device.*Expected a folder with space/;
    const data = ["--data", `${disk}/data`];
    await fails(importVerb, [frames, ...data], full);
    const options = [frames, "--prompts", prompts, ...small];
    await fails(propagate, [...options, ...data], full);
    await fails(
      demo,
      ["--input", ...options, "--out", `${disk}/demo`],
      full,
    );
    deepEqual(await listTree(disk), ["filler"]);
  },
);

diskTest(
  "deno task propagate on a disk that fills up keeps what it has and goes on with space",
  { sizeMb: 8 },
  async ({ frames, prompts, disk, folder }) => {
    const data = ["--data", disk];
    const options = ["--prompts", prompts, ...small];
    equal((await callVerb(importVerb, [frames, ...data])).code, 0);
    await fill(disk, { leaveBytes: 200_000 });
    const call = ["--sequence", "1", ...options, ...data];
    await fails(propagate, call, /Nothing was changed|No space|full/);
    await Deno.remove(`${disk}/filler`);
    equal((await callVerb(propagate, call)).code, 0);

    const other = ["--data", `${folder}/undisturbed`];
    equal((await callVerb(propagate, [frames, ...options, ...other])).code, 0);
    // the names of mask files carry a checksum of what they show
    deepEqual(
      (await listTree(`${disk}/masks`)).filter((name) => name.endsWith("png")),
      (await listTree(`${folder}/undisturbed/masks`))
        .filter((name) => name.endsWith("png")),
    );
  },
);

diskTest(
  "deno task propagate and segment say that the disk of --out is full, and leave no half file",
  { sizeMb: 2 },
  async ({ frames, prompts, disk, folder }) => {
    await fill(disk);
    const data = `${folder}/data`;
    await fails(
      propagate,
      [
        frames,
        "--prompts",
        prompts,
        "--out",
        `${disk}/out`,
        "--data",
        data,
        ...small,
      ],
      /Cannot write into .*disk\/out: No space left on device/,
    );
    equal(await Deno.stat(data).catch(() => "nothing"), "nothing");
    await fails(
      segment,
      [
        `${frames}/000.png`,
        "--point",
        "97,67,+",
        "--out",
        `${disk}/mask.png`,
        ...small,
      ],
      /Cannot write .*mask\.png: No space left on device/,
    );
    deepEqual(await listTree(disk), ["filler"]);
  },
);

diskTest(
  "deno task import and propagate refuse a read-only data folder",
  { sizeMb: 8 },
  async ({ frames, prompts, disk, folder }) => {
    equal((await callVerb(importVerb, [frames, "--data", disk])).code, 0);
    // SQLite's log and its index may go at any moment after a store was closed
    const listStored = async () =>
      (await listTree(disk)).filter((name) => !/-(wal|shm)$/.test(name));
    const before = await listStored();
    const view = `${folder}/view`;
    await Deno.mkdir(view);
    await run("mount", "--bind", disk, view);
    await run("mount", "-o", "remount,bind,ro", view);
    try {
      const readOnly = /Read-only file system/;
      const data = ["--data", view];
      await fails(importVerb, [frames, ...data], readOnly);
      await fails(
        propagate,
        ["--sequence", "1", "--prompts", prompts, ...small, ...data],
        readOnly,
      );
      await fails(
        propagate,
        [
          frames,
          "--prompts",
          prompts,
          "--out",
          `${view}/out`,
          "--data",
          `${folder}/data`,
          ...small,
        ],
        /Cannot write into .*view\/out: Read-only file system/,
      );
      deepEqual(await listStored(), before);
    } finally {
      await unmount(view);
    }
  },
);
