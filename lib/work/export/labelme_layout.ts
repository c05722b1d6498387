// labelme: <part>/<stem>.jpg and <stem>.json beside it; labels.txt for labelme's
// `--labels`.
//
// Every part of an object is a polygon, all of one group, which is the number of
// the object; holes are joined by bridges. Lines are as coarse as the agreement
// with the mask allows.

import type { Point } from "../../base/tensor.ts";
import { labelmeJson } from "../../formats/labelme.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import type { RowAgreement } from "./certificate.ts";
import type {
  ExportTag,
  Layout,
  LayoutFile,
  PlannedFrame,
} from "./data_set.ts";
import { fitRings } from "./fit_rings.ts";
import { classNames } from "./yolo_layout.ts";

/** Arranges files of labelme; `onRows` takes how well the polygons agree. */
export function labelmeLayout(
  { tags, wantedIou, maxPoints, onRows }: {
    tags: readonly ExportTag[];
    wantedIou: number;
    maxPoints?: number;
    onRows: (frame: PlannedFrame, rows: readonly RowAgreement[]) => void;
  },
): Layout {
  const names = classNames(tags);
  return {
    imagePath: ({ split, stem }) => `${split}/${stem}.jpg`,
    labelFiles: (frame): LayoutFile[] => {
      const { split, stem, sequence, frame: { index } } = frame;
      const fitted = frame.masks.map(({ rle, object, tag }) => ({
        ...{ object, tag },
        ...fitRings(rleToBitmap(rle), {
          ...{ wantedIou, maxPoints, parts: "split", written },
        }),
      }));
      onRows(
        frame,
        fitted.map(({ object, tag, iou, points }) => ({
          ...{ object, iou, points, tag: tag.code },
          ...{ sequence: sequence.id, frame: index },
        })),
      );
      const content = labelmeJson({
        imagePath: `${stem}.jpg`,
        size: sequence.size,
        shapes: fitted.flatMap(({ object, tag, rings }) =>
          rings.map((points) => ({
            label: names[tag.classNumber],
            group: object,
            kind: "polygon" as const,
            points,
          }))
        ),
      });
      return [{ path: `${split}/${stem}.json`, content }];
    },
    endFiles: () => [{
      path: "labels.txt",
      content: ["__ignore__", "_background_", ...Object.values(names), ""]
        .join("\n"),
    }],
  };
}

/** Points with two decimals. */
function written(ring: readonly Point[]): Point[] {
  const round = (value: number) => Math.round(value * 100) / 100;
  return ring.map(({ x, y }) => ({ x: round(x), y: round(y) }));
}
