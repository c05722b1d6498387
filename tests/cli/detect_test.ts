import { deepEqual, equal, match, ok } from "node:assert/strict";
import { encodePng } from "medannotate";
import { detect } from "../../lib/cli/detect.ts";
import { saveYolo } from "../../lib/yolo/save.ts";
import { drawPattern } from "../media/moving_pattern.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { formulaWeights } from "../yolo/formula_weights.ts";
import { callVerb } from "./call_verb.ts";

/** Three pictures and a small detector that finds nonsense in them. */
async function prepare(folder: string) {
  const model = `${folder}/own.safetensors`;
  saveYolo(model, formulaWeights("yolo11n", ["polyp", "tool"]));
  const input = `${folder}/images`;
  await Deno.mkdir(input);
  for (const i of [0, 1, 2]) {
    const picture = await encodePng(
      drawPattern({ width: 96, height: 64 }, 9 * i),
    );
    await Deno.writeFile(`${input}/${i}.png`, picture);
  }
  const small = ["--device", "cpu", "--confidence", "0.02", "--max", "4"];
  const out = `${folder}/out`;
  return { input, out, words: ["--model", model, "--out", out, ...small] };
}

Deno.test(
  "deno task detect says what was found, how fast, and where it is",
  inFolder(async (folder) => {
    const { input, out, words } = await prepare(folder);
    const called = await callVerb(detect, [input, ...words]);
    equal(called.code, 0, called.stderr);
    const [found, speed, files] = called.stdout.split("\n");
    match(found, /^\d+ objects on 3 frames; (polyp|tool) \d+/);
    match(
      speed,
      /^[\d.]+ frames a second end to end on cpu \(3 now; ms a frame: decode [\d.]+, prepare [\d.]+, network [\d.]+, read [\d.]+, write [\d.]+\)$/,
    );
    equal(files, `detections.jsonl, detections.csv in ${out}`);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    deepEqual(names, [
      "detections.csv",
      "detections.jsonl",
      "overlay",
      "run.json",
    ]);

    const again = await callVerb(detect, [input, ...words, "--json"]);
    const json = JSON.parse(again.stdout);
    deepEqual([json.frames, json.framesNow, json.kind], [3, 0, "folder"]);
    deepEqual([json.task, json.side, json.licence], ["detect", 64, "unknown"]);
    ok(json.detections > 0);
    deepEqual(Object.keys(json.msPerFrame), [
      "decode",
      "prepare",
      "network",
      "read",
      "write",
    ]);

    const other = await callVerb(detect, [input, ...words, "--every", "2"]);
    equal(other.code, 1);
    match(
      other.stderr,
      /error: Cannot go on with the detection in .*every \(1 then, 2 now\)/,
    );
  }),
);

Deno.test(
  "deno task detect --store proposes what was found",
  inFolder(async (folder) => {
    const { input, words } = await prepare(folder);
    const data = ["--data", `${folder}/data`];
    const call = [input, ...words, "--store", ...data, "--overlay", "off"];
    const called = await callVerb(detect, call);
    equal(called.code, 0, called.stderr);
    match(called.stdout, /sequence 1: \d+ objects proposed with \d+ masks/);
    const again = await callVerb(detect, [...call, "--json"]);
    const { sequenceId, proposed } = JSON.parse(again.stdout);
    deepEqual([sequenceId, proposed.wasThere], [1, true]);
  }),
);

Deno.test(
  "deno task detect refuses wrong words with exit code 2",
  inFolder(async (folder) => {
    const { input, words } = await prepare(folder);
    for (
      const [more, message] of [
        [
          ["--confidence", "2"],
          /--confidence is 2, expected a number from 0 to 1/,
        ],
        [["--iou", ""], /--iou is , expected a number from 0 to 1/],
        [["--size", "100"], /--size is 100, expected a multiple of 32/],
        [["--overlay", "maybe"], /--overlay is maybe, expected one of on, off/],
        [
          ["--every", "0"],
          /--every is 0, expected a whole number of at least 1/,
        ],
        [["--data", folder], /--data belongs to --store/],
        [["--segment-model", "x"], /--segment-model belongs to --store/],
      ] as const
    ) {
      const { code, stderr } = await callVerb(detect, [
        input,
        ...words,
        ...more,
      ]);
      equal(code, 2);
      match(stderr, message);
    }
    const { code, stderr } = await callVerb(detect, [input, "--out", folder]);
    equal(code, 2);
    match(stderr, /expected --model/);
  }),
);

Deno.test(
  "deno task detect says in one sentence which model or class it lacks",
  inFolder(async (folder) => {
    const { input, words } = await prepare(folder);
    const failed = async (...more: string[]) => {
      const { code, stderr } = await callVerb(detect, [
        input,
        ...words,
        ...more,
      ]);
      equal(code, 1);
      return stderr;
    };
    match(
      await failed("--classes", "lesion"),
      /error: .* knows no class lesion, expected one of 0 polyp, 1 tool/,
    );
    match(
      await failed("--model", "sam2-nano"),
      /error: Cannot use .*sam2-nano\.safetensors as a detector: it holds SAM 2/,
    );
    match(
      await failed("--model", "yolo11n"),
      /error: Model yolo11n is not installed: put yolo11n\.pt from https:.* or run deno task models fetch yolo11n/,
    );
  }),
);
