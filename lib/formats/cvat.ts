// CVAT XML 1.1: annotations of images, and of videos as tracks.
//
// In a video, a track holds the object on each frame; `outside="1"` on the next
// frame ends it, `keyframe="0"` marks what CVAT interpolated. Frames count from
// 0, for images in the lexical order of their names. A mask is a list of counts
// within its box, row by row, background first. Written from
// https://docs.cvat.ai/docs/manual/advanced/xml_format/; polylines, points,
// cuboids, skeletons and attributes are passed over, and counted.

import type { Box, Point, Size } from "../base/tensor.ts";
import {
  parseXml,
  xmlChild,
  type XmlElement,
  xmlElement,
  xmlHeader,
  xmlText,
} from "./xml.ts";

/** Where an object is on a frame, in pixels. */
export type CvatShape =
  | {
    readonly kind: "mask";
    /** Background first, row by row within the box. */
    readonly counts: readonly number[];
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  }
  | { readonly kind: "polygon"; readonly points: readonly Point[] }
  | { readonly kind: "box"; readonly box: Box };

/** An object of a video. */
export type CvatTrack = {
  readonly id: number;
  readonly label: string;
  /** Tracks of one group belong together. */
  readonly group?: number;
  readonly shapes: readonly {
    readonly frame: number;
    readonly outside: boolean;
    readonly keyframe: boolean;
    readonly shape: CvatShape;
  }[];
};

/** An image of a task. */
export type CvatImage = {
  readonly id: number;
  readonly name: string;
  readonly size: Size;
  readonly shapes: readonly {
    readonly label: string;
    readonly group?: number;
    readonly shape: CvatShape;
  }[];
};

/** What one annotations.xml says. */
export type CvatFile = {
  readonly name: string;
  readonly labels: readonly {
    readonly name: string;
    readonly color?: string;
  }[];
  /** Frames of the task, where it says. */
  readonly frameCount?: number;
  /** Of the frames of a video. */
  readonly size?: Size;
  readonly tracks: readonly CvatTrack[];
  readonly images: readonly CvatImage[];
  /** Shapes of kinds that are not read. */
  readonly passedOver: number;
};

/** Writes the annotations of a video. */
export function cvatVideoXml(
  { name, labels, frameCount, size, tracks }:
    & Omit<CvatFile, "images" | "passedOver">
    & { readonly size: Size; readonly frameCount: number },
): string {
  return xmlHeader + xmlElement("annotations", {}, [
    xmlElement("version", {}, "1.1"),
    xmlElement("meta", {}, [
      xmlElement("task", {}, [
        xmlElement("name", {}, name),
        xmlElement("size", {}, String(frameCount)),
        xmlElement("mode", {}, "interpolation"),
        xmlElement("overlap", {}, "0"),
        xmlElement("flipped", {}, "False"),
        xmlElement(
          "labels",
          {},
          labels.map(({ name, color }) =>
            xmlElement("label", {}, [
              xmlElement("name", {}, name),
              ...(color ? [xmlElement("color", {}, color)] : []),
              xmlElement("attributes", {}),
            ])
          ),
        ),
        xmlElement("original_size", {}, [
          xmlElement("width", {}, String(size.width)),
          xmlElement("height", {}, String(size.height)),
        ]),
      ]),
    ]),
    ...tracks.map(({ id, label, group, shapes }) =>
      xmlElement(
        "track",
        {
          id,
          label,
          source: "manual",
          ...(group === undefined ? {} : { group_id: group }),
        },
        shapes.map(({ frame, outside, keyframe, shape }) =>
          shapeElement(shape, {
            frame,
            keyframe: keyframe ? 1 : 0,
            outside: outside ? 1 : 0,
          })
        ),
      )
    ),
  ]);
}

function shapeElement(
  shape: CvatShape,
  place: Readonly<Record<string, number>>,
): string {
  const common = { ...place, occluded: 0, z_order: 0 };
  if (shape.kind === "box") {
    const { x0, y0, x1, y1 } = shape.box;
    const box = { xtl: x0, ytl: y0, xbr: x1, ybr: y1 };
    return xmlElement("box", { ...common, ...box });
  }
  if (shape.kind === "polygon") {
    const points = shape.points.map(({ x, y }) => `${x},${y}`).join(";");
    return xmlElement("polygon", { ...common, points });
  }
  const { counts, left, top, width, height } = shape;
  const rle = counts.join(", ");
  return xmlElement("mask", { ...common, rle, left, top, width, height });
}

/**
 * Reads an annotations.xml, of a video or of images.
 *
 * @example A box on an image
 * ```ts
 * import { parseCvatXml } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { images } = parseCvatXml(`<annotations>
 *   <image id="0" name="a.jpg" width="20" height="10">
 *     <box label="polyp" xtl="1" ytl="2" xbr="3.5" ybr="4" occluded="0"/>
 *   </image>
 * </annotations>`);
 * deepEqual(images[0].shapes[0], {
 *   label: "polyp",
 *   shape: { kind: "box", box: { x0: 1, y0: 2, x1: 3.5, y1: 4 } },
 * });
 * ```
 */
