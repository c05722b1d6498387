// Real frames with labels of people, as sequences of a store: polyps of Kvasir,
// instruments of CholecInstanceSeg.

import { join } from "node:path";
import {
  encodeMaskPng,
  importLabels,
  importSequence,
  readMask,
  type Store,
  writeCsv,
} from "medannotate";
import { sharedUrl } from "../shared.ts";

/** The path of a file of the shared folder. */
export const sharedPath = (path: string) => new URL(path, sharedUrl).pathname;

/** A capsule's run and five stills, each still a patient of its own. */
export async function importKvasir(store: Store, scratch: string) {
  await importMasks(store, scratch, {
    set: "kvasir-capsule-run1",
    names: undefined,
    patient: "capsule",
  });
  const stills = await listFiles(sharedPath("data/kvasir-seg5/images"));
  for (const [i, name] of stills.entries()) {
    await importMasks(store, scratch, {
      set: "kvasir-seg5",
      names: [name],
      patient: `still-${i + 1}`,
    });
  }
}

/** Frames with a mask picture each become a sequence with one polyp. */
async function importMasks(
  store: Store,
  scratch: string,
  { set, names, patient }: {
    readonly set: string;
    /** Default all. */
    readonly names: readonly string[] | undefined;
    readonly patient: string;
  },
) {
  const root = sharedPath(`data/${set}`);
  const images = names ?? await listFiles(join(root, "images"));
  const masks = await listFiles(join(root, "masks"));
  const stem = (name: string) => name.replace(/\.[^.]*$/, "");
  const maskOf = new Map(masks.map((name) => [stem(name), name]));
  const frames = join(scratch, patient);
  const labels = join(scratch, `${patient}-labels`);
  await Deno.mkdir(frames, { recursive: true });
  await Deno.mkdir(join(labels, patient), { recursive: true });
  for (const name of images) {
    await Deno.copyFile(join(root, "images", name), join(frames, name));
    const mask = maskOf.get(stem(name));
    if (mask === undefined) throw new Error(`${set}: ${name} has no mask`);
    const bitmap = await readMask(join(root, "masks", mask));
    await Deno.writeFile(
      join(labels, patient, `${stem(name)}.png`),
      await encodeMaskPng(bitmap),
    );
  }
  await Deno.writeTextFile(
    join(labels, "objects.csv"),
    writeCsv([["sequence", "object", "code"], [patient, "1", "polyp"]]),
  );
  await importOne(store, frames, { patient, labels, format: "davis" });
}

/** Ten frames of one operation with LabelMe's polygons. */
export async function importCholec(store: Store) {
  const root = sharedPath(
    "data/cholecinst-10f/_sample_files/VID03_t80_sparse/",
  );
  await importOne(store, `${root}img_dir`, {
    patient: "VID03",
    labels: `${root}ann_dir`,
    format: "labelme",
  });
}

async function importOne(
  store: Store,
  frames: string,
  { patient, labels, format }: {
    readonly patient: string;
    readonly labels: string;
    readonly format: "davis" | "labelme";
  },
) {
  const { sequence, frames: opened } = await importSequence(store, frames, {
    patient,
    procedure: patient,
  });
  try {
    await importLabels(store, sequence, labels, { format });
  } finally {
    await opened.close();
  }
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ isFile }) => isFile).map(({ name }) => name).sort();
}
