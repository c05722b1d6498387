// Whose an image is, for intervals and for seen and unseen patients.
//
// As in a split, images whose patient nobody told count as one patient: too few
// groups make an interval wide, too many make it narrow and wrong.

import type { DataSetImage } from "../data_set/data_set.ts";

/** Stands for all images without a patient. */
export const nobody = "(no patient)";

/** The patient of an image. */
export function patientOfImage({ group }: DataSetImage): string {
  return group ?? nobody;
}

/** The patients of images; empty where the data set tells none. */
export function listPatientsOf(images: readonly DataSetImage[]): string[] {
  const patients = new Set(images.map(patientOfImage));
  return patients.size === 1 && patients.has(nobody)
    ? []
    : [...patients].sort();
}
