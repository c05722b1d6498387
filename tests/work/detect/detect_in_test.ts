import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  createVideoWriter,
  detectIn,
  type DetectInOptions,
  encodePng,
  openDetector,
  openVideo,
  parseCsv,
  type Progress,
  readImage,
} from "medannotate";
import type { DetectionLine } from "medannotate";
import { saveYolo } from "../../../lib/yolo/save.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { drawPattern } from "../../media/moving_pattern.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";
import { formulaWeights } from "../../yolo/formula_weights.ts";
import { fakeDetector, paintSquares, type Square } from "./fake_detector.ts";

const size = { width: 128, height: 96 };

/** Squares of a clip: one goes right, unsure now and then; another stands from frame 8 on. */
function squaresAt(frame: number): Square[] {
  const isUnsure = frame >= 12 && frame < 16;
  return [
    { x: 4 + 3 * frame, y: 20, confidence: isUnsure ? 0.2 : 0.9 },
    ...(frame >= 8
      ? [{ x: 90, y: 70, side: 20, kind: "tool", confidence: 0.6 } as const]
      : []),
  ];
}

const frameCount = 24;

/** Writes the clip with hardly any compression. */
async function writeClip(path: string) {
  const writer = await createVideoWriter(path, { size, fps: 25, crf: 2 });
  for (let frame = 0; frame < frameCount; frame++) {
    await writer.write(paintSquares(size, squaresAt(frame)));
  }
  await writer.close();
}

