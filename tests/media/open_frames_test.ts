import { deepEqual, equal, rejects } from "node:assert/strict";
import { encodePng, openFrames } from "medannotate";
import { drawPattern, writePattern } from "./moving_pattern.ts";
import { inFolder } from "./temporary_folder.ts";

const SIZE = { width: 32, height: 16 };

Deno.test(
  "openFrames() opens a folder, a video and a single picture",
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/pictures`);
    const png = await encodePng(drawPattern(SIZE, 0));
    await Deno.writeFile(`${folder}/pictures/1.png`, png);
    await Deno.writeFile(`${folder}/pictures/2.png`, png);
    await writePattern(`${folder}/clip.mp4`, { count: 4, size: SIZE });
    const found = [];
    for (const name of ["pictures", "clip.mp4", "pictures/2.png"]) {
      const frames = await openFrames(`${folder}/${name}`);
      found.push([frames.kind, frames.count, frames.infos[0].name]);
      deepEqual(frames.size, SIZE);
      equal((await frames.read(0)).data.length, 32 * 16 * 3);
      await frames.close();
    }
    deepEqual(found, [
      ["folder", 2, "1.png"],
      ["video", 4, ""],
      ["folder", 1, "2.png"],
    ]);
  }),
);

Deno.test(
  "openFrames() names what it cannot open",
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/notes.txt`, "hello");
    await rejects(openFrames(`${folder}/none`), /none: there is no such file/);
    await rejects(openFrames(`${folder}/notes.txt`), /notes\.txt: not a video/);
    await rejects(openFrames(folder), /no picture/);
  }),
);
