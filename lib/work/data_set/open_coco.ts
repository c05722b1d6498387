// A COCO data set: annotations/instances_<part>….json, images by their names in
// images/<part>…, in images or beside. Run lengths and rings become one ring for
// each object, holes and parts joined by bridges; crowds are left out.
//
// In an export of MedAnnotate a category is the class number and one; elsewhere
// categories are counted anew, in the order of their ids.

import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { Size } from "../../base/tensor.ts";
import {
  type CocoAnnotation,
  type CocoFile,
  parseCoco,
} from "../../formats/coco.ts";
import type { Ring } from "../../masks/polygons.ts";
import { bitmapToYoloRings, bridgeRings } from "../../masks/rings.ts";
import { decodeCounts, rleToBitmap } from "../../masks/rle.ts";
import { certificateFile } from "../export/certificate.ts";
import { type SplitName, splitNames } from "../export/data_set.ts";
import type { DataSetProblem, Report } from "./data_set.ts";
import type { DataSetSource } from "./data_set_source.ts";
import type { ImageFile } from "./find_images.ts";
import { lookInside, nameInside } from "./inside_folder.ts";
import {
  clipBox,
  type LabelLine,
  type LabelReading,
} from "./read_label_file.ts";

/** The annotation file of each part that has one. */
export type Annotations = ReadonlyMap<SplitName, string>;

/** Finds the annotation files of a folder without data.yaml; undefined when it is no COCO data set. */
export async function findAnnotations(
  path: string,
): Promise<Annotations | undefined> {
  const here = await readdir(path).catch(() => []);
  if (here.some((name) => /\.ya?ml$/i.test(name))) return undefined;
  const names = await readdir(join(path, "annotations")).catch(() => []);
  const found = new Map(
    splitNames.flatMap((part) => {
      const name = names.find((name) =>
        new RegExp(`^instances_${part}[^/]*\\.json$`).test(name)
      );
      return name ? [[part, `annotations/${name}`] as const] : [];
    }),
  );
  return found.size > 0 ? found : undefined;
}

/** Opens a COCO data set; throws when an annotation file cannot be read. */
export async function openCoco(
  path: string,
  annotations: Annotations,
  report: Report,
): Promise<DataSetSource> {
  const folder = await realpath(path);
  const files = new Map<SplitName, CocoFile>();
  for (const [part, name] of annotations) {
    files.set(part, await readAnnotations(folder, name));
  }
  const isOurs = (await readdir(folder)).includes(certificateFile);
  const { names, classOf } = countClasses([...files.values()], isOurs);
  const parts = { train: [], val: [], test: [] } as Record<
    SplitName,
    ImageFile[]
  >;
  const readers = new Map<string, (size: Size) => LabelReading>();
  for (const [part, file] of files) {
    const byImage = Map.groupBy(file.annotations, ({ image_id }) => image_id);
    const name = annotations.get(part) ?? "";
    for (const image of file.images) {
      const found = await findImage(folder, image.file_name, part, name);
      if ("kind" in found) {
        report(found);
        continue;
      }
      parts[part].push(found);
      const own = byImage.get(image.id) ?? [];
      readers.set(
        `${part} ${found.name}`,
        (size) =>
          readLabels(`${name} (${image.file_name})`, own, {
            ...{ size, stated: image, classOf },
          }),
      );
    }
    parts[part].sort((a, b) => a.name < b.name ? -1 : 1);
  }
  const partOf = new Map(
    splitNames.flatMap((part) => parts[part].map((file) => [file, part])),
  );
  return {
    ...{ folder, names, parts },
    readLabels(file, size) {
      const read = readers.get(`${partOf.get(file)} ${file.name}`);
      if (!read) throw new Error(`${file.name} is not of this data set`);
      return Promise.resolve(read(size));
    },
  };
}

