// What an export of MedAnnotate tells about its images beyond their labels: the
// certificate, and the patient, sequence and frame of each.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { parseCsv } from "../../formats/csv.ts";
import {
  type Certificate,
  certificateFile,
  parseCertificate,
} from "../export/certificate.ts";
import type { DataSetImage, Report } from "./data_set.ts";

/** Where an image is from. */
export type Origin = Pick<DataSetImage, "group" | "sequence" | "frame" | "fps">;

/** Reads frames.csv and the certificate, where they are. */
export async function readOrigin(
  folder: string,
  report: Report,
): Promise<{
  originOf: (name: string) => Origin;
  certificate?: Certificate;
}> {
  const certificate = await readCertificate(folder, report);
  if (!certificate) return { originOf: () => ({}) };
  const origins = await readFrames(folder, report);
  return { originOf: (name) => origins.get(name) ?? {}, certificate };
}

async function readCertificate(
  folder: string,
  report: Report,
): Promise<Certificate | undefined> {
  const text = await readText(join(folder, certificateFile));
  if (text === undefined) return undefined;
  try {
    return parseCertificate(text);
  } catch (error) {
    report({
      kind: "unreadable certificate",
      file: certificateFile,
      message: messageOf(error),
      consequence: "nothing left out",
    });
  }
}

async function readFrames(
  folder: string,
  report: Report,
): Promise<ReadonlyMap<string, Origin>> {
  const file = "frames.csv";
  const text = await readText(join(folder, file));
  try {
    const [head, ...rows] = parseCsv(text ?? "");
    const column = (name: string) => head?.cells.indexOf(name) ?? -1;
    const [path, patient, sequence, frame, fps] = [
      "file",
      "patient",
      "sequence",
      "frame",
      "fps", // exports of before have none
    ].map(column);
    return new Map(rows.map(({ cells }) => [cells[path], {
      ...(cells[patient] ? { group: cells[patient] } : {}),
      ...(cells[sequence] ? { sequence: cells[sequence] } : {}),
      ...(/^\d+$/.test(cells[frame]) ? { frame: Number(cells[frame]) } : {}),
      ...(Number(cells[fps]) > 0 ? { fps: Number(cells[fps]) } : {}),
    }]));
  } catch (error) {
    report({
      kind: "unreadable list of frames",
      file,
      message: messageOf(error),
      consequence: "nothing left out",
    });
    return new Map();
  }
}

/** The text of a file; undefined where there is none. */
async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
