// Label Studio: images/<part>/<stem>.jpg, tasks_<part>.json with brushes, and
// label_config.xml, the labelling interface that goes with them.
//
// Tasks name the images as Label Studio serves local files: the export is its
// document root (LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT).

import {
  labelStudioConfig,
  labelStudioTask,
} from "../../formats/label_studio.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import {
  type ExportTag,
  type Layout,
  type LayoutFile,
  type PlannedFrame,
  splitNames,
} from "./data_set.ts";
import { hexColour } from "./label_colours.ts";
import { classNames } from "./yolo_layout.ts";

/** Arranges tasks of Label Studio. */
export function labelStudioLayout(
  frames: readonly PlannedFrame[],
  { tags }: { tags: readonly ExportTag[] },
): Layout {
  const names = classNames(tags);
  const imagePath = ({ split, stem }: PlannedFrame) =>
    `images/${split}/${stem}.jpg`;
  const taskOf = (frame: PlannedFrame) =>
    labelStudioTask(
      `/data/local-files/?d=${encodeURI(imagePath(frame))}`,
      frame.masks.map(({ object, rle, tag }) => ({
        id: `${frame.stem}_${object}`,
        label: names[tag.classNumber],
        mask: rleToBitmap(rle),
      })),
    );
  return {
    imagePath,
    labelFiles: () => [],
    endFiles: () => [
      ...splitNames.flatMap((part): LayoutFile[] => {
        const own = frames.filter(({ split }) => split === part);
        if (own.length === 0) return [];
        // Each task on a line of its own: a list that can be looked through.
        const tasks = own.map((frame) => JSON.stringify(taskOf(frame)));
        const content = `[\n${tasks.join(",\n")}\n]\n`;
        return [{ path: `tasks_${part}.json`, content }];
      }),
      {
        path: "label_config.xml",
        content: labelStudioConfig(tags.map((tag) => ({
          name: names[tag.classNumber],
          colour: hexColour(tag),
        }))),
      },
    ],
  };
}