async function readAnnotations(
  folder: string,
  name: string,
): Promise<CocoFile> {
  try {
    return parseCoco(await readFile(join(folder, name), "utf8"));
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read data set ${folder}: ${name}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Class numbers from 0 without gaps, or with those that an export left. */
function countClasses(files: readonly CocoFile[], isOurs: boolean) {
  const byId = new Map(
    files.flatMap(({ categories }) =>
      categories.map(({ id, name }) => [id, name])
    ),
  );
  const ids = [...byId.keys()].sort((a, b) => a - b);
  const classes = new Map(ids.map((id, i) => [id, isOurs ? id - 1 : i]));
  const names: string[] = [];
  for (const [id, classNumber] of classes) {
    names[classNumber] = byId.get(id) ?? "";
  }
  return {
    names: Array.from(names, (name, i) => name ?? `unused_${i}`),
    classOf: (id: number) => classes.get(id) ?? 0, // parseCoco() knows them all
  };
}

async function findImage(
  folder: string,
  fileName: string,
  part: SplitName,
  annotations: string,
): Promise<ImageFile | DataSetProblem> {
  const set = /instances_(.+)\.json$/.exec(annotations)?.[1] ?? part;
  for (const place of [`images/${set}`, "images", set, ""]) {
    const path = join(folder, place, fileName);
    const found = await lookInside(folder, path);
    if (found.kind === "file") {
      const name = nameInside(folder, path);
      return { path, realPath: found.realPath, name };
    }
    if (found.kind !== "outside") continue;
    return {
      kind: "outside the data set",
      file: annotations,
      message:
        `${fileName} leads to ${found.realPath}, outside the folder of the data set`,
      consequence: "image left out",
    };
  }
  return {
    kind: "missing image",
    file: annotations,
    message: `${fileName} is not there`,
    consequence: "image left out",
  };
}

function readLabels(
  file: string,
  annotations: readonly CocoAnnotation[],
  { size, stated, classOf }: {
    size: Size;
    stated: Size;
    classOf: (id: number) => number;
  },
): LabelReading {
  const problems: DataSetProblem[] = [];
  if (size.width !== stated.width || size.height !== stated.height) {
    problems.push({
      ...{ kind: "wrong size", file },
      message:
        `the image has ${size.width}x${size.height} pixels, its annotations are made for ${stated.width}x${stated.height}`,
      consequence: "image left out",
    });
    return { file, labels: [], problems, isTruth: false };
  }
  let isTruth = true;
  const labels = annotations.flatMap((annotation, i): LabelLine[] => {
    const { bbox: [x, y, width, height], iscrowd, id } = annotation;
    const name = `annotation ${id}`;
    const box = clipBox({ x0: x, y0: y, x1: x + width, y1: y + height }, size);
    if (iscrowd || !(box.x1 > box.x0 && box.y1 > box.y0)) {
      problems.push({
        ...{ kind: iscrowd ? "crowd" : "empty box", file },
        message: `${name} is ${iscrowd ? "a crowd" : "an empty box"}`,
        consequence: "row left out",
      });
      return [];
    }
    try {
      const ring = ringOf(annotation, size);
      const classNumber = classOf(annotation.category_id);
      const label = { classNumber, box, ...(ring ? { ring } : {}) };
      return [{ line: i + 1, label }];
    } catch (error) {
      isTruth = false;
      problems.push({
        ...{ kind: "unreadable mask", file },
        message: `${name}: ${messageOf(error)}`,
        consequence: "image left out",
      });
      return [];
    }
  });
  return { ...{ file, labels, problems }, isTruth };
}

function ringOf(
  { segmentation }: CocoAnnotation,
  size: Size,
): Ring | undefined {
  if (!segmentation) return undefined;
  if ("counts" in segmentation) {
    const { size: [height, width], counts } = segmentation;
    if (width !== size.width || height !== size.height) {
      throw new RangeError(`its mask has ${width}x${height} pixels`);
    }
    const rle = {
      size: [height, width],
      counts: typeof counts === "string" ? decodeCounts(counts) : counts,
    } as const;
    return bitmapToYoloRings(rleToBitmap(rle), { parts: "bridge" })[0];
  }
  const rings = segmentation.map((flat) =>
    Array.from({ length: flat.length / 2 }, (_, i) => ({
      x: flat[2 * i],
      y: flat[2 * i + 1],
    }))
  );
  return rings.length === 0 ? undefined : bridgeRings(rings);
}
