import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { encodePng } from "../../lib/media/image.ts";
import {
  type LiveFrame,
  newestOnly,
  openLiveStream,
  watchFolder,
} from "../../lib/media/live_frames.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { inFolder } from "./temporary_folder.ts";

const clipPath = fileURLToPath(
  new URL("../../data/sample/clip.mp4", import.meta.url),
);

function picture(value: number, width = 4) {
  const data = new Uint8Array(width * 4 * 3).fill(value);
  return encodePng({ width, height: 4, data });
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test(
  "watchFolder() gives what is there and then what is added, by number and only when whole",
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/2.png`, await picture(2));
    await Deno.writeTextFile(`${folder}/notes.txt`, "no picture");
    const late = (async () => {
      await wait(150);
      const whole = await picture(9);
      await Deno.writeFile(`${folder}/9.png`, whole.subarray(0, 30));
      await wait(30);
      await Deno.writeFile(`${folder}/9.png`, whole);
      await Deno.writeFile(`${folder}/10.png`, await picture(10));
    })();
    const found: LiveFrame[] = [];
    for await (const frame of watchFolder(folder, { idleMs: 600 })) {
      found.push(frame);
    }
    await late;
    deepEqual(found.map(({ name }) => name), ["2.png", "9.png", "10.png"]);
    deepEqual(found.map(({ index }) => index), [0, 1, 2]);
    deepEqual(found.map(({ image }) => image.data[0]), [2, 9, 10]);
    ok(found[1].timeMs >= 100 && found[0].timeMs === 0);
  }),
);

Deno.test(
  "watchFolder() ends when its signal fires, and refuses what is no folder",
  inFolder(async (folder) => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const { signal } = stop;
    deepEqual(await Array.fromAsync(watchFolder(folder, { signal })), []);
    await rejects(
      watchFolder(`${folder}/none`).next(),
      /Cannot watch .*none: there is no such folder/,
    );
  }),
);

Deno.test(
  "watchFolder() refuses a picture of another size and one that is broken",
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/1.png`, await picture(1));
    await Deno.writeFile(`${folder}/2.png`, await picture(1, 5));
    await rejects(
      Array.fromAsync(watchFolder(folder)),
      /2\.png has 5x4 pixels, expected 4x4/,
    );
    await Deno.writeTextFile(`${folder}/2.png`, "not a picture");
    await rejects(Array.fromAsync(watchFolder(folder)), /2\.png/);
  }),
);

Deno.test("openLiveStream() gives every frame of a file that is read as a stream", async () => {
  const frames = await openFrames(clipPath);
  let count = 0;
  for await (const { index, image, timeMs } of openLiveStream(clipPath)) {
    if (index % 30 === 7) {
      deepEqual(image.data, (await frames.read(index)).data);
      ok(Math.abs(timeMs - frames.infos[index].timeMs) < 1e-6);
    }
    count++;
  }
  equal(count, frames.count);
  await frames.close();
});

Deno.test("openLiveStream() reads over HTTP and ends when its signal fires", async () => {
  const bytes = await Deno.readFile(clipPath);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(bytes),
  );
  const stop = new AbortController();
  const url = `http://127.0.0.1:${server.addr.port}/clip.mp4`;
  let count = 0;
  for await (const { index } of openLiveStream(url, { signal: stop.signal })) {
    equal(index, count++);
    if (count === 5) stop.abort();
  }
  equal(count, 5);
  await server.shutdown();
});

Deno.test("openLiveStream() says what is not there", async () => {
  await rejects(
    openLiveStream("/nowhere/camera.ts").next(),
    /Cannot watch \/nowhere\/camera\.ts: no stream there/,
  );
  await rejects(
    openLiveStream(clipPath, { format: "nonsense" }).next(),
    /FFmpeg knows no container nonsense/,
  );
});

/** Frames that come as soon as they are asked for. */
async function* atOnce(count: number): AsyncGenerator<LiveFrame> {
  const image = { width: 1, height: 1, data: new Uint8Array(3) };
  for (let index = 0; index < count; index++) {
    await Promise.resolve();
    yield { index, timeMs: index, arrivedMs: 0, name: "", image };
  }
}

Deno.test("newestOnly() drops what a slow reader missed, never what must be seen", async () => {
  const seen: number[] = [];
  const must = new Set([20, 21, 30]);
  const frames = newestOnly(atOnce(40), { mustSee: (i) => must.has(i) });
  for await (const { index } of frames) {
    seen.push(index);
    await wait(1); // time for all the others to come
  }
  const [first, ...others] = seen;
  ok(first < 20, `${first} came first`);
  deepEqual(others, [20, 21, 30, 39]);
});

Deno.test("newestOnly() passes on all frames to a fast reader, and the error at their end", async () => {
  async function* breaking() {
    for await (const frame of atOnce(3)) {
      yield frame;
      await wait(5);
    }
    throw new Error("cable pulled");
  }
  const seen: number[] = [];
  await rejects(async () => {
    for await (const { index } of newestOnly(breaking())) seen.push(index);
  }, /cable pulled/);
  deepEqual(seen, [0, 1, 2]);
});
