// CVAT for video 1.1: <part>/<sequence>/images/frame_%06d.jpg and an
// annotations.xml beside them, one task for each sequence.
//
// CVAT knows masks on single frames only: each is a track of one frame, ended by
// `outside` on the next, as CVAT writes masks itself. The group of a track is the
// number of its object. Frames count in the order of the images, so a frame that
// is not exported leaves no gap.

import { type CvatTrack, cvatVideoXml } from "../../formats/cvat.ts";
import { boxOf } from "../../masks/bitmap.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import { rowRuns } from "../../masks/row_runs.ts";
import type {
  ExportTag,
  Layout,
  LayoutFile,
  PlannedFrame,
  PlannedMask,
} from "./data_set.ts";
import { hexColour } from "./label_colours.ts";
import { nameFolders } from "./sequence_folders.ts";
import { classNames } from "./yolo_layout.ts";

/** Arranges tasks of CVAT. */
export function cvatLayout(
  frames: readonly PlannedFrame[],
  { tags }: { tags: readonly ExportTag[] },
): Layout {
  const folderOf = nameFolders(frames);
  const taskOf = (frame: PlannedFrame) => `${frame.split}/${folderOf(frame)}`;
  return {
    imagePath: (frame) =>
      `${taskOf(frame)}/images/frame_${
        String(frame.frame.index).padStart(6, "0")
      }.jpg`,
    labelFiles: () => [],
    endFiles: () =>
      [...Map.groupBy(frames, taskOf)].map(([task, own]) => ({
        path: `${task}/annotations.xml`,
        content: taskXml(task, own, tags),
      })),
  };
}

function taskXml(
  name: string,
  frames: readonly PlannedFrame[],
  tags: readonly ExportTag[],
): LayoutFile["content"] {
  const names = classNames(tags);
  const inOrder = frames.toSorted((a, b) => a.frame.index - b.frame.index);
  const places = inOrder.flatMap(({ masks }, frame) =>
    masks.map((mask) => ({ frame, mask }))
  );
  return cvatVideoXml({
    name,
    labels: tags.map((tag) => ({
      name: names[tag.classNumber],
      color: hexColour(tag),
    })),
    frameCount: frames.length,
    size: frames[0].sequence.size,
    tracks: places.map(({ frame, mask }, id) =>
      trackOf(mask, {
        id,
        frame,
        label: names[mask.tag.classNumber],
        isLast: frame === frames.length - 1,
      })
    ),
  });
}

function trackOf(
  { object, rle }: PlannedMask,
  { id, frame, label, isLast }: {
    id: number;
    frame: number;
    label: string;
    isLast: boolean;
  },
): CvatTrack {
  const bitmap = rleToBitmap(rle);
  const box = boxOf(bitmap);
  if (!box) throw new Error("an empty mask has no box"); // the plan has none
  const shape = {
    kind: "mask",
    counts: rowRuns(bitmap, box),
    left: box.x0,
    top: box.y0,
    width: box.x1 - box.x0,
    height: box.y1 - box.y0,
  } as const;
  const seen = { frame, outside: false, keyframe: true, shape };
  const gone = { frame: frame + 1, outside: true, keyframe: true, shape };
  return {
    ...{ id, label, group: object },
    shapes: isLast ? [seen] : [seen, gone],
  };
}
