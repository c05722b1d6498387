// Input that is wrong, broken or hostile: every call says what is the matter
// and leaves the data folder as it was, to the byte.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { encodePng, listSequences, openDataStore } from "medannotate";
import { demo } from "../../lib/cli/demo.ts";
import { exportVerb } from "../../lib/cli/export.ts";
import { importVerb } from "../../lib/cli/import.ts";
import { propagate } from "../../lib/cli/propagate.ts";
import { segment } from "../../lib/cli/segment.ts";
import { verify } from "../../lib/cli/verify.ts";
import type { Command } from "../../lib/cli/command.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import type { Tensor } from "../../lib/base/tensor.ts";
import {
  bytesOf,
  dictPickle,
  op,
  tensorPickle,
  zipOf,
} from "../weights/torch_builder.ts";
import { onPolyp, onWall, writeFrames } from "../work/small_clip.ts";
import { callVerb } from "./call_verb.ts";

const folder = await Deno.makeTempDir({ prefix: "medannotate-bad-" });
const data = `${folder}/data`;
const small = ["--size", "64", "--device", "cpu"];
const inData = ["--data", data];
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** What is no data: SQLite's log (empty once a store is closed) with its index, and who wrote last. */
const passing = /(\.db-shm|\.db-wal|\/masks\/\d+\.lock)$/;

/** Every file and folder below a folder with the sha256 of what it holds. */
async function snapshot(place: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(place)) {
    const path = `${place}/${name}`;
    if (passing.test(path) && await isEmptyOrIndex(path)) continue;
    if (!isDirectory) {
      const bytes = await Deno.readFile(path);
      found[path] = createHash("sha256").update(bytes).digest("hex");
    } else Object.assign(found, { [path]: "" }, await snapshot(path));
  }
  return found;
}

/** SQLite may remove the log of a closed store at any moment. */
async function isEmptyOrIndex(path: string): Promise<boolean> {
  if (!path.endsWith("-wal")) return true;
  return await Deno.stat(path).then(({ size }) => size === 0, () => true);
}

/** A data folder with a propagated clip, and broken things beside it. */
async function prepare() {
  await writeFrames(`${folder}/frames`);
  await writeFrames(`${folder}/other`);
  await Deno.remove(`${folder}/other/011.png`);
  await writePrompts("good.json", [{ object: 1, frame: 4, ...onPolyp }]);
  const { code, stderr } = await callVerb(propagate, [
    `${folder}/frames`,
    "--prompts",
    `${folder}/good.json`,
    ...small,
    ...inData,
  ]);
  equal(code, 0, stderr);

  const video = await Deno.readFile("data/sample/clip.mp4");
  const half = video.slice(0, video.length >> 1);
  await Deno.writeFile(`${folder}/truncated.mp4`, half);
  await Deno.writeTextFile(`${folder}/text.mp4`, "this is no video\n");
  await Deno.writeTextFile(`${folder}/text.png`, "this is no picture\n");
  await Deno.mkdir(`${folder}/empty`);
  await writeFrames(`${folder}/mixed`);
  const wide = { width: 161, height: 120, data: new Uint8Array(161 * 360) };
  await Deno.writeFile(`${folder}/mixed/006.png`, await encodePng(wide));
  const png = await Deno.readFile(`${folder}/frames/000.png`);
  await writeFrames(`${folder}/broken`);
  await Deno.writeFile(`${folder}/broken/006.png`, png.slice(0, 9000));
}

async function writePrompts(name: string, prompts: readonly unknown[]) {
  const path = `${folder}/${name}`;
  await Deno.writeTextFile(path, JSON.stringify({ prompts }));
}

await prepare();
const before = await snapshot(data);

/** Calls a verb that must fail with a message, and change nothing. */
async function refuses(
  verb: Command,
  args: readonly string[],
  message: RegExp,
  { code: expected = 1 } = {},
) {
  const { code, stdout, stderr } = await callVerb(verb, [...args, "--json"]);
  const call = `${verb.name} ${args.join(" ")}\n${stderr}`;
  if (Deno.env.get("SHOW")) console.log(call);
  equal(code, expected, call);
  equal(stdout, "", call);
  match(stderr, /^error: /, call);
  match(stderr, message, call);
  if (expected === 1) equal(stderr.split("\n").length, 1, call);
  deepEqual(await snapshot(data), before, call);
}

