import { deepEqual, equal, match } from "node:assert/strict";
import { pretrain } from "../../lib/cli/pretrain.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { callVerb } from "./call_verb.ts";

Deno.test("deno task pretrain refuses words that mean nothing for the model", async () => {
  for (
    const [words, expected] of [
      [
        ["yolo11s", "--out", "x"],
        /no model yolo11s, expected sam2-nano or yolo11n/,
      ],
      [["yolo11n"], /expected --out/],
      [
        ["yolo11n", "--out", "x", "--steps", "5"],
        /--steps is only for sam2-nano/,
      ],
      [
        ["sam2-nano", "--out", "x", "--images", "5"],
        /--images is only for yolo11n/,
      ],
      [
        ["yolo11n", "--out", "x", "--rate", "0"],
        /--rate is 0, expected a number/,
      ],
    ] as const
  ) {
    const { code, stdout, stderr } = await callVerb(pretrain, words);
    deepEqual([code, stdout], [2, ""], words.join(" "));
    match(stderr, expected);
  }
});

Deno.test(
  "deno task pretrain yolo11n --json tells the weights, the images and the last row",
  inFolder(async (folder) => {
    const words = "yolo11n --images 5 --size 64 --batch 2 --validate 3 --json";
    const { code, stdout, stderr } = await callVerb(
      pretrain,
      [...words.split(" "), "--device", "cpu", "--out", `${folder}/run`],
    );
    equal(code, 0, stderr);
    const { weights, images, last } = JSON.parse(stdout);
    equal(weights, `${folder}/run/weights.safetensors`);
    // five images fill two and a half steps, and the third is whole
    deepEqual([images, last.step, last.imagesSeen], [6, 3, 6]);
    equal(last.losses.length, 3);
    const { map50, map50to95, classes } = last.validation;
    deepEqual([typeof map50, typeof map50to95, typeof classes], [
      "number",
      "number",
      "object",
    ]);
  }),
);
