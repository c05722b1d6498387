// Which object every label of an export is: labels.csv lists them in the order
// of the labels of each image.
//
// Where a label was left out or the classes do not follow each other as listed,
// nobody can tell, and the labels of that image follow nothing.

import { join } from "node:path";
import { parseCsv } from "../../formats/csv.ts";
import type { DataSet, DataSetImage } from "../data_set/data_set.ts";

/** Tells the object of each label of an image; undefined where it is not told. */
export type ObjectsOf = (image: DataSetImage) => readonly string[] | undefined;

/** Reads labels.csv of a data set; undefined where there is none that can be read. */
export async function readFollowedObjects(
  { folder, certificate }: Pick<DataSet, "folder" | "certificate">,
): Promise<ObjectsOf | undefined> {
  if (!certificate) return undefined; // not ours: another list of that name
  const text = await Deno.readTextFile(join(folder, "labels.csv"))
    .catch(() => undefined);
  if (text === undefined) return undefined;
  const rows = rowsOf(text);
  if (!rows) return undefined;
  const byFile = Map.groupBy(rows, ({ file }) => file);
  return ({ name, labels }) => {
    const own = byFile.get(name) ?? [];
    const isSame = own.length === labels.length &&
      own.every((row, i) => row.classNumber === labels[i].classNumber);
    return isSame ? own.map(({ object }) => object) : undefined;
  };
}

function rowsOf(text: string) {
  try {
    const [head, ...rows] = parseCsv(text);
    const [file, object, classNumber] = ["file", "object", "class"]
      .map((name) => head.cells.indexOf(name));
    return rows.map(({ cells }) => ({
      file: cells[file],
      object: cells[object],
      classNumber: Number(cells[classNumber]),
    }));
  } catch {
    return undefined; // the data set is good without it
  }
}
