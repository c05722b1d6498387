import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type Frames, framesSha256, openVideo } from "medannotate";
import type { ScanShelf } from "../../lib/media/scan_file.ts";
import { seededRandom } from "../../lib/base/random.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import { drawPattern, unevenTimes, writePattern } from "./moving_pattern.ts";
import { inFolder } from "./temporary_folder.ts";

const SIZE = { width: 96, height: 64 };

Deno.test(
  "openVideo() learns every frame and its own time",
  inFolder(async (folder) => {
    const path = `${folder}/uneven.mp4`;
    await writePattern(path, { count: 50, size: SIZE });
    const video = await openVideo(path);
    equal(video.kind, "video");
    equal(video.count, 50);
    deepEqual(video.size, SIZE);
    deepEqual(video.infos.map((info) => info.timeMs), unevenTimes(50));
    await video.close();
  }),
);

Deno.test(
  "openVideo() reads the frame that is asked for, near to what was written",
  inFolder(async (folder) => {
    const path = `${folder}/colours.mp4`;
    await writePattern(path, { count: 30, size: SIZE });
    const video = await openVideo(path);
    for (const index of [17, 3, 29]) {
      const { data } = await video.read(index);
      const drawn = drawPattern(SIZE, index).data;
      const sum = data.reduce((sum, v, i) => sum + Math.abs(v - drawn[i]), 0);
      ok(
        sum / data.length < 4,
        `frame ${index} is off by ${sum / data.length}`,
      );
    }
    await video.close();
  }),
);

Deno.test(
  "openVideo() gives the same pixels forward, backward, at random and at once",
  inFolder(async (folder) => {
    const path = `${folder}/orders.mp4`;
    await writePattern(path, { count: 60, size: SIZE });
    await checkOrders(path);
  }),
);

Deno.test(
  "openVideo() makes the first pass once, and anew when the file has changed",
  inFolder(async (folder) => {
    const path = `${folder}/kept.mp4`;
    await writePattern(path, { count: 40, size: SIZE });
    const kept = new Map<string, string>();
    const scans: ScanShelf = {
      find: (key) => Promise.resolve(kept.get(key)),
      keep: (key, text) => Promise.resolve(void kept.set(key, text)),
    };
    const open = async () => {
      const passed: number[] = [];
      const onFrame = (index: number) => void passed.push(index);
      const video = await openVideo(path, { scans, onFrame });
      const sha256s = [];
      for (const index of [3, 39, 20]) {
        sha256s.push(framesSha256(await video.read(index)));
      }
      const { infos, fps, size } = video;
      const twin = await video.again();
      deepEqual(await twin.read(7), await video.read(7));
      await twin.close();
      await video.close();
      return { passed: passed.length, found: { infos, fps, size, sha256s } };
    };
    const first = await open();
    const second = await open();
    deepEqual([first.passed, second.passed], [40, 0]);
    deepEqual(second.found, first.found);

    for (const [key, text] of kept) kept.set(key, text.slice(0, -40)); // cut off
    equal((await open()).passed, 40);
    await writePattern(path, { count: 50, size: SIZE });
    equal((await open()).passed, 50);
  }),
);

Deno.test(
  "openVideo() tells the range and that it is closed",
  inFolder(async (folder) => {
    const path = `${folder}/range.mp4`;
    await writePattern(path, { count: 5, size: SIZE });
    const video = await openVideo(path);
    await rejects(
      video.read(5),
      (error: Error) =>
        error instanceof RangeError && /0 to 4/.test(error.message),
    );
    await rejects(video.read(-1), RangeError);
    await video.close();
    await rejects(video.read(0), /closed/);
    await video.close();
  }),
);

Deno.test(
  "openVideo() says how far a truncated video is sound",
  inFolder(async (folder) => {
    const path = `${folder}/whole.mp4`;
    await writePattern(path, { count: 50, size: SIZE });
    const bytes = await Deno.readFile(path);
    for (const part of [0.6, 0.9, 0.999]) {
      const cut = `${folder}/cut${part}.mp4`;
      await Deno.writeFile(cut, bytes.subarray(0, bytes.length * part));
      await rejects(
        openVideo(cut),
        /cut0\.\d+\.mp4: damaged or truncated after \d+ of about 50 frames/,
      );
    }
  }),
);