/** A test for each place that takes a clip. */
function clipTest(
  name: string,
  input: string,
  message: RegExp,
  { isOpened = false } = {},
) {
  const path = `${folder}/${input}`;
  Deno.test(`deno task import, propagate and demo refuse ${name}`, async () => {
    await refuses(importVerb, [path, ...inData], message);
    const prompts = ["--prompts", `${folder}/good.json`];
    await refuses(
      propagate,
      [path, ...prompts, ...small, ...inData],
      message,
    );
    const out = `${folder}/demo-of-${input}`;
    await refuses(
      demo,
      ["--input", path, "--out", out, ...prompts, ...small],
      message,
    );
    await refuses(importVerb, [path, "--data", out], message);
    if (isOpened) equal(await countFrames(out), 0);
    else equal(await Deno.stat(out).catch(() => "nothing"), "nothing");
  });
}

/** How many frames the stores below a folder hold. */
async function countFrames(out: string): Promise<number> {
  let count = 0;
  for (const place of [out, `${out}/store`]) {
    const store = await openDataStore({ folder: place });
    const sequences = await listSequences(store);
    count += sequences.reduce((sum, { frameCount }) => sum + frameCount, 0);
    await store.close();
  }
  return count;
}

clipTest(
  "a truncated video",
  "truncated.mp4",
  /Cannot read video truncated\.mp4: .*Expected a complete video file/,
);
clipTest(
  "a text that is called .mp4",
  "text.mp4",
  /Cannot read video text\.mp4: .*Expected a complete video file/,
);
clipTest(
  "an empty folder",
  "empty",
  /Cannot open image folder .*empty: it holds 0 files but no picture/,
);
clipTest(
  "pictures of two sizes",
  "mixed",
  /000\.png has 160x120 pixels, but 006\.png has 161x120\. Expected one size/,
);
// only found out while its pixels are read, when there is a new store already
clipTest("a picture that is cut off", "broken", /Cannot read .*006\.png/, {
  isOpened: true,
});
clipTest(
  "a place where nothing is",
  "nothing",
  /there is no such file or folder/,
);

/** Prompts that do not fit; propagate and demo name the entry. */
const wrongPrompts: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "a point outside the frame": [
    { object: 1, frame: 0, ...onPolyp, x: 500 },
    /prompts\[1\]: Point \(500, 67\) is outside the frame of 160x120 pixels/,
  ],
  "object 0": [
    { object: 0, frame: 0, ...onPolyp },
    /prompts\[1\]\.object: .*expected number to be >0/,
  ],
  "an object that is no number": [
    { object: "x", frame: 0, ...onPolyp },
    /prompts\[1\]\.object: .*expected number/,
  ],
  "a frame past the end": [
    { object: 1, frame: 12, ...onPolyp },
    /prompts\[1\]: frame 12 is past the end, the sequence has frames 0 to 11/,
  ],
  "a sign that is none": [
    { object: 1, frame: 0, ...onPolyp, sign: "?" },
    /prompts\[1\]\.sign: /,
  ],
  "a box inside out": [
    { object: 1, frame: 0, kind: "box", x0: 9, y0: 9, x1: 3, y1: 12 },
    /prompts\[1\]: Box \(9, 9\) to \(3, 12\) is empty or outside/,
  ],
  "a mask that is not there": [
    { object: 1, frame: 0, kind: "mask", png: "m.png" },
    /prompts\[1\]: .*m\.png/,
  ],
  "a kind that is none": [
    { object: 1, frame: 0, kind: "circle" },
    /prompts\[1\]\.kind: /,
  ],
};

for (const [name, [prompt, message]] of Object.entries(wrongPrompts)) {
  Deno.test(`deno task propagate and demo refuse prompts with ${name}`, async () => {
    await writePrompts("bad.json", [
      { object: 1, frame: 0, ...onPolyp },
      prompt,
    ]);
    await refusePrompts("bad.json", message);
  });
}

async function refusePrompts(name: string, message: RegExp) {
  const prompts = ["--prompts", `${folder}/${name}`, ...small];
  const named = new RegExp(`Cannot use .*${name}: .*${message.source}`);
  await refuses(
    propagate,
    ["--sequence", "1", ...prompts, ...inData],
    named,
  );
  await refuses(propagate, [`${folder}/frames`, ...prompts, ...inData], named);
  const out = `${folder}/demo-refused`;
  await refuses(
    demo,
    ["--input", `${folder}/frames`, "--out", out, ...prompts],
    named,
  );
  equal(await Deno.stat(out).catch(() => "nothing"), "nothing");
}

Deno.test("deno task propagate and demo refuse prompts that are no JSON, empty or not there", async () => {
  await Deno.writeTextFile(`${folder}/text.json`, "object 1 at 5,5");
  await refusePrompts("text.json", /Unexpected token|not valid JSON/);
  await writePrompts("empty.json", []);
  await refusePrompts("empty.json", /prompts: /);
  await Deno.writeTextFile(`${folder}/list.json`, "[1, 2]");
  await refusePrompts("list.json", /the file: .*expected object/);
  await refusePrompts("absent.json", /No such file/);
});

