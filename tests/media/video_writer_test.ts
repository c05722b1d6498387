import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { createVideoWriter, openVideo } from "medannotate";
import { drawPattern } from "./moving_pattern.ts";
import { inFolder } from "./temporary_folder.ts";

const SIZE = { width: 64, height: 48 };

Deno.test(
  "createVideoWriter() repeats the last column and row of odd pictures",
  inFolder(async (folder) => {
    const path = `${folder}/odd.mp4`;
    const odd = { width: 63, height: 47 };
    const writer = await createVideoWriter(path, { size: odd, fps: 10 });
    await writer.write(drawPattern(odd, 3));
    await writer.write(drawPattern(odd, 3));
    await writer.close();
    const video = await openVideo(path);
    deepEqual(video.size, { width: 64, height: 48 });
    deepEqual(video.infos.map((info) => info.timeMs), [0, 100]);
    const { data } = await video.read(1);
    const red = (x: number, y: number) => data[3 * (y * 64 + x)];
    ok(Math.abs(red(63, 20) - red(62, 20)) < 12);
    await video.close();
  }),
);

Deno.test(
  "createVideoWriter() keeps the colours of large areas",
  inFolder(async (folder) => {
    const path = `${folder}/colours.mp4`;
    const colours = [[200, 60, 50], [20, 180, 40], [30, 40, 220], [
      128,
      128,
      128,
    ]];
    const writer = await createVideoWriter(path, {
      size: SIZE,
      fps: 25,
      crf: 4,
    });
    for (const [r, g, b] of colours) {
      const pixels = Array.from({ length: 64 * 48 }, () => [r, g, b]).flat();
      await writer.write({ ...SIZE, data: Uint8Array.from(pixels) });
    }
    await writer.close();
    const video = await openVideo(path);
    for (const [index, colour] of colours.entries()) {
      const { data } = await video.read(index);
      const middle = 3 * (24 * 64 + 32);
      colour.forEach((value, c) =>
        ok(
          Math.abs(data[middle + c] - value) <= 3,
          `${colour}: ${data[middle + c]}`,
        )
      );
    }
    await video.close();
  }),
);

Deno.test(
  "createVideoWriter() writes the same bytes again",
  inFolder(async (folder) => {
    const files: Uint8Array[] = [];
    for (const name of ["a.mp4", "b.mp4"]) {
      const path = `${folder}/${name}`;
      const writer = await createVideoWriter(path, { size: SIZE, fps: 25 });
      for (let i = 0; i < 20; i++) await writer.write(drawPattern(SIZE, i));
      await writer.close();
      files.push(await Deno.readFile(path));
    }
    deepEqual(files[0], files[1]);
  }),
);

Deno.test(
  "createVideoWriter() shows the file only when it is complete, and abort() leaves nothing",
  inFolder(async (folder) => {
    const path = `${folder}/new/clip.mp4`;
    const writer = await createVideoWriter(path, { size: SIZE, fps: 25 });
    await writer.write(drawPattern(SIZE, 0));
    const names = () =>
      [...Deno.readDirSync(`${folder}/new`)].map((e) => e.name);
    equal(names().includes("clip.mp4"), false);
    await writer.abort();
    deepEqual(names(), []);
    await rejects(writer.write(drawPattern(SIZE, 1)), /it is closed/);
    await writer.abort();
  }),
);

Deno.test(
  "createVideoWriter() refuses another size and times that do not rise",
  inFolder(async (folder) => {
    const path = `${folder}/clip.mp4`;
    const writer = await createVideoWriter(path, { size: SIZE, fps: 25 });
    await writer.write(drawPattern(SIZE, 0), { timeMs: 10 });
    await rejects(
      writer.write(drawPattern(SIZE, 1), { timeMs: 10 }),
      /10 ms is not after/,
    );
    await rejects(
      writer.write(drawPattern({ width: 32, height: 48 }, 1)),
      /32x48 pixels, the video 64x48/,
    );
    await writer.abort();
  }),
);
