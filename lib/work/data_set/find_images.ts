// Where the images of a YOLO data set lie: what train, val and test of
// data.yaml lead to. A place is a folder, searched to its bottom, or a text file
// with one image per line; several places are a list.
//
// Nothing outside the folder of the data set is read, whatever a list or a
// symbolic link says: such places and files are named.

import { readdir, readFile, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { DataYaml } from "../../formats/data_yaml.ts";
import { isImage } from "../../media/image_folder.ts";
import { type SplitName, splitNames } from "../export/data_set.ts";
import type { Report } from "./data_set.ts";
import { lookInside, nameInside } from "./inside_folder.ts";

/** An image file of a part, not opened yet. */
export type ImageFile = {
  readonly path: string;
  readonly realPath: string;
  /** Relative to the folder of the data set. */
  readonly name: string;
};

/** The files of one part. */
export type PartFiles = {
  readonly images: readonly ImageFile[];
  /** The folders that were searched: labels without an image are looked for beside them. */
  readonly folders: readonly string[];
};

/** Finds the image files of all parts, each part sorted by name. */
export async function findImages(
  root: string,
  yaml: DataYaml,
  report: Report,
): Promise<Record<SplitName, PartFiles>> {
  const parts: Record<SplitName, PartFiles> = {
    train: await findPart(root, [yaml.train ?? []].flat(), report),
    val: await findPart(root, [yaml.val ?? []].flat(), report),
    test: await findPart(root, [yaml.test ?? []].flat(), report),
  };
  const wanted = splitNames.filter((part) => part !== "test");
  for (const part of wanted.filter((part) => yaml[part] === undefined)) {
    report({
      kind: "part not named",
      file: "data.yaml",
      message: `${part} is not named`,
      consequence: "nothing left out",
    });
  }
  return parts;
}

async function findPart(
  root: string,
  places: readonly string[],
  report: Report,
): Promise<PartFiles> {
  const images = new Map<string, ImageFile>();
  const folders: string[] = [];
  for (const place of places) {
    const { path, found } = await lookAtPlace(root, place);
    if (found.kind === "folder") {
      folders.push(path);
      await listFolder(root, path, { images, report, seen: new Set() });
    } else if (found.kind === "file" && /\.txt$/i.test(path)) {
      await readList(root, path, images, report);
    } else {
      const message = found.kind === "outside"
        ? `leads to ${found.realPath}, outside the folder of the data set`
        : `${place} is neither a folder nor a list of images (.txt)`;
      report({
        kind: found.kind === "outside"
          ? "outside the data set"
          : "missing folder",
        file: nameInside(root, path),
        message,
        consequence: "image left out",
      });
    }
  }
  return {
    images: [...images.values()].sort((a, b) => a.name < b.name ? -1 : 1),
    folders,
  };
}

/** Roboflow writes `../train/images` for a folder beside data.yaml: the dots are dropped. */
async function lookAtPlace(root: string, place: string) {
  const path = resolve(root, place);
  const found = await lookInside(root, path);
  if (found.kind === "folder" || found.kind === "file") return { path, found };
  if (place.startsWith("../")) {
    const inner = resolve(root, place.replace(/^(\.\.\/)+/, ""));
    const there = await lookInside(root, inner);
    if (there.kind === "folder" || there.kind === "file") {
      return { path: inner, found: there };
    }
  }
  return { path, found };
}

type Listing = {
  readonly images: Map<string, ImageFile>;
  readonly report: Report;
  /** Real paths of the folders that were listed: links may go round. */
  readonly seen: Set<string>;
};

async function listFolder(root: string, folder: string, listing: Listing) {
  const real = await realpath(folder);
  if (listing.seen.has(real)) return;
  listing.seen.add(real);
  const entries = await readdir(folder, { withFileTypes: true })
    .catch((error) => {
      listing.report({
        kind: "unreadable folder",
        file: nameInside(root, folder),
        message: messageOf(error),
        consequence: "image left out",
      });
      return [];
    });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isFile()) {
      if (isImage(entry.name)) {
        addImage(root, { path, realPath: path }, listing.images);
      }
    } else if (entry.isDirectory()) await listFolder(root, path, listing);
    else if (entry.isSymbolicLink()) await followLink(root, path, listing);
    else if (isImage(entry.name)) reportOther(root, path, listing.report);
  }
}

async function followLink(root: string, path: string, listing: Listing) {
  const found = await lookInside(root, path);
  if (found.kind === "folder") await listFolder(root, path, listing);
  else if (found.kind === "outside") {
    reportOutside(root, path, found.realPath, listing.report);
  } else if (isImage(path)) {
    if (found.kind === "file") {
      addImage(root, { path, realPath: found.realPath }, listing.images);
    } else if (found.kind === "missing") {
      listing.report({
        kind: "missing image",
        file: nameInside(root, path),
        message: "the link leads nowhere",
        consequence: "image left out",
      });
    } else reportOther(root, path, listing.report);
  }
}

/** Lines are relative to the list when they begin with ./, else to the data set. */
async function readList(
  root: string,
  list: string,
  images: Map<string, ImageFile>,
  report: Report,
) {
  const file = nameInside(root, list);
  const text = (await readFile(list, "utf8")).replace(/^\uFEFF/, "");
  for (const [i, content] of text.split(/\r\n|\n|\r/).entries()) {
    const entry = content.trim();
    if (entry === "") continue;
    const path = resolve(entry.startsWith("./") ? dirname(list) : root, entry);
    const line = i + 1;
    const found = await lookInside(root, path);
    if (found.kind === "outside") {
      reportOutside(root, path, found.realPath, report, { file, line });
    } else if (found.kind !== "file" || !isImage(path)) {
      report({
        kind: found.kind === "missing" ? "missing image" : "not an image",
        ...{ file, line },
        message: `${entry} is not ${
          found.kind === "missing" ? "there" : "an image file"
        }`,
        consequence: "image left out",
      });
    } else if (images.has(path)) {
      report({
        kind: "listed twice",
        ...{ file, line },
        message: `${entry} was named before`,
        consequence: "row left out",
      });
    } else addImage(root, { path, realPath: found.realPath }, images);
  }
}

function addImage(
  root: string,
  file: Omit<ImageFile, "name">,
  images: Map<string, ImageFile>,
) {
  images.set(file.path, { ...file, name: nameInside(root, file.path) });
}

function reportOutside(
  root: string,
  path: string,
  realPath: string,
  report: Report,
  at: { file: string; line?: number } = { file: nameInside(root, path) },
) {
  report({
    kind: "outside the data set",
    ...at,
    message: `leads to ${realPath}, outside the folder of the data set`,
    consequence: "image left out",
  });
}

function reportOther(root: string, path: string, report: Report) {
  report({
    kind: "not an image",
    file: nameInside(root, path),
    message: "it is no file but a device, a pipe or a folder",
    consequence: "image left out",
  });
}