Deno.test(
  "openVideo() notices damage inside the pictures",
  inFolder(async (folder) => {
    const path = `${folder}/hurt.mp4`;
    await writePattern(path, { count: 50, size: SIZE });
    const bytes = await Deno.readFile(path);
    bytes.fill(85, bytes.length / 2, bytes.length / 2 + 400);
    await Deno.writeFile(path, bytes);
    await rejects(
      openVideo(path),
      /damaged or truncated after \d+ of about 50/,
    );
  }),
);

Deno.test(
  "openVideo() names files that hold no video and says what it expects",
  inFolder(async (folder) => {
    const text = new TextEncoder().encode("a text\n".repeat(99));
    const files: [string, Uint8Array, RegExp][] = [
      ["text.mp4", text, /text\.mp4: not a video.*Expected a complete video/],
      ["text.txt", text, /text\.txt: not a video/],
      ["sound.wav", makeWav(), /sound\.wav: not a video/],
      ["zero.mp4", new Uint8Array(), /zero\.mp4: the file is empty/],
    ];
    for (const [name, bytes, message] of files) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      await rejects(openVideo(`${folder}/${name}`), message);
    }
    await rejects(openVideo(`${folder}/none.mp4`), /there is no such file/);
    await rejects(openVideo(folder), /not a file/);
  }),
);

Deno.test(
  "openVideo() refuses frames of a file that changed after opening",
  inFolder(async (folder) => {
    const path = `${folder}/changed.mp4`;
    await writePattern(path, { count: 20, size: SIZE });
    const video = await openVideo(path);
    const shifted = { width: SIZE.width, height: SIZE.height };
    await Deno.remove(path);
    await writePattern(path, { count: 20, size: shifted, gop: 5 });
    await Deno.truncate(path, 3000);
    await rejects(video.read(7), /frame 7 .*Was the file changed/);
    await video.close();
  }),
);

Deno.test(
  "openVideo() can be cancelled while it scans",
  inFolder(async (folder) => {
    const path = `${folder}/long.mp4`;
    await writePattern(path, { count: 20, size: SIZE });
    const signal = AbortSignal.abort();
    await rejects(openVideo(path, { signal }), { name: "CancelledError" });
  }),
);

for (
  const [name, count, width, height] of [
    ["data/video/videosum_test.mp4", 150, 960, 540],
    ["data/cholecinst-10f/_sample_results/video.mp4", 10, 864, 480],
  ] as const
) {
  sharedTest(`openVideo() reads ${name} alike in any order`, async () => {
    const path = new URL(name, sharedUrl).pathname;
    const video = await openVideo(path);
    equal(video.count, count);
    deepEqual(video.size, { width, height });
    await video.close();
    await checkOrders(path, { jumps: 8 });
  });
}

async function checkOrders(path: string, { jumps = 40 } = {}) {
  const forward: string[] = [];
  await using first = closing(await openVideo(path));
  const { count } = first.video;
  for (let i = 0; i < count; i++) forward.push(await hashOf(first.video, i));
  equal(new Set(forward).size, count);

  await using second = closing(await openVideo(path));
  for (let i = count - 1; i >= 0; i--) {
    equal(await hashOf(second.video, i), forward[i], `backward, frame ${i}`);
  }

  await using third = closing(await openVideo(path));
  const random = seededRandom(1);
  const wanted = Array.from(
    { length: jumps },
    () => Math.floor(random() * count),
  );
  const hashes = await Promise.all(wanted.map((i) => hashOf(third.video, i)));
  deepEqual(hashes, wanted.map((i) => forward[i]));
}

async function hashOf(video: Frames, index: number): Promise<string> {
  return framesSha256(await video.read(index));
}

function closing(video: Frames) {
  return { video, [Symbol.asyncDispose]: () => video.close() };
}

/** Half a second of silence: RIFF, one channel, 8000 samples a second of 16 bits. */
function makeWav(): Uint8Array {
  const wav = new Uint8Array(44 + 8000);
  const view = new DataView(wav.buffer);
  const write = (at: number, text: string) =>
    wav.set(new TextEncoder().encode(text), at);
  write(0, "RIFF");
  view.setUint32(4, 36 + 8000, true);
  write(8, "WAVEfmt ");
  [16, 1 | 1 << 16, 8000, 16000, 2 | 16 << 16].forEach((word, i) =>
    view.setUint32(16 + 4 * i, word, true)
  );
  write(36, "data");
  view.setUint32(40, 8000, true);
  return wav;
}
