// A YOLO data set: data.yaml says where the images are, each has a label file.

import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { type DataYaml, parseDataYaml } from "../../formats/data_yaml.ts";
import { splitNames } from "../export/data_set.ts";
import { findStrayLabels, leaveOutSharedLabels } from "./check_names.ts";
import type { Report } from "./data_set.ts";
import type { DataSetSource } from "./data_set_source.ts";
import { findImages } from "./find_images.ts";
import { labelNameOf, readLabelFile } from "./read_label_file.ts";

/** Opens a data set by its folder or its data.yaml; throws when that cannot be read. */
export async function openYolo(
  path: string,
  report: Report,
): Promise<DataSetSource> {
  const yamlPath = await findYaml(path);
  const yaml = await readYaml(yamlPath);
  const names = listNames(yamlPath, yaml);
  const folder = await findRoot(yamlPath, yaml, report);
  const found = await findImages(folder, yaml, report);
  for (const part of splitNames) {
    const { images, folders } = found[part];
    await findStrayLabels(folder, images, folders, report);
  }
  return {
    folder,
    names,
    parts: {
      train: leaveOutSharedLabels(found.train.images, report),
      val: leaveOutSharedLabels(found.val.images, report),
      test: leaveOutSharedLabels(found.test.images, report),
    },
    readLabels: ({ name }, size) =>
      readLabelFile(folder, join(folder, labelNameOf(name)), {
        size,
        classCount: names.length,
      }),
  };
}

async function findYaml(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new RangeError(`Cannot read data set ${path}: there is no such path`);
  }
  if (!found.isDirectory()) return resolve(path);
  const yamls = (await readdir(path)).filter((name) => /\.ya?ml$/i.test(name));
  const name = yamls.includes("data.yaml") ? "data.yaml" : yamls[0];
  if (name !== undefined && (yamls.length === 1 || name === "data.yaml")) {
    return resolve(path, name);
  }
  throw new RangeError(
    `Cannot read data set ${path}: ${
      yamls.length === 0
        ? "it holds no data.yaml"
        : `it holds ${yamls.toSorted().join(", ")}, name one of them`
    }`,
  );
}

async function readYaml(path: string): Promise<DataYaml> {
  try {
    return parseDataYaml(await readFile(path, "utf8"));
  } catch (cause) {
    const message = `Cannot read data set ${path}: ${messageOf(cause)}`;
    throw new SyntaxError(message, { cause });
  }
}

/** Names by class number; models have an output for every number from 0. */
function listNames(path: string, { names }: DataYaml): string[] {
  const numbers = Object.keys(names).map(Number);
  const missing = numbers.findIndex((_, i) => names[i] === undefined);
  if (numbers.length > 0 && missing < 0) return numbers.map((i) => names[i]);
  throw new SyntaxError(
    `Cannot read data set ${path}: ${numbers.length} names, ${
      numbers.length === 0
        ? "expected at least one"
        : `none has number ${missing}`
    }`,
  );
}

/** The folder that places are relative to; beside data.yaml when `path` is gone. */
async function findRoot(
  yamlPath: string,
  yaml: DataYaml,
  report: Report,
): Promise<string> {
  const beside = await realpath(dirname(yamlPath));
  if (yaml.path === undefined) return beside;
  const named = resolve(beside, yaml.path);
  const found = await stat(named).catch(() => undefined);
  if (found?.isDirectory()) return await realpath(named);
  report({
    kind: "missing folder",
    file: basename(yamlPath),
    message:
      `path is ${yaml.path}, which is no folder: the folder of data.yaml was taken`,
    consequence: "nothing left out",
  });
  return beside;
}
