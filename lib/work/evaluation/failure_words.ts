// Failures in words, for captions.

import type { Detection, Label } from "../../yolo/detection.ts";
import type { Failure } from "./find_failures.ts";

/** What a caption needs to know of an image. */
export type NamedImage = {
  readonly name: string;
  readonly labels: readonly Label[];
  readonly detections: readonly Detection[];
};

/** `images/a.png: missed polyp (seen at 0.12); false positive polyp 0.83`. */
export function failureCaption(
  { name, labels, detections }: NamedImage,
  failures: readonly Failure[],
  classNames: readonly string[],
): string {
  const labelled = (l: number) => classNames[labels[l].classNumber];
  const detected = (d: number) => classNames[detections[d].classNumber];
  const words = failures.map((failure): string => {
    switch (failure.kind) {
      case "missed":
        return `missed ${labelled(failure.label)}${whyMissed(failure)}`;
      case "false positive": {
        const what = failure.isDouble ? "second box" : "false positive";
        return `${what}: ${detected(failure.detection)} ${
          failure.confidence.toFixed(2)
        }`;
      }
      case "wrong class":
        return `${labelled(failure.label)} called ${
          detected(failure.detection)
        } ${failure.confidence.toFixed(2)}`;
      case "poorly placed":
        return `${labelled(failure.label)} poorly placed, IoU ${
          failure.iou.toFixed(2)
        }`;
    }
  });
  const shown = words.slice(0, most);
  const more = words.length - shown.length;
  return `${name}: ${shown.join("; ")}${more > 0 ? `; ${more} more` : ""}`;
}

const most = 5; // what fits below a picture

function whyMissed(
  { confidence, iou }: Extract<Failure, { kind: "missed" }>,
): string {
  if (confidence >= 0.01) return ` (found at ${confidence.toFixed(2)} only)`;
  return iou >= 0.1 ? ` (best overlap ${iou.toFixed(2)})` : "";
}
