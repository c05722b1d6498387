import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  addModel,
  checkModels,
  detectObjects,
  exportModel,
  type ModelPlace,
  openDetector,
  openModel,
  type RgbImage,
} from "medannotate";
import { readModelInfo } from "../../lib/onnx/read_model_info.ts";
import { saveYolo } from "../../lib/yolo/save.ts";
import { openYoloFile } from "../../lib/work/yolo_file.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import { formulaWeights } from "../yolo/formula_weights.ts";

const names = ["polyp", "it's"];

/** A picture with some structure. */
const image: RgbImage = {
  width: 96,
  height: 64,
  data: Uint8Array.from(
    { length: 96 * 64 * 3 },
    (_, i) => 128 + 127 * Math.sin(i * i / 5000),
  ),
};
const all = { confidence: 0.01, maxDetections: 30 };

/** What a model finds in the picture, rounded. */
async function found(model: string, cache: string) {
  const detector = await openDetector({ model, device: "cpu" }, { cache });
  try {
    const list = await detectObjects(detector.engine, image, {
      ...all,
      isRect: false,
    });
    return list.map(({ box, classNumber, confidence, mask }) => ({
      box: Object.values(box).map((side) => side.toFixed(2)).join(" "),
      classNumber,
      confidence: confidence.toFixed(4),
      runs: mask?.counts.length,
    }));
  } finally {
    await detector.close();
  }
}

for (const id of ["yolo11n", "yolo11n-seg"] as const) {
  Deno.test(
    `openDetector() finds the same with ${id} as safetensors and as ONNX`,
    inFolder(async (folder) => {
      const own = `${folder}/own.safetensors`;
      saveYolo(own, formulaWeights(id, names), {
        metadata: { "medannotate.licence": "CC0" },
      });
      const exported = await exportModel(own, `${folder}/own.onnx`);
      deepEqual([exported.width, exported.height, exported.licence], [
        64,
        64,
        "CC0",
      ]);
      const first = await found(own, folder);
      ok(first.length > 3, `only ${first.length} were found`);
      deepEqual(await found(`${folder}/own.onnx`, folder), first);
    }),
  );
}

Deno.test(
  "exportModel() writes the metadata that other programs read",
  inFolder(async (folder) => {
    const own = `${folder}/own.safetensors`;
    saveYolo(own, formulaWeights("yolo11n", names));
    const out = `${folder}/new/own.onnx`;
    await exportModel(own, out, { side: 96, batch: 2 });
    const { metadata, inputs, outputs } = readModelInfo(out);
    deepEqual(metadata, {
      description: "yolo11n saved by MedAnnotate",
      author: "medannotate",
      license: "unknown",
      stride: "32",
      task: "detect",
      batch: "2",
      imgsz: "[96, 96]",
      names: `{0: 'polyp', 1: "it's"}`,
      channels: "3",
    });
    deepEqual(inputs[0].dims, [2, 3, 96, 96]);
    deepEqual(outputs[0], {
      name: "output0",
      type: "float32",
      dims: [2, 6, 189], // 12² + 6² + 3² places
    });
    await rejects(exportModel(own, out, { side: 100 }), /multiples of 32/);
    await rejects(exportModel(out, out), /it is ONNX already/);
  }),
);

Deno.test(
  "openDetector() takes another size, but not of an export that fixes it",
  inFolder(async (folder) => {
    const own = `${folder}/own.safetensors`;
    saveYolo(own, formulaWeights("yolov8n", names));
    await exportModel(own, `${folder}/own.onnx`);
    const at96 = await openDetector({ model: own, size: 96, device: "cpu" }, {
      cache: folder,
    });
    equal(at96.engine.imageSide, 96);
    await at96.close();
    await rejects(
      openDetector({ model: `${folder}/own.onnx`, size: 96 }),
      /at 96 pixels: it was exported for 64x64 alone/,
    );
    await rejects(
      openDetector({ model: own, size: 100 }),
      /at 100 pixels, expected a multiple of 32/,
    );
  }),
);

Deno.test(
  "openDetector() and openModel() tell each other's files apart",
  inFolder(async (folder) => {
    const own = `${folder}/own.safetensors`;
    saveYolo(own, formulaWeights("yolo11n", names));
    await exportModel(own, `${folder}/own.onnx`);
    await rejects(
      openDetector({ model: "sam2-nano" }),
      /sam2-nano\.safetensors as a detector: it holds SAM 2, expected a YOLO/,
    );
    await rejects(
      openModel({ model: own }),
      /it is a YOLO model .*expected SAM 2/,
    );
    await rejects(
      openModel({ model: `${folder}/own.onnx` }),
      /own\.onnx: it is an ONNX model, expected/,
    );
  }),
);

Deno.test(
  "openDetector() names what a file lacks",
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/x.onnx`, "no model");
    await rejects(
      openDetector({ model: `${folder}/x.onnx` }),
      /Cannot read ONNX file .*x\.onnx: byte 0/,
    );
    await rejects(
      openDetector({ model: `${folder}/none.pt` }),
      /There is no model .*none\.pt: neither a checkpoint file nor one of/,
    );
    await rejects(
      openDetector({ model: "yolo11n" }),
      /yolo11n is not installed/,
    );
  }),
);

Deno.test(
  "addModel() and checkModels() know YOLO as checkpoint and as ONNX",
  inFolder(async (folder) => {
    const place: ModelPlace = { folder: `${folder}/models`, registry: [] };
    const own = `${folder}/polyps.safetensors`;
    saveYolo(own, formulaWeights("yolo11n-seg", names), {
      metadata: { license: "AGPL-3.0" },
    });
    const { record, recognised } = await addModel(own, {}, place);
    ok(record.family === "yolo" && recognised.family === "yolo");
    deepEqual(
      [record.id, record.size, record.task, record.imageSize, record.licence],
      ["polyps", "yolo11n", "segment", 64, "AGPL-3.0"],
    );
    deepEqual("classes" in record && record.classes, names);
    await exportModel("polyps", `${folder}/exported.onnx`, {}, place);
    const exported = await addModel(`${folder}/exported.onnx`, {
      licence: "mine",
    }, place);
    deepEqual(
      [exported.record.id, exported.record.size, exported.record.licence],
      ["exported", "exported", "mine"],
    );
    const checks = await checkModels(undefined, {}, place);
    deepEqual(checks.map(({ id, problems }) => [id, problems]), [
      ["exported", []],
      ["polyps", []],
    ]);
  }),
);

sharedTest(
  "openYoloFile() reads best.pt of Ultralytics with its licence and design",
  () => {
    const folder = new URL("golden/yolo/pt/", sharedUrl).pathname;
    for (
      const [name, task, classes] of [
        ["yolo11n-shapes-det", "detect", ["circle", "square", "triangle"]],
        ["yolo11n-shapes-seg", "segment", ["round", "angular"]],
      ] as const
    ) {
      const path = `${folder}${name}.pt`;
      const file = openYoloFile(path);
      ok(file.kind === "checkpoint");
      const { network } = file.weights;
      deepEqual([network.task, network.names], [task, classes]);
      equal(file.licence, "AGPL-3.0 (https://ultralytics.com/license)");
      file.close();
    }
  },
);
