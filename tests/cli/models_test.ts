import { deepEqual, equal, match } from "node:assert/strict";
import { modelRegistry } from "medannotate";
import { models, modelsVerb } from "../../lib/cli/models.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { saveYolo } from "../../lib/yolo/save.ts";
import { formulaWeights } from "../yolo/formula_weights.ts";
import { callVerb } from "./call_verb.ts";

const mini = "tests/golden/sam2/sam2-mini.pt";
const sha256 =
  "2893640660c97274f47aa41f26ea710b753b4b71ab49cfb75b0aef5f1174f7ca";

Deno.test("deno task models list names every official size, source and licence", async () => {
  const { code, stdout } = await callVerb(models, ["list"]);
  equal(code, 0);
  for (const { id, source, licence } of modelRegistry) {
    match(stdout, new RegExp(`^${id} .*· ${licence.slice(0, 10)}`, "m"));
    if (!/^(sam2-nano|yolo11n-scenes)$/.test(id)) {
      match(stdout, new RegExp(`${id} .*${source}`));
    }
  }
});

Deno.test(
  "deno task models add, list and check tell what a file is",
  inFolder(async (folder) => {
    const verb = modelsVerb({ folder, registry: modelRegistry });
    const added = await callVerb(verb, ["add", mini, "--name", "mine"]);
    deepEqual([added.code, added.stderr], [0, ""]);
    deepEqual(added.stdout.split("\n"), [
      "added mine, use it with --model mine",
      "SAM 2.1 custom, 958,410 parameters, 4.0 MB, tensor names of Meta",
      "input side 128 px, known by json beside it",
      "licence unknown",
      `sha256 ${sha256}`,
      `${folder}/user/mine/sam2-mini.pt`,
    ]);
    const again = await callVerb(verb, ["add", mini]);
    match(again.stdout, /is installed already as mine; nothing was copied/);

    const json = await callVerb(verb, ["add", mini, "--json"]);
    const answer = JSON.parse(json.stdout);
    deepEqual(
      [answer.added, answer.id, answer.parameters, answer.sha256],
      [false, "mine", 958_410, sha256],
    );
    const list = JSON.parse((await callVerb(verb, ["list", "--json"])).stdout);
    const mine = list.models.at(-1);
    deepEqual([mine.id, mine.installed, mine.intact], ["mine", true, true]);
    const check = await callVerb(verb, ["check"]);
    deepEqual([check.code, check.stdout], [0, "mine: intact"]);

    const path = `${folder}/user/mine/sam2-mini.pt`;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.slice(0, -1));
    const damaged = await callVerb(verb, ["check", "mine", "--json"]);
    equal(damaged.code, 1);
    const { ok, models: [{ problems }] } = JSON.parse(damaged.stdout);
    deepEqual([ok, problems.length], [false, 2]);
  }),
);

Deno.test(
  "deno task models fails in one line",
  inFolder(async (folder) => {
    const nowhere = "http://127.0.0.1:1/a.pt";
    const registry = [{ ...modelRegistry[1], source: nowhere }];
    const verb = modelsVerb({ folder, registry });
    const fails = async (args: readonly string[], message: RegExp) => {
      const { code, stdout, stderr } = await callVerb(verb, [
        ...args,
        "--json",
      ]);
      deepEqual([code, stdout], [1, ""], stderr);
      equal(stderr.split("\n").length, 1, stderr);
      match(stderr, message);
    };
    await fails(["fetch", "sam2.1-tiny"], /no connection/);
    await fails(["fetch", "../x"], /There is no model \.\.\/x to fetch/);
    await fails(["check", "sam2.1-tiny"], /is not installed/);
    await fails(["add", `${folder}/none.pt`], /there is no such file/);
    await fails(["add", folder], /it is no file/);
    await fails(["add", mini, "--name", "../x"], /Cannot name a model/);
    deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }),
);

Deno.test("deno task models refuses words that mean nothing", async () => {
  for (
    const args of [
      ["install"],
      ["list", "x"],
      ["fetch"],
      ["add"],
      ["list", "--name", "x"],
      ["fetch", "sam2.1-tiny", "--licence", "x"],
    ]
  ) {
    const { code, stderr } = await callVerb(models, args);
    equal(code, 2, stderr);
    match(
      stderr,
      /^error: (models .* is not there, expected list|--\w+ belongs)/,
    );
  }
});

Deno.test(
  "deno task models export writes ONNX, and add tells what a detector is",
  inFolder(async (folder) => {
    const verb = modelsVerb({ folder, registry: modelRegistry });
    const file = `${folder}/polyps.safetensors`;
    saveYolo(file, formulaWeights("yolo11n", ["polyp", "tool"]), {
      metadata: { license: "CC BY 4.0" },
    });
    const added = await callVerb(verb, ["add", file]);
    deepEqual([added.code, added.stderr], [0, ""]);
    // so many the official code counts for two classes
    deepEqual(added.stdout.split("\n").slice(0, 5), [
      "added polyps, use it with --model polyps",
      "YOLO yolo11n (detect), 2,590,230 parameters, 10.5 MB, safetensors",
      "2 classes: polyp, tool",
      "input side 64 px",
      "licence CC BY 4.0",
    ]);
    const out = `${folder}/polyps.onnx`;
    const words = ["export", "polyps", "--out", out];
    const exported = await callVerb(verb, [...words, "--size", "96"]);
    equal(exported.code, 0, exported.stderr);
    match(
      exported.stdout,
      /polyps\.onnx: detect, 2 classes, input 96x96, 10\.\d MB, licence CC BY 4\.0$/,
    );
    const json = await callVerb(verb, [...words, "--batch", "4", "--json"]);
    const { width, batch, classes } = JSON.parse(json.stdout);
    deepEqual([width, batch, classes], [64, 4, ["polyp", "tool"]]);

    const wrong = await callVerb(verb, ["export", "polyps", "--out", "x.pt"]);
    equal(wrong.code, 2);
    match(
      wrong.stderr,
      /--out is x\.pt, expected a file name ending in \.onnx/,
    );
    const misplaced = await callVerb(verb, ["check", "--out", out]);
    match(
      misplaced.stderr,
      /--out belongs to models export, found models check/,
    );
  }),
);