async function linesOf(out: string): Promise<DetectionLine[]> {
  const text = await Deno.readTextFile(`${out}/detections.jsonl`);
  ok(text.endsWith("\n"));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function filesOf(out: string) {
  const read = (name: string) => Deno.readTextFile(`${out}/${name}`);
  return {
    lines: await read("detections.jsonl"),
    table: await read("detections.csv"),
    run: await read("run.json"),
  };
}

Deno.test(
  "detectIn() writes a line, table rows and a picture for a video's frames",
  inFolder(async (folder) => {
    const input = `${folder}/clip.mp4`;
    await writeClip(input);
    const out = `${folder}/out`;
    const found = await detectIn(fakeDetector(), { input, out });
    deepEqual([found.kind, found.frames, found.framesNow], ["video", 24, 24]);
    ok(found.fps > 0 && found.msPerFrame.decode > 0);
    equal(found.tracks, null);

    const lines = await linesOf(out);
    equal(lines.length, frameCount);
    deepEqual(lines[10].size, [128, 96]);
    equal(lines[10].timeMs, 400);
    const [polyp, tool] = lines[10].detections;
    deepEqual([polyp.name, polyp.class, tool.name, tool.class], [
      "polyp",
      0,
      "tool",
      1,
    ]);
    // the input is half the size of the frame, so boxes are whole by 2 px
    [34, 20, 50, 36].forEach((side, i) =>
      ok(Math.abs(polyp.box[i] - side) <= 2, `${polyp.box}`)
    );
    equal(lines[13].detections.length, 1); // the unsure one is left out

    const [header, ...rows] = parseCsv(
      await Deno.readTextFile(`${out}/detections.csv`),
    );
    equal(header.cells[0], "frame");
    equal(rows.length, found.detections);
    deepEqual(
      found.perClass,
      { polyp: 20, tool: 16 },
    );
    const overlay = await openVideo(`${out}/overlay.mp4`);
    deepEqual([overlay.count, overlay.size], [frameCount, size]);
    const picture = await overlay.read(10);
    const original = paintSquares(size, squaresAt(10));
    ok(picture.data.some((v, i) => Math.abs(v - original.data[i]) > 60));
    await overlay.close();

    const run = JSON.parse(await Deno.readTextFile(`${out}/run.json`));
    deepEqual(
      [run.input, run.model, run.status, run.frames],
      ["clip.mp4", "fake", "done", 24],
    );
    ok(!JSON.stringify(run).includes(folder), "a path of this machine");
  }),
);

Deno.test(
  "detectIn() keeps identities through frames of low score",
  inFolder(async (folder) => {
    const input = `${folder}/clip.mp4`;
    await writeClip(input);
    const out = `${folder}/out`;
    const { tracks } = await detectIn(fakeDetector(), {
      ...{ input, out, isTracked: true, hasOverlay: false },
    });
    equal(tracks, 2);
    const lines = await linesOf(out);
    for (const { frame, detections } of lines) {
      const [first, second] = detections.toSorted((a, b) => a.class - b.class);
      equal(first.track, 1);
      if (frame >= 12 && frame < 16) ok(first.confidence < 0.25);
      if (frame === 8) equal(second.track, undefined); // seen once
      if (frame > 8) equal(second.track, 2);
    }
  }),
);

/** Runs until so many lines are written. */
async function cancelledAt(count: number, options: DetectInOptions) {
  const cancel = new AbortController();
  const { signal } = cancel;
  const onProgress = ({ stage, done }: Progress) => {
    if (stage === "detect" && done >= count) cancel.abort();
  };
  await rejects(
    detectIn(fakeDetector(), { ...options, signal, onProgress }),
    /^CancelledError/,
  );
}

Deno.test(
  "detectIn() goes on where it was cancelled, with the same bytes",
  inFolder(async (folder) => {
    const input = `${folder}/clip.mp4`;
    await writeClip(input);
    const whole = { input, out: `${folder}/whole`, isTracked: true };
    await detectIn(fakeDetector(), whole);
    const parts = { ...whole, out: `${folder}/parts` };
    await cancelledAt(9, parts);
    equal((await linesOf(parts.out)).length, 9);
    const run = JSON.parse(await Deno.readTextFile(`${parts.out}/run.json`));
    deepEqual([run.status, run.frames], ["cancelled", 9]);
    const partial = await openVideo(`${parts.out}/overlay.mp4`);
    equal(partial.count, 9); // what was done can be looked at
    await partial.close();

    // a kill in the middle of a line, and of the video
    const path = `${parts.out}/detections.jsonl`;
    await Deno.writeTextFile(path, '{"frame":9,"na', { append: true });
    await Deno.writeTextFile(`${parts.out}/overlay.mp4.01234567.part`, "x");
    const detector = fakeDetector();
    const done = await detectIn(detector, parts);
    deepEqual([done.frames, done.framesNow], [24, 15]);
    equal(detector.calls.count, 15);
    deepEqual(await filesOf(parts.out), await filesOf(whole.out));
    deepEqual(
      await Deno.readFile(`${parts.out}/overlay.mp4`),
      await Deno.readFile(`${whole.out}/overlay.mp4`),
    );
    const again = fakeDetector();
    const nothing = await detectIn(again, parts);
    deepEqual([nothing.framesNow, again.calls.count, nothing.detections], [
      0,
      0,
      done.detections,
    ]);
  }),
);

Deno.test(
  "detectIn() refuses to go on with other options, another model or other frames",
  inFolder(async (folder) => {
    const input = `${folder}/clip.mp4`;
    await writeClip(input);
    const asked = { input, out: `${folder}/out`, hasOverlay: false };
    await cancelledAt(5, asked);
    await rejects(
      detectIn(fakeDetector(), { ...asked, confidence: 0.5, every: 2 }),
      /these differ: confidence \(0\.25 then, 0\.5 now\), every \(1 then, 2 now\)\. --restart/,
    );
    await rejects(
      detectIn(fakeDetector({ sha256: "other" }), asked),
      /these differ: model \(sha256 fake… then, other… now\)/,
    );
    await Deno.writeFile(
      `${folder}/one.png`,
      await encodePng(paintSquares(size, [])),
    );
    await rejects(
      detectIn(fakeDetector(), { ...asked, input: `${folder}/one.png` }),
      /these differ: frames/,
    );
    const { frames } = await detectIn(fakeDetector(), {
      ...asked,
      every: 5,
      restart: true,
    });
    equal(frames, 5);
    deepEqual(
      (await linesOf(asked.out)).map(({ frame }) => frame),
      [0, 5, 10, 15, 20],
    );
  }),
);

Deno.test(
  "detectIn() leaves alone what is not its own",
  inFolder(async (folder) => {
    const input = `${folder}/one.png`;
    await Deno.writeFile(input, await encodePng(paintSquares(size, [])));
    await Deno.mkdir(`${folder}/overlay`);
    await Deno.writeTextFile(`${folder}/overlay/mine.jpg`, "mine");
    await detectIn(fakeDetector(), { input, out: folder, restart: true });
    equal(await Deno.readTextFile(`${folder}/overlay/mine.jpg`), "mine");
    await Deno.writeTextFile(`${folder}/run.json`, "{}");
    await rejects(
      detectIn(fakeDetector(), { input, out: folder, restart: true }),
      /run\.json is not the run\.json of a detection/,
    );
    await Deno.remove(`${folder}/run.json`);
    await rejects(
      detectIn(fakeDetector(), { input, out: folder }),
      /holds detections\.jsonl but no run\.json/,
    );
  }),
);

Deno.test(
  "detectIn() takes a folder of images of different sizes",
  inFolder(async (folder) => {
    const input = `${folder}/images`;
    await Deno.mkdir(input);
    const sizes = [size, { width: 40, height: 90 }, { width: 300, height: 64 }];
    for (const [i, own] of sizes.entries()) {
      const image = paintSquares(own, [{ x: 8, y: 8 }]);
      await Deno.writeFile(`${input}/${i + 8}.png`, await encodePng(image));
    }
    await Deno.writeFile(
      `${input}/8.tif`,
      await encodePng(paintSquares(size, [])),
    );
    const out = `${folder}/out`;
    const found = await detectIn(fakeDetector(), { input, out });
    deepEqual([found.kind, found.frames, found.detections], ["folder", 4, 3]);
    const lines = await linesOf(out);
    deepEqual(
      lines.map(({ name, timeMs, size }) => [name, timeMs, ...size]),
      [
        ["8.png", null, 128, 96],
        ["8.tif", null, 128, 96],
        ["9.png", null, 40, 90],
        ["10.png", null, 300, 64],
      ],
    );
    const pictures = [...Deno.readDirSync(`${out}/overlay`)]
      .map(({ name }) => name).sort();
    deepEqual(pictures, ["10.jpg", "8.png.jpg", "8.tif.jpg", "9.jpg"]);
    const { width, height } = await readImage(`${out}/overlay/9.jpg`);
    deepEqual([width, height], [40, 90]);
    await Deno.writeTextFile(`${input}/11.png`, "no picture");
    await rejects(
      detectIn(fakeDetector(), { input, out, restart: true }),
      /Cannot read image .*11\.png/,
    );
    equal((await linesOf(out)).length, 4); // what was done stays
  }),
);

Deno.test(
  "detectIn() looks for the classes that are asked for",
  inFolder(async (folder) => {
    const input = `${folder}/one.png`;
    const squares = [
      { x: 4, y: 4 },
      { x: 60, y: 60, kind: "tool" } as const,
    ];
    await Deno.writeFile(input, await encodePng(paintSquares(size, squares)));
    const classesOf = async (classes: string[]) => {
      const out = `${folder}/out`;
      await detectIn(fakeDetector(), { input, out, classes, restart: true });
      return (await linesOf(out))[0].detections.map(({ name }) => name);
    };
    deepEqual(await classesOf(["tool"]), ["tool"]);
    deepEqual(await classesOf(["0"]), ["polyp"]);
    deepEqual((await classesOf(["0", "tool"])).sort(), ["polyp", "tool"]);
    await rejects(
      classesOf(["lesion"]),
      /fake knows no class lesion, expected one of 0 polyp, 1 tool/,
    );
    await rejects(classesOf(["2"]), /knows no class 2/);
  }),
);

Deno.test(
  "detectIn() follows a folder that grows, and does not go on with it later",
  inFolder(async (folder) => {
    const input = `${folder}/growing`;
    await Deno.mkdir(input);
    const add = async (i: number) =>
      await Deno.writeFile(
        `${input}/${i}.png`,
        await encodePng(paintSquares(size, [{ x: 3 * i, y: 10 }])),
      );
    await add(0);
    const out = `${folder}/out`;
    const asked = { input, out, isLive: true, idleMs: 400, isTracked: true };
    const detecting = detectIn(fakeDetector(), asked);
    for (let i = 1; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await add(i);
    }
    const { frames, kind, latencyMs, tracks } = await detecting;
    deepEqual([frames, kind, tracks], [5, "live", 1]);
    ok(latencyMs && latencyMs.median < 2000);
    const lines = await linesOf(out);
    deepEqual(
      lines.map(({ name }) => name),
      [0, 1, 2, 3, 4].map((i) => `${i}.png`),
    );
    const overlay = await openVideo(`${out}/overlay.mp4`);
    equal(overlay.count, 5);
    await overlay.close();
    await rejects(
      detectIn(fakeDetector(), asked),
      /what came live does not come again\. --restart forgets it/,
    );
  }),
);

Deno.test(
  "detectIn() says what it cannot open, and makes no folder then",
  inFolder(async (folder) => {
    const out = `${folder}/out`;
    await rejects(
      detectIn(fakeDetector(), { input: `${folder}/none.mp4`, out }),
      /Cannot open .*none\.mp4: there is no such file or folder\. Expected an image/,
    );
    await Deno.mkdir(`${folder}/empty`);
    await rejects(
      detectIn(fakeDetector(), { input: `${folder}/empty`, out }),
      /Cannot detect in .*empty: it holds 0 entries but no image/,
    );
    await rejects(Deno.stat(out), Deno.errors.NotFound);
  }),
);

Deno.test(
  "detectIn() with weights by formula writes masks that fit their frames",
  inFolder(async (folder) => {
    const model = `${folder}/own.safetensors`;
    saveYolo(model, formulaWeights("yolo11n-seg", ["a", "b"]));
    const detector = await openDetector({ model, device: "cpu" }, {
      cache: folder,
    });
    try {
      await Deno.mkdir(`${folder}/images`);
      for (const i of [1, 2]) {
        const image = drawPattern({ width: 80, height: 50 + i }, i);
        await Deno.writeFile(
          `${folder}/images/${i}.png`,
          await encodePng(image),
        );
      }
      const out = `${folder}/out`;
      const { detections } = await detectIn(detector, {
        input: `${folder}/images`,
        out,
        confidence: 0.05,
        maxDetections: 10,
      });
      ok(detections > 1, `only ${detections}`);
      for (const { size: [width, height], detections } of await linesOf(out)) {
        for (const { rle } of detections) {
          deepEqual(rle?.size, [height, width]);
          match(rle?.counts ?? "", /^[0-o]+$/);
        }
      }
    } finally {
      await detector.close();
    }
  }),
);

sharedTest(
  "detectIn() finds in the shapes what the package finds",
  inFolder(async (folder) => {
    const golden = new URL("golden/yolo/", sharedUrl).pathname;
    for (const task of ["det", "seg"]) {
      const predicted = JSON.parse(
        await Deno.readTextFile(`${golden}predict-${task}/predict.json`),
      );
      const detector = await openDetector({
        model: `${golden}pt/yolo11n-shapes-${task}.pt`,
        device: "cpu",
      }, { cache: folder });
      const out = `${folder}/${task}`;
      await detectIn(detector, {
        input: `${golden}data/shapes-${task}/images/val`,
        out,
        hasOverlay: false,
      });
      await detector.close();
      const lines = await linesOf(out);
      compare(lines, predicted.rect);
    }
  }),
);

sharedTest(
  "detectIn() runs through a real video, tracked, with its overlay",
  inFolder(async (folder) => {
    const detector = await openDetector({
      model: new URL("golden/yolo/pt/yolo11n-shapes-seg.pt", sharedUrl)
        .pathname,
      device: "cpu",
    }, { cache: folder });
    const out = `${folder}/out`;
    const { frames } = await detectIn(detector, {
      input: new URL("data/video/videosum_test.mp4", sharedUrl).pathname,
      out,
      every: 10,
      isTracked: true,
      confidence: 0.3,
    });
    await detector.close();
    equal(frames, 15);
    equal((await linesOf(out)).length, 15);
    const overlay = await openVideo(`${out}/overlay.mp4`);
    deepEqual([overlay.count, overlay.fps], [15, 2.5]);
    await overlay.close();
  }),
);

/** One image as the package predicted it. */
type Golden = {
  readonly image: string;
  readonly boxes: readonly (readonly number[])[];
  readonly conf: readonly number[];
  readonly cls: readonly number[];
};

/** Boxes within 0.05 px, scores within 5e-4, as the goldens' README says. */
function compare(lines: readonly DetectionLine[], golden: readonly Golden[]) {
  equal(lines.length, golden.length);
  let objects = 0;
  for (const [i, { image, boxes, conf, cls }] of golden.entries()) {
    const { name, detections } = lines[i];
    deepEqual([name, detections.map((d) => d.class)], [image, cls]);
    for (const [k, { box, confidence }] of detections.entries()) {
      const worst = Math.max(
        ...box.map((s, side) => Math.abs(s - boxes[k][side])),
      );
      ok(
        worst < 0.05 && Math.abs(confidence - conf[k]) < 5e-4,
        `${image} ${k}`,
      );
      objects++;
    }
  }
  ok(objects > 20);
}
