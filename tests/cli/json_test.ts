// The verbs one after the other, each in a process of its own, as other
// programs call them: one line on standard output, and nothing else.

import { deepEqual, equal, ok } from "node:assert/strict";
import { inFolder } from "../media/temporary_folder.ts";
import { frameCount, onPolyp, writeFrames } from "../work/small_clip.ts";
import { saveYolo } from "../../lib/yolo/save.ts";
import { formulaWeights } from "../yolo/formula_weights.ts";
import { runVerb } from "./call_verb.ts";

/** Runs a verb with --json and gives the object that it printed. */
async function jsonOf(file: string, ...args: string[]) {
  const { code, stdout, stderr } = await runVerb(file, [...args, "--json"]);
  equal(code, 0, stderr);
  const lines = stdout.split("\n");
  deepEqual(lines.slice(1), [""], stdout); // one line and its end
  return JSON.parse(lines[0]);
}

Deno.test(
  "deno task VERB --json prints one line from import to export",
  inFolder(async (folder) => {
    await writeFrames(`${folder}/frames`);
    const prompts = [{ object: 1, frame: 5, tag: "polyp", ...onPolyp }];
    await Deno.writeTextFile(
      `${folder}/prompts.json`,
      JSON.stringify({ prompts }),
    );
    const data = ["--data", `${folder}/data`];

    const imported = await jsonOf("import", `${folder}/frames`, ...data);
    deepEqual([imported.sequenceId, imported.frames], [1, frameCount]);

    const propagated = await jsonOf(
      "propagate",
      "--sequence",
      "1",
      "--prompts",
      `${folder}/prompts.json`,
      "--out",
      `${folder}/out`,
      "--size",
      "64",
      "--device",
      "cpu",
      ...data,
    );
    deepEqual(
      [propagated.framesTracked, propagated.framesDone, propagated.side],
      [11, 11, 64],
    );

    const verified = await jsonOf("verify", ...data);
    deepEqual(verified, {
      ok: true,
      sequences: [{ sequenceId: 1, frames: frameCount, problems: [] }],
    });

    const { tags } = await jsonOf("tags", "list", ...data);
    deepEqual(tags.map(({ code }: { code: string }) => code), ["polyp"]);

    const exported = await jsonOf(
      "export",
      "--format",
      "yolo",
      "--out",
      `${folder}/set`,
      ...data,
    );
    equal(exported.counts[0].frames, frameCount);
  }),
);

Deno.test(
  "deno task segment, models and demo --json print one line",
  inFolder(async (folder) => {
    await writeFrames(`${folder}/frames`);
    const small = ["--size", "64", "--device", "cpu"];
    const segmented = await jsonOf(
      "segment",
      `${folder}/frames/003.png`,
      "--point",
      "97,67,+",
      "--out",
      `${folder}/mask.png`,
      ...small,
    );
    ok(segmented.areaPx > 0);
    equal(segmented.out, `${folder}/mask.png`);

    const { models } = await jsonOf("models", "list");
    deepEqual([models[0].id, models[0].intact], ["sam2-nano", true]);

    const prompts = [{ object: 1, frame: 5, ...onPolyp }];
    const file = `${folder}/prompts.json`;
    await Deno.writeTextFile(file, JSON.stringify({ prompts }));
    const demo = await jsonOf(
      "demo",
      "--input",
      `${folder}/frames`,
      "--prompts",
      file,
      "--out",
      `${folder}/demo`,
      ...small,
    );
    deepEqual([demo.frames, demo.objects], [frameCount, 1]);
    ok((await Deno.stat(demo.page)).isFile);
  }),
);

Deno.test(
  "deno task evaluate --json prints one line, without curves",
  inFolder(async (folder) => {
    const truth = {
      images: [{ id: 1, width: 9, height: 9, file_name: "a.png" }],
      categories: [{ id: 1, name: "polyp" }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 4, 4] }],
    };
    await Deno.writeTextFile(`${folder}/t.json`, JSON.stringify(truth));
    await Deno.writeTextFile(`${folder}/p.json`, "[]");
    const files = [
      "--truth",
      `${folder}/t.json`,
      "--predictions",
      `${folder}/p.json`,
    ];
    const { images, boxes } = await jsonOf("evaluate", "predictions", ...files);
    deepEqual([images, boxes.coco.ap, boxes.curves], [1, 0, undefined]);
  }),
);

Deno.test(
  "deno task detect and models export --json print one line",
  inFolder(async (folder) => {
    await writeFrames(`${folder}/frames`);
    const model = `${folder}/own.safetensors`;
    saveYolo(model, formulaWeights("yolo11n", ["polyp"]));
    const onnx = `${folder}/own.onnx`;
    const exported = await jsonOf("models", "export", model, "--out", onnx);
    deepEqual([exported.out, exported.width], [onnx, 64]);
    const found = await jsonOf(
      "detect",
      `${folder}/frames`,
      "--model",
      onnx,
      "--out",
      `${folder}/out`,
      "--device",
      "cpu",
      "--track",
    );
    deepEqual([found.frames, found.kind], [frameCount, "folder"]);
    ok(found.fps > 0);
  }),
);

Deno.test("deno task VERB --json prints nothing on standard output when it fails", async () => {
  const { code, stdout, stderr } = await runVerb("segment", [
    "nothing.png",
    "--point",
    "1,1,+",
    "--json",
  ]);
  equal(code, 1);
  equal(stdout, "");
  ok(stderr.startsWith("error: Cannot "), stderr);
});