Deno.test("deno task propagate refuses other prompts, frames and options without --restart", async () => {
  await writePrompts("others.json", [{ object: 1, frame: 4, ...onWall }]);
  const sequence = ["--sequence", "1", ...inData];
  await refuses(
    propagate,
    [...sequence, ...small, "--prompts", `${folder}/others.json`],
    /Cannot add .*others\.json: sequence 1 has 1 other prompts\. --restart/,
  );
  await refuses(
    propagate,
    [...sequence, "--size", "96", "--device", "cpu"],
    /Cannot go on with run 1 of sequence 1: these differ: side \(64 then, 96 now\)/,
  );
  await refuses(
    propagate,
    [...sequence, ...small, "--from", "3", "--to", "20"],
    /Cannot propagate frames 3 to 20, the sequence has frames 0 to 11/,
  );
});

Deno.test("deno task propagate, export and verify name the sequences that there are", async () => {
  const unknown = ["--sequence", "7", ...inData];
  const message = /No sequence 7 in the store: there are 1 \(.*frames\)|1 \(/;
  await refuses(propagate, [...unknown, ...small], message);
  await refuses(verify, unknown, message);
  const out = `${folder}/set`;
  await refuses(
    exportVerb,
    ["--format", "yolo", "--out", out, ...unknown],
    message,
  );
  equal(await Deno.stat(out).catch(() => "nothing"), "nothing");
  for (const wrong of ["x", "0", "-1", "1.5", ""]) {
    await refuses(
      verify,
      [`--sequence=${wrong}`, ...inData],
      /--sequence is .*, expected the number of one/,
      { code: 2 },
    );
  }
});

Deno.test("deno task segment refuses points, boxes and pictures that do not fit", async () => {
  const image = `${folder}/frames/000.png`;
  const good = ["--point", "97,67,+"];
  await refuses(
    segment,
    [image, "--point", "161,5,+", ...small],
    /Point \(161, 5\) is outside the frame of 160x120 pixels/,
  );
  await refuses(
    segment,
    [image, "--box", "9,9,3,12", ...small],
    /Box \(9, 9\) to \(3, 12\) is empty/,
  );
  await refuses(
    segment,
    [`${folder}/text.png`, ...good, ...small],
    /Cannot read .*text\.png/,
  );
  await refuses(
    segment,
    [`${folder}/absent.png`, ...good, ...small],
    /Cannot read .*absent\.png/,
  );
  for (const wrong of ["5,5", "5,5,*", ",5,+", "5, ,+", "1e1,5,+", "a,b,+"]) {
    await refuses(
      segment,
      [image, "--point", wrong],
      /--point is .*, expected X,Y,\+ or X,Y,-/,
      { code: 2 },
    );
  }
  for (const wrong of ["1,,5,5", "1,2,3", "1,2,3,4,5", "1,2,3,x"]) {
    await refuses(segment, [image, "--box", wrong], /expected X0,Y0,X1,Y1/, {
      code: 2,
    });
  }
});

/** Segments and propagates with a model that must be refused. */
async function refuseModel(model: string, message: RegExp) {
  const options = ["--model", model, ...small];
  await refuses(
    segment,
    [`${folder}/frames/000.png`, "--point", "97,67,+", ...options],
    message,
  );
  await refuses(
    propagate,
    [
      `${folder}/other`,
      "--prompts",
      `${folder}/good.json`,
      ...options,
      ...inData,
    ],
    message,
  );
}

/** Writes the nano model as safetensors with some of its tensors changed. */
async function writeModel(
  name: string,
  change: (tensors: Map<string, Tensor>) => void,
): Promise<string> {
  const nano = openCheckpoint("tests/golden/sam2/sam2-nano-bootstrap.pt");
  const tensors = new Map(
    [...nano.tensors.keys()].map((key) => [key, nano.read(key)]),
  );
  nano.close();
  change(tensors);
  const path = `${folder}/${name}`;
  writeSafetensors(`${path}.safetensors`, tensors);
  await Deno.copyFile(
    "tests/golden/sam2/sam2-nano-bootstrap.json",
    `${path}.json`,
  );
  return `${path}.safetensors`;
}

Deno.test("deno task segment and propagate refuse a model that nobody knows", async () => {
  await refuseModel(
    "sam9",
    /There is no model sam9: neither a checkpoint file nor one of sam2-nano, /,
  );
  await refuseModel(
    "sam2.1-tiny",
    /Model sam2\.1-tiny is not installed: put sam2\.1_hiera_tiny\.pt from https:/,
  );
  await refuseModel(folder, /There is no model /);
});

Deno.test("deno task segment and propagate name a tensor that is missing, misshaped or no number", async () => {
  const name = "sam_mask_decoder.iou_token.weight";
  const missing = await writeModel("missing", (tensors) => {
    tensors.delete(name);
  });
  await refuseModel(
    missing,
    new RegExp(`${name} is missing, expected shape \\[1,128\\]`),
  );
  const layer = "memory_attention.layers.1.norm1.weight";
  const layerless = await writeModel("layerless", (tensors) => {
    tensors.delete(layer);
  });
  await refuseModel(layerless, new RegExp(`${layer} is missing`));
  const misshaped = await writeModel("misshaped", (tensors) => {
    tensors.set(name, { dims: [1, 64], data: new Float32Array(64) });
  });
  await refuseModel(
    misshaped,
    new RegExp(`${name} has shape \\[1,64\\], expected \\[1,128\\]`),
  );
  const notNumbers = await writeModel("nan", (tensors) => {
    const { dims, data } = tensors.get(name)!;
    tensors.set(name, { dims, data: data.with(7, NaN) });
  });
  await refuseModel(
    notNumbers,
    new RegExp(`${name} holds NaN at index 7, expected numbers`),
  );
});

Deno.test("deno task segment and propagate refuse files that are damaged, hostile or something else", async () => {
  const nano = await Deno.readFile("tests/golden/sam2/sam2-nano-bootstrap.pt");
  await Deno.writeFile(`${folder}/half.pt`, nano.slice(0, nano.length >> 1));
  await refuseModel(`${folder}/half.pt`, /Cannot read checkpoint .*half\.pt: /);

  const witness = `${folder}/witness`;
  const call = bytesOf(
    op.global("os", "system"),
    op.mark,
    op.text(`touch ${witness}`),
    op.tuple,
    op.reduce,
  );
  const pickle = dictPickle({
    w: tensorPickle({ values: 1, dims: [1], strides: [1] }),
    x: call,
  });
  await Deno.writeFile(
    `${folder}/hostile.pt`,
    zipOf({ "archive/data.pkl": pickle, "archive/data/0": new Uint8Array(4) }),
  );
  await refuseModel(
    `${folder}/hostile.pt`,
    /hostile\.pt.*os\.system.*nothing was run/,
  );
  equal(await Deno.stat(witness).catch(() => "nothing"), "nothing");

  await refuseModel(`${folder}/text.mp4`, /expected a zip archive \(\.pt\)/);

  const sizeless = await writeModel("sizeless", () => {});
  await Deno.writeTextFile(`${folder}/sizeless.json`, "{ size: 5 }");
  await refuseModel(sizeless, /Cannot use .*sizeless\.json.* is no JSON/);
  await Deno.writeTextFile(`${folder}/sizeless.json`, "{}");
  await refuseModel(sizeless, /sizeless\.json does not tell its sizes \(/);
  await Deno.remove(`${folder}/sizeless.json`);
  await refuseModel(sizeless, /no JSON file beside the checkpoint tells/);
});

const hasGpu = await Deno.stat("/dev/nvidia0").then(() => true, () => false);

Deno.test({
  name: "deno task segment and propagate say that a device is not there",
  ignore: hasGpu,
  fn: async () => {
    const message = /Cannot use device cuda on this machine: .*--device cpu/;
    const options = ["--device", "cuda", "--size", "64"];
    await refuses(
      segment,
      [`${folder}/frames/000.png`, "--point", "97,67,+", ...options],
      message,
    );
    await refuses(
      propagate,
      ["--sequence", "1", ...options, ...inData],
      message,
    );
  },
});

Deno.test("deno task segment and propagate refuse sides and devices that cannot be", async () => {
  const image = [`${folder}/frames/000.png`, "--point", "97,67,+"];
  for (const size of ["100", "0", "31", "x", ""]) {
    await refuses(segment, [...image, `--size=${size}`], /--size is /, {
      code: 2,
    });
  }
  await refuses(
    segment,
    [...image, "--device", "tpu"],
    /--device is tpu, expected one of auto, cpu, webgpu, cuda/,
    { code: 2 },
  );
});

Deno.test("deno task import stops at once when it is cancelled, and stores nothing", async () => {
  const signal = AbortSignal.abort();
  const { code, stderr } = await callVerb(
    importVerb,
    [`${folder}/other`, ...inData],
    { signal },
  );
  deepEqual([code, stderr], [130, "Cancelled: import at frame 0"]);
  deepEqual(await snapshot(data), before);
  ok(Object.keys(before).length > 12);
});
