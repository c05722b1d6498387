import { deepEqual, equal, ok } from "node:assert/strict";
import {
  bitmapToRle,
  decodeCounts,
  openVideo,
  readImage,
  rleToBitmap,
  sampleClip,
} from "medannotate";
import { sample } from "../../lib/cli/sample.ts";
import { callVerb } from "./call_verb.ts";

const truth = JSON.parse(await Deno.readTextFile("data/sample/truth.json"));
const { prompts } = JSON.parse(
  await Deno.readTextFile("data/sample/prompts.json"),
);

Deno.test("deno task sample shipped a small clip with a truth for every frame", async () => {
  ok((await Deno.stat("data/sample/clip.mp4")).size < 1_500_000);
  const video = await openVideo("data/sample/clip.mp4");
  equal(video.count, 90);
  deepEqual(truth.size, [video.size.height, video.size.width]);
  equal(truth.frames.length, 90);
  await video.close();
});

Deno.test("deno task sample shipped the masks and pictures that the generator makes", async () => {
  const clip = sampleClip();
  const video = await openVideo("data/sample/clip.mp4");
  for (const index of [0, 52, 89]) {
    const { image, masks } = clip.frame(index);
    const counts = [...masks].map((
      [id, mask],
    ) => [id, bitmapToRle(mask).counts]);
    const shipped = Object.entries<string>(truth.frames[index].rle);
    deepEqual(
      shipped.map(([id, text]) => [Number(id), decodeCounts(text)]),
      counts,
    );
    const { data } = await video.read(index);
    const sum = data.reduce(
      (sum, v, i) => sum + Math.abs(v - image.data[i]),
      0,
    );
    ok(sum / data.length < 3, `frame ${index} is off by ${sum / data.length}`);
  }
  await video.close();
});

Deno.test("deno task sample shipped clicks that lie on their objects", () => {
  const [height, width] = truth.size;
  for (const { object, frame, x, y, sign } of prompts) {
    const counts = decodeCounts(truth.frames[frame].rle[object]);
    const mask = rleToBitmap({ size: [height, width], counts });
    equal(
      mask.data[Math.floor(y) * width + Math.floor(x)],
      sign === "+" ? 1 : 0,
    );
  }
});

Deno.test("deno task sample --scenes writes a picture of 100 scenes", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/scenes.jpg`;
  const { code, stdout } = await callVerb(sample, ["--scenes", path]);
  deepEqual([code, stdout], [0, `100 scenes in ${path}`]);
  const { width, height } = await readImage(path);
  deepEqual([width, height], [1280, 1280]);
  ok((await Deno.stat(path)).size < 500_000);
  await Deno.remove(folder, { recursive: true });
});
