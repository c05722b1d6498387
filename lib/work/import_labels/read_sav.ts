// SA-V: the masklets of a video as JSON, else as pictures, which lie as those of
// DAVIS do. Objects of SA-V count from 0, ours from 1.

import { parseSav } from "../../formats/sav.ts";
import { decodeCounts, rleAreaPx } from "../../masks/rle.ts";
import type { LabelFrame, LabelReading, LabelShape } from "./label_frame.ts";
import { type LabelFolder, reading } from "./label_folder.ts";
import { readDavis } from "./read_davis.ts";

/** Reads the masklets of all videos. */
export async function readSav(folder: LabelFolder): Promise<LabelReading> {
  const frames: LabelFrame[] = [];
  for (const file of folder.names.filter((name) => /\.json$/i.test(name))) {
    const text = await folder.text(file);
    if (!text.includes('"masklet"')) continue;
    const video = await reading(file, () => parseSav(text));
    const first = video.objects.includes(0) ? 1 : 0;
    for (const [row, masks] of video.masklet.entries()) {
      const number = row * video.step;
      const shapes = masks.flatMap((mask, i): LabelShape[] => {
        if (!mask) return [];
        const { size, counts } = mask;
        const rle = {
          size,
          counts: typeof counts === "string" ? decodeCounts(counts) : counts,
        };
        if (rleAreaPx(rle) === 0) return [];
        const object = video.objects[i] + first;
        const geometry = { kind: "mask", rle } as const;
        return [{ tag: undefined, number: object, geometry }];
      });
      const name = String(number).padStart(5, "0");
      frames.push({
        ...{ file, number, shapes, size: video.size },
        image: `JPEGImages_24fps/${video.videoId}/${name}`,
      });
    }
  }
  return frames.length > 0
    ? { frames, passedOver: 0 }
    : await readDavis(folder);
}
