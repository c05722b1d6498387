// Pascal VOC annotations: one XML file per image, a box for every object.
//
// Coordinates are pixels counted from 1, both ends included; here boxes are
// half-open from 0 as everywhere: xmin = x0 + 1, xmax = x1. Masks are palette
// PNGs beside the XML (SegmentationObject), whose pixel k is the k-th object of
// the XML; 255 marks the unsure edge. Poses and parts of bodies are not read.

import { z } from "zod";
import type { Box, Size } from "../base/tensor.ts";
import {
  parseXml,
  xmlChild,
  type XmlElement,
  xmlElement,
  xmlHeader,
  xmlText,
} from "./xml.ts";

/** The pixel of SegmentationClass and SegmentationObject that says "unsure". */
export const vocVoid = 255;

/** An object on an image. */
export type VocObject = {
  readonly name: string;
  /** In pixels, half-open, from 0. */
  readonly box: Box;
  readonly difficult?: boolean;
};

/** What one XML file says. */
export type VocAnnotation = {
  readonly folder: string;
  readonly fileName: string;
  readonly size: Size;
  /** Whether there are masks beside it. */
  readonly segmented: boolean;
  readonly objects: readonly VocObject[];
};

/**
 * Writes the annotation of an image.
 *
 * @example Counting from 1, both ends included
 * ```ts
 * import { parseVocXml, vocXml } from "medannotate";
 * import { deepEqual, ok } from "node:assert/strict";
 *
 * const annotation = {
 *   folder: "JPEGImages",
 *   fileName: "a.jpg",
 *   size: { width: 20, height: 10 },
 *   segmented: false,
 *   objects: [{ name: "polyp", box: { x0: 0, y0: 2, x1: 20, y1: 5 } }],
 * };
 * const text = vocXml(annotation);
 * ok(text.includes("<xmin>1</xmin>") && text.includes("<xmax>20</xmax>"));
 * deepEqual(parseVocXml(text), annotation);
 * ```
 */
export function vocXml(
  { folder, fileName, size, segmented, objects }: VocAnnotation,
): string {
  return xmlHeader + xmlElement("annotation", {}, [
    xmlElement("folder", {}, folder),
    xmlElement("filename", {}, fileName),
    xmlElement("source", {}, [xmlElement("database", {}, "MedAnnotate")]),
    xmlElement("size", {}, [
      xmlElement("width", {}, String(size.width)),
      xmlElement("height", {}, String(size.height)),
      xmlElement("depth", {}, "3"),
    ]),
    xmlElement("segmented", {}, segmented ? "1" : "0"),
    ...objects.map(({ name, box, difficult = false }) =>
      xmlElement("object", {}, [
        xmlElement("name", {}, name),
        xmlElement("pose", {}, "Unspecified"),
        xmlElement("truncated", {}, touchesEdge(box, size) ? "1" : "0"),
        xmlElement("difficult", {}, difficult ? "1" : "0"),
        xmlElement("bndbox", {}, [
          xmlElement("xmin", {}, String(box.x0 + 1)),
          xmlElement("ymin", {}, String(box.y0 + 1)),
          xmlElement("xmax", {}, String(box.x1)),
          xmlElement("ymax", {}, String(box.y1)),
        ]),
      ])
    ),
  ]);
}

const Pixels = z.coerce.number<string>().finite();
const Side = z.coerce.number<string>().int().positive();
const SizeShape = z.object({ width: Side, height: Side });
const BoxShape = z.object({
  xmin: Pixels,
  ymin: Pixels,
  xmax: Pixels,
  ymax: Pixels,
});

/** Reads the annotation of an image; throws an error that names what is missing. */
export function parseVocXml(text: string): VocAnnotation {
  const root = parseXml(text);
  if (root.name !== "annotation") {
    throw new SyntaxError(
      `Cannot read VOC annotation: its root is <${root.name}>, expected <annotation>`,
    );
  }
  return {
    folder: xmlText(root, "folder") ?? "",
    fileName: xmlText(root, "filename") ?? "",
    size: numbersOf(root, "size", SizeShape),
    segmented: xmlText(root, "segmented") === "1",
    objects: root.children.filter(({ name }) => name === "object")
      .map(parseObject),
  };
}

function parseObject(element: XmlElement, i: number): VocObject {
  const name = xmlText(element, "name");
  if (!name) {
    throw new SyntaxError(
      `Cannot read VOC annotation: object ${i + 1} has no name`,
    );
  }
  const { xmin, ymin, xmax, ymax } = numbersOf(element, "bndbox", BoxShape);
  const box = { x0: xmin - 1, y0: ymin - 1, x1: xmax, y1: ymax };
  if (!(box.x1 > box.x0 && box.y1 > box.y0)) {
    throw new SyntaxError(
      `Cannot read VOC annotation: object ${
        i + 1
      } goes from ${xmin},${ymin} to ${xmax},${ymax}`,
    );
  }
  const difficult = xmlText(element, "difficult") === "1";
  return { name, box, ...(difficult ? { difficult } : {}) };
}

function numbersOf<Numbers>(
  element: XmlElement,
  name: string,
  shape: z.ZodType<Numbers>,
): Numbers {
  const found = xmlChild(element, name);
  const texts = Object.fromEntries(
    found?.children.map((child) => [child.name, child.text]) ?? [],
  );
  const parsed = shape.safeParse(texts);
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `Cannot read VOC annotation: ${name}: ${z.prettifyError(parsed.error)}`,
  );
}

function touchesEdge({ x0, y0, x1, y1 }: Box, { width, height }: Size) {
  return x0 <= 0 || y0 <= 0 || x1 >= width || y1 >= height;
}
