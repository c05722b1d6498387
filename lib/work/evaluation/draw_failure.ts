// The picture of an image on which a detector failed: what is labelled as white
// dashes, what was detected in the colour of its class, with words.

import type { Rgb, RgbImage } from "../../base/image.ts";
import type { Box } from "../../base/tensor.ts";
import { drawFindings } from "../../masks/draw_findings.ts";
import { objectColour } from "../../masks/overlay.ts";
import { resizeImage } from "../../media/image.ts";
import type { Detection, Label } from "../../yolo/detection.ts";

/** What is drawn. */
export type FailurePicture = {
  readonly labels: readonly Label[];
  /** Those that are sure enough to count. */
  readonly detections: readonly Detection[];
  /** By class number. */
  readonly classNames: readonly string[];
};

const widthPx = 640;

/**
 * Draws labels and detections over an image that is made as wide as all others,
 * so that lines and words have one size in all pictures.
 */
export async function drawFailure(
  image: RgbImage,
  { labels, detections, classNames }: FailurePicture,
): Promise<RgbImage> {
  const size = {
    width: widthPx,
    height: Math.max(1, Math.round(image.height * widthPx / image.width)),
  };
  const scaled = await resizeImage(image, size); // a copy, drawn over from here on
  const scale = { x: size.width / image.width, y: size.height / image.height };
  const findings = detections.map(({ box, classNumber, confidence }) => ({
    box: scaleBox(box, scale),
    colour: objectColour(classNumber + 1),
    words: `${classNames[classNumber]} ${confidence.toFixed(2)}`,
  }));
  for (const { box } of labels) dashBox(scaled, scaleBox(box, scale));
  return drawFindings(scaled, findings); // words stay readable
}

function scaleBox({ x0, y0, x1, y1 }: Box, s: { x: number; y: number }): Box {
  return { x0: x0 * s.x, y0: y0 * s.y, x1: x1 * s.x, y1: y1 * s.y };
}

const dashPx = 7;
const linePx = 2;
const white: Rgb = [255, 255, 255];
const dark: Rgb = [20, 20, 20];

/** White dashes with dark ones between them: seen on any ground. */
function dashBox(canvas: RgbImage, { x0, y0, x1, y1 }: Box) {
  const left = Math.round(x0), right = Math.max(left + 1, Math.round(x1));
  const top = Math.round(y0), bottom = Math.max(top + 1, Math.round(y1));
  const dot = (x: number, y: number, along: number) =>
    setPixel(canvas, x, y, Math.floor(along / dashPx) % 2 === 0 ? white : dark);
  for (let depth = 0; depth < linePx; depth++) {
    for (let x = left; x < right; x++) {
      dot(x, top + depth, x - left);
      dot(x, bottom - 1 - depth, x - left);
    }
    for (let y = top; y < bottom; y++) {
      dot(left + depth, y, y - top);
      dot(right - 1 - depth, y, y - top);
    }
  }
}

function setPixel(
  { width, height, data }: RgbImage,
  x: number,
  y: number,
  colour: Rgb,
) {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  data.set(colour, (y * width + x) * 3);
}
