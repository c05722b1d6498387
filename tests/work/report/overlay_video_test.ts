import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openVideo, writeOverlayVideo } from "medannotate";
import { inFolder } from "../../media/temporary_folder.ts";

const size = { width: 64, height: 48 };
const frames = {
  size,
  count: 5,
  fps: 10,
  read: () =>
    Promise.resolve({ ...size, data: new Uint8Array(3 * 64 * 48).fill(60) }),
};
const whole = { ...size, data: new Uint8Array(64 * 48).fill(1) };

Deno.test(
  "writeOverlayVideo() writes frame by frame, with the masks of each",
  inFolder(async (folder) => {
    const done: number[] = [];
    await writeOverlayVideo(
      `${folder}/a.mp4`,
      frames,
      (i) => i === 3 ? [{ bitmap: whole, colour: [0, 250, 0] }] : [],
      { onProgress: (progress) => done.push(progress.done) },
    );
    deepEqual(done, [1, 2, 3, 4, 5]);
    const video = await openVideo(`${folder}/a.mp4`);
    equal(video.count, 5);
    equal(video.fps, 10);
    const green = async (i: number) =>
      (await video.read(i)).data[3 * (24 * 64 + 32) + 1];
    ok(Math.abs(await green(2) - 60) < 8);
    ok(await green(3) > 120); // 60 and 0.45 of the way to 250 are 145
    await video.close();
  }),
);

Deno.test(
  "writeOverlayVideo() leaves nothing when it fails or is cancelled",
  inFolder(async (folder) => {
    const path = `${folder}/a.mp4`;
    const fail = (i: number) => {
      if (i === 2) throw new Error("no mask");
      return [];
    };
    await rejects(writeOverlayVideo(path, frames, fail), /no mask/);
    const signal = AbortSignal.abort();
    await rejects(
      writeOverlayVideo(path, frames, () => [], { signal }),
      /Cancelled: overlay video at frame 0/,
    );
    deepEqual([...Deno.readDirSync(folder)], []);
  }),
);