export function parseCvatXml(text: string): CvatFile {
  const root = parseXml(text);
  if (root.name !== "annotations") {
    throw new SyntaxError(
      `Cannot read CVAT annotations: the root is <${root.name}>, expected <annotations>`,
    );
  }
  const meta = xmlChild(root, "meta");
  // A backup of a project or a single job names them elsewhere in meta.
  const task = meta && (["task", "job", "project"]
    .map((name) => xmlChild(meta, name)).find((found) => found));
  const counter = { passedOver: 0 };
  const named = (name: string) =>
    root.children.filter((child) => child.name === name);
  const original = task && xmlChild(task, "original_size");
  const frameCount = task && Number(xmlText(task, "size"));
  return {
    name: (task && xmlText(task, "name")) ?? "",
    labels: listLabels(task),
    ...(frameCount && frameCount > 0 ? { frameCount } : {}),
    ...(original
      ? {
        size: {
          width: wholeOf(original, "width", xmlText(original, "width")),
          height: wholeOf(original, "height", xmlText(original, "height")),
        },
      }
      : {}),
    tracks: named("track").map((track) => parseTrack(track, counter)),
    images: named("image").map((image) => parseImage(image, counter)),
    ...counter,
  };
}

type Counter = { passedOver: number };

function listLabels(task: XmlElement | undefined): CvatFile["labels"] {
  const labels = task && xmlChild(task, "labels");
  return (labels?.children ?? []).flatMap((label) => {
    const name = xmlText(label, "name");
    const color = xmlText(label, "color");
    return name ? [{ name, ...(color ? { color } : {}) }] : [];
  });
}

function parseTrack(track: XmlElement, counter: Counter): CvatTrack {
  const label = required(track, "label");
  return {
    id: wholeOf(track, "id", track.attributes.get("id")),
    label,
    ...groupOf(track),
    shapes: track.children.flatMap((element) => {
      const shape = parseShape(element, counter);
      if (!shape) return [];
      return [{
        frame: wholeOf(element, "frame", element.attributes.get("frame")),
        outside: element.attributes.get("outside") === "1",
        keyframe: element.attributes.get("keyframe") !== "0",
        shape,
      }];
    }),
  };
}

function parseImage(image: XmlElement, counter: Counter): CvatImage {
  const whole = (name: string) =>
    wholeOf(image, name, image.attributes.get(name));
  return {
    id: whole("id"),
    name: required(image, "name"),
    size: { width: whole("width"), height: whole("height") },
    shapes: image.children.flatMap((element) => {
      const shape = parseShape(element, counter);
      if (!shape) return [];
      const label = required(element, "label");
      return [{ label, ...groupOf(element), shape }];
    }),
  };
}

function groupOf({ attributes }: XmlElement): { group?: number } {
  const group = Number(attributes.get("group_id") ?? 0);
  return Number.isInteger(group) && group > 0 ? { group } : {};
}

function parseShape(
  element: XmlElement,
  counter: Counter,
): CvatShape | undefined {
  if (element.name === "mask") return parseMask(element);
  if (element.name === "polygon") {
    return { kind: "polygon", points: parsePoints(element) };
  }
  const rotation = Number(element.attributes.get("rotation") ?? 0);
  if (element.name === "box" && rotation === 0) {
    const [x0, y0, x1, y1] = ["xtl", "ytl", "xbr", "ybr"]
      .map((name) => numberOf(element, name));
    return { kind: "box", box: { x0, y0, x1, y1 } };
  }
  if (element.name !== "attribute") counter.passedOver++;
  return undefined;
}

function parseMask(element: XmlElement): CvatShape {
  const whole = (name: string) =>
    wholeOf(element, name, element.attributes.get(name));
  const counts = required(element, "rle").split(",").map(Number);
  const [width, height] = [whole("width"), whole("height")];
  const isWhole = counts.every((count) =>
    Number.isInteger(count) && count >= 0
  );
  const sum = counts.reduce((a, b) => a + b, 0);
  // CVAT leaves the background at the end away.
  if (!isWhole || sum > width * height) {
    throw new SyntaxError(
      `Cannot read CVAT annotations: a mask of ${width}x${height} has ${
        isWhole ? `${sum} pixels` : "counts that are no whole numbers"
      }`,
    );
  }
  return {
    ...{ kind: "mask", counts, width, height },
    left: whole("left"),
    top: whole("top"),
  };
}

function parsePoints(element: XmlElement): Point[] {
  const points = required(element, "points").split(";").map((pair) => {
    const [x, y, ...rest] = pair.split(",").map(Number);
    if (Number.isFinite(x) && Number.isFinite(y) && rest.length === 0) {
      return { x, y };
    }
    throw new SyntaxError(
      `Cannot read CVAT annotations: a point is ${
        pair.slice(0, 40)
      }, expected x,y`,
    );
  });
  if (points.length >= 3) return points;
  throw new SyntaxError(
    `Cannot read CVAT annotations: a polygon has ${points.length} points`,
  );
}

function required({ name, attributes }: XmlElement, attribute: string): string {
  const value = attributes.get(attribute);
  if (value !== undefined && value !== "") return value;
  throw new SyntaxError(
    `Cannot read CVAT annotations: a ${name} has no ${attribute}`,
  );
}

function numberOf(element: XmlElement, attribute: string): number {
  const value = Number(required(element, attribute));
  if (Number.isFinite(value)) return value;
  throw new SyntaxError(
    `Cannot read CVAT annotations: ${attribute} of a ${element.name} is no number`,
  );
}

function wholeOf(
  { name }: XmlElement,
  attribute: string,
  text: string | undefined,
): number {
  // Sides of masks are written with decimals by some versions.
  const value = Number(text);
  if (text !== undefined && Number.isInteger(value) && value >= 0) return value;
  throw new SyntaxError(
    `Cannot read CVAT annotations: ${attribute} of a ${name} is ${
      text ?? "missing"
    }, expected a whole number`,
  );
}
