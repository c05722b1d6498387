// The six sets of real pictures that the nano is judged by, and its four clips.
//
// Stills: every third frame of a capsule's run, five polyps, every fifth frame
// of the swan, all instruments of ten laparoscopy frames, the middle slice of
// the hippocampus in twenty MR volumes, all slices of two CT lesions. Clips: the
// capsule and the swan from their first frame, the volumes from the middle one
// of the slices that hold the object.

import { z } from "zod";
import type { Bitmap, RgbImage } from "../../lib/base/image.ts";
import type { Size } from "../../lib/base/tensor.ts";
import { createBitmap, isEmpty } from "../../lib/masks/bitmap.ts";
import { polygonsToBitmap } from "../../lib/masks/polygons.ts";
import { readMask } from "../../lib/media/image.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { readVolume } from "../../lib/media/read_volume.ts";
import { openVolume } from "../../lib/media/volume.ts";
import { stackSlices } from "../../lib/media/volume_slices.ts";
import { sharedUrl } from "../shared.ts";

/** One object on one picture. */
export type Still = {
  readonly name: string;
  readonly image: RgbImage;
  readonly truth: Bitmap;
};

/** Pictures that get one number together. */
export type StillSet = {
  readonly name: string;
  readonly stills: readonly Still[];
};

/** A clip with the true mask of one object on every frame; empty where it is not there. */
export type TrueClip = {
  readonly name: string;
  readonly size: Size;
  readonly images: readonly RgbImage[];
  readonly truth: readonly Bitmap[];
  /** The frame that is clicked. */
  readonly start: number;
};

/** Clips that get one number together. */
export type ClipSet = {
  readonly name: string;
  readonly clips: readonly TrueClip[];
};

/** Reads everything that is measured. */
export async function readNanoSets(): Promise<{
  readonly stills: readonly StillSet[];
  readonly clips: readonly ClipSet[];
}> {
  const capsule = await readFolderClip("kvasir-capsule-run1");
  const polyps = await readFolderClip("kvasir-seg5");
  const swan = await readFolderClip("davis16-blackswan");
  const hippocampi = await readHippocampi();
  const lesions = await readLesions();
  return {
    stills: [
      { name: "kvasir-capsule-run1", stills: everyNth(capsule, 3) },
      { name: "kvasir-seg5", stills: polyps.flatMap((each) => stillsOf(each)) },
      { name: "davis16-blackswan", stills: everyNth(swan, 5) },
      { name: "cholecinst", stills: await readInstruments() },
      { name: "msd-hippocampus", stills: hippocampi.map(middleOf) },
      {
        name: "medsam2-recist",
        stills: lesions.flatMap((each) => stillsOf(each)),
      },
    ],
    clips: [
      { name: "kvasir-capsule-run1", clips: capsule },
      { name: "davis16-blackswan", clips: swan },
      { name: "msd-hippocampus", clips: hippocampi },
      { name: "medsam2-recist", clips: lesions },
    ],
  };
}

const dataPath = (path: string) => new URL(`data/${path}`, sharedUrl).pathname;

function listNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Pictures with a mask picture each; those of one size are one clip. */
async function readFolderClip(set: string): Promise<TrueClip[]> {
  const images = dataPath(`${set}/images`);
  const masks = dataPath(`${set}/masks`);
  const maskNames = listNames(masks);
  const clips: TrueClip[] = [];
  for (const name of listNames(images)) {
    const frames = await openFrames(`${images}/${name}`);
    const image = await frames.read(0);
    const stem = name.replace(/\.\w+$/, "");
    const mask = maskNames.find((other) => other.startsWith(`${stem}.`));
    if (!mask) throw new Error(`${set}: ${name} has no mask`);
    const truth = await readMask(`${masks}/${mask}`);
    const { size } = frames;
    const last = clips.at(-1);
    const isSame = last?.size.width === size.width &&
      last.size.height === size.height;
    if (last && isSame) {
      clips[clips.length - 1] = {
        ...last,
        images: [...last.images, image],
        truth: [...last.truth, truth],
      };
    } else {
      clips.push({
        name: set,
        size,
        images: [image],
        truth: [truth],
        start: 0,
      });
    }
  }
  return clips;
}

function stillsOf({ name, images, truth }: TrueClip): Still[] {
  return images.flatMap((image, i) =>
    isEmpty(truth[i]) ? [] : [{ name: `${name} ${i}`, image, truth: truth[i] }]
  );
}

function everyNth([clip]: readonly TrueClip[], n: number): Still[] {
  return stillsOf(clip).filter((_, i) => i % n === 0);
}

function middleOf({ name, images, truth, start }: TrueClip): Still {
  return { name, image: images[start], truth: truth[start] };
}

const LabelMe = z.object({
  shapes: z.array(z.object({
    label: z.string(),
    group_id: z.int(),
    points: z.array(z.tuple([z.number(), z.number()])),
  })),
});

/** Every instrument on every frame; the pieces of one are one object. */
async function readInstruments(): Promise<Still[]> {
  const root = dataPath("cholecinst-10f/_sample_files/VID03_t80_sparse/");
  const frames = await openFrames(`${root}img_dir`);
  const stills: Still[] = [];
  for (const [i, name] of listNames(`${root}ann_dir`).entries()) {
    const text = await Deno.readTextFile(`${root}ann_dir/${name}`);
    const { shapes } = LabelMe.parse(JSON.parse(text));
    const image = await frames.read(i);
    const instances = Map.groupBy(
      shapes,
      ({ label, group_id }) => `${label} ${group_id}`,
    );
    for (const [instance, parts] of instances) {
      const polygons = parts.map(({ points }) => ({
        outer: points.map(([x, y]) => ({ x, y })),
        holes: [],
      }));
      const truth = polygonsToBitmap(polygons, frames.size);
      stills.push({ name: `${name} ${instance}`, image, truth });
    }
  }
  return stills;
}

async function readHippocampi(): Promise<TrueClip[]> {
  const folder = dataPath("msd-hippocampus/dev");
  const clips: TrueClip[] = [];
  for (const name of listNames(`${folder}/images`)) {
    clips.push(
      await readVolumeClip(
        `${folder}/images/${name}`,
        `${folder}/labels/${name}`,
      ),
    );
  }
  return clips;
}

async function readLesions(): Promise<TrueClip[]> {
  const folder = dataPath("medsam2-recist");
  const clips: TrueClip[] = [];
  for (const name of listNames(folder)) {
    if (!name.endsWith("_img.nii.gz")) continue;
    const label = name.replace("_img.", "_gt.");
    clips.push(
      await readVolumeClip(`${folder}/${name}`, `${folder}/${label}`),
    );
  }
  return clips;
}

/** Slices across z; whatever has a label is the object. */
async function readVolumeClip(
  image: string,
  label: string,
): Promise<TrueClip> {
  const frames = await openVolume(image, { axis: "z" });
  const labels = stackSlices(await readVolume(label), "z");
  const { size, infos } = frames;
  const truth = infos.map(({ index }) => {
    const bitmap = createBitmap(size);
    for (const [i, value] of labels.read(index).entries()) {
      if (value > 0) bitmap.data[i] = 1;
    }
    return bitmap;
  });
  const present = infos.filter(({ index }) => !isEmpty(truth[index]));
  return {
    name: image.split("/").at(-1)!.replace(/\.nii\.gz$/, ""),
    size,
    images: await Promise.all(infos.map(({ index }) => frames.read(index))),
    truth,
    start: present[present.length >> 1].index,
  };
}
