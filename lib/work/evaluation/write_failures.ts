// The gallery of an evaluation: failures.json and a picture of each of the worst
// images in failures/.

import { join } from "node:path";
import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import type { Size } from "../../base/tensor.ts";
import { encodeJpeg, readImage } from "../../media/image.ts";
import type { Detection, Label } from "../../yolo/detection.ts";
import { writeFileWhole } from "../write_file.ts";
import { drawFailure } from "./draw_failure.ts";
import { failureCaption } from "./failure_words.ts";
import type {
  FailedImage,
  Failure,
  FailureCounts,
  FailureLimits,
} from "./find_failures.ts";

/** An image of the gallery. */
export type GalleryImage = {
  readonly path: string;
  readonly name: string;
  readonly size: Size;
  readonly labels: readonly Label[];
  readonly detections: readonly Detection[];
};

/** What failures.json holds. */
export type FailureGallery = {
  readonly kind: "medannotate-failures";
  readonly limits: FailureLimits;
  readonly counts: FailureCounts;
  /** Images with failures, in all. */
  readonly failedImages: number;
  readonly images: number;
  /** The worst, in this order. */
  readonly shown: readonly {
    /** Relative to the folder of failures.json. */
    readonly picture: string;
    readonly size: Size;
    readonly image: string;
    readonly caption: string;
    readonly badness: number;
    readonly failures: readonly Failure[];
  }[];
};

/** Names in the folder of an evaluation. */
export const failureFiles = { list: "failures.json", folder: "failures" };

/** Writes the gallery, pictures before the list; an earlier one is replaced. */
export async function writeFailures(
  out: string,
  chosen: readonly FailedImage[],
  { imageAt, classNames, onProgress, signal, ...about }:
    & Omit<FailureGallery, "kind" | "shown">
    & {
      imageAt(image: number): GalleryImage;
      readonly classNames: readonly string[];
      readonly onProgress?: OnProgress;
      readonly signal?: AbortSignal;
    },
): Promise<FailureGallery> {
  const { leastConfidence } = about.limits;
  const folder = join(out, failureFiles.folder);
  await Deno.remove(folder, { recursive: true })
    .catch(() => undefined); // there may be none
  const report = startProgress("failures", chosen.length, { onProgress });
  const shown: FailureGallery["shown"][number][] = [];
  for (const [i, { image, failures, badness }] of chosen.entries()) {
    throwIfCancelled(signal, "drawing failures");
    const own = imageAt(image);
    const drawn = await drawFailure(await readImage(own.path), {
      ...own,
      detections: own.detections
        .filter(({ confidence }) => confidence >= leastConfidence),
      classNames,
    });
    const picture = `${failureFiles.folder}/${pictureName(i, own.name)}`;
    const jpeg = await encodeJpeg(drawn, { quality: 82 });
    await writeFileWhole(join(out, picture), jpeg);
    shown.push({
      picture,
      size: { width: drawn.width, height: drawn.height },
      image: own.name,
      caption: failureCaption(own, failures, classNames),
      badness,
      failures,
    });
    report(i + 1);
  }
  const gallery: FailureGallery = {
    kind: "medannotate-failures",
    ...about,
    shown,
  };
  await writeFileWhole(
    join(out, failureFiles.list),
    JSON.stringify(gallery, null, 1) + "\n",
  );
  return gallery;
}

/** `01_clip-1_00003.jpg`; names are only letters, digits, dots and lines. */
function pictureName(i: number, image: string): string {
  const stem = image.replace(/^.*\//, "").replace(/\.[^.]*$/, "")
    .replace(/[^\w.-]/g, "_").slice(0, 80);
  return `${String(i + 1).padStart(2, "0")}_${stem}.jpg`;
}
