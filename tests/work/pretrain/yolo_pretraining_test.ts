import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { CancelledError, openRuntime, type Runtime } from "medannotate";
import { openCheckpoint } from "../../../lib/weights/open_checkpoint.ts";
import {
  pretrainDetector,
  type PretrainDetectorRequest,
} from "../../../lib/work/pretrain/open_yolo_pretraining.ts";
import {
  stepSettingsAt,
  yoloScenesSettings,
} from "../../../lib/work/pretrain/yolo_settings.ts";
import { yoloWeights } from "../../../lib/yolo/weights.ts";

const tiny = { side: 64, images: 36, batch: 2, warmup: 4, validationImages: 6 };

async function inRun(
  work: (place: {
    folder: string;
    runtime: Runtime;
    pretrain: (
      out: string,
      more?: Partial<PretrainDetectorRequest>,
    ) => ReturnType<typeof pretrainDetector>;
  }) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu" });
  try {
    await work({
      folder,
      runtime,
      pretrain: (out, more = {}) =>
        pretrainDetector(runtime, {
          ...{ out: join(folder, out), settings: tiny, stepsPerRow: 3 },
          ...more,
        }),
    });
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The rows without their seconds. */
async function curveOf(out: string) {
  const text = await Deno.readTextFile(join(out, "curve.jsonl"));
  return text.trim().split("\n").map((line) => {
    const { seconds: _, ...row } = JSON.parse(line);
    return row;
  });
}

Deno.test("pretrainDetector() gives the same curve and weights whether it was stopped or not", async () => {
  await inRun(async ({ folder, pretrain }) => {
    const { weightsPath, rows } = await pretrain("whole");
    // 36 scenes in steps of two, a row every three steps
    deepEqual(rows.map(({ step }) => step), [3, 6, 9, 12, 15, 18]);
    deepEqual(
      rows.map(({ validation }) => validation !== undefined),
      [false, false, false, false, true, true],
    );
    const stop = new AbortController();
    await rejects(
      pretrain("stopped", {
        signal: stop.signal,
        // in the second block of eight steps, before the first validation
        onRow: ({ step }) => step === 12 && stop.abort(),
      }),
      CancelledError,
    );
    const again = await pretrain("stopped");
    deepEqual(
      await curveOf(join(folder, "stopped")),
      await curveOf(join(folder, "whole")),
    );
    deepEqual(
      await Deno.readFile(again.weightsPath),
      await Deno.readFile(weightsPath),
    );
    // a run that is over stays as it is
    deepEqual((await pretrain("whole")).rows.length, 6);
  });
});

Deno.test("pretrainDetector() saves a detector of four classes in half precision that says what it learnt from", async () => {
  await inRun(async ({ pretrain }) => {
    const { weightsPath } = await pretrain("run", {
      settings: { ...tiny, images: 4 },
    });
    const file = openCheckpoint(weightsPath);
    try {
      deepEqual(yoloWeights(file).network.names, [
        "protrusion",
        "instrument",
        "depression",
        "fluid artefact",
      ]);
      equal(yoloWeights(file).network.imageSide, 64);
      equal(file.metadata["medannotate.licence"], "MIT");
      equal(file.metadata["medannotate.trainedOn"], "generated images only");
      ok([...file.tensors.values()].every(({ type }) => type === "float16"));
    } finally {
      file.close();
    }
    ok((await Deno.stat(weightsPath)).size < 6e6);
  });
});

Deno.test("pretrainDetector() refuses other settings in the folder by name, and begins anew when asked", async () => {
  await inRun(async ({ pretrain }) => {
    const settings = { ...tiny, images: 4 };
    await pretrain("run", { settings });
    await rejects(
      pretrain("run", { settings: { ...settings, images: 6, side: 96 } }),
      /these differ: side \(64 then, 96 now\), images \(4 then, 6 now\)\. --restart/,
    );
    const { rows } = await pretrain("run", {
      settings: { ...settings, images: 6 },
      restart: true,
    });
    equal(rows.at(-1)?.imagesSeen, 6);
  });
});

Deno.test("stepSettingsAt() rises in a line, then falls along a cosine to the last share", () => {
  const settings = {
    ...yoloScenesSettings,
    ...{ images: 800, batch: 8, warmup: 10, rate: 1e-3, lastShare: 0.02 },
  };
  const rateAt = (step: number) => stepSettingsAt(step, settings).rates[0];
  equal(rateAt(0), 0);
  // half way up, the cosine has hardly begun: 0.994 of the rate at step 5 of 100
  ok(Math.abs(rateAt(5) - 0.5 * 1e-3 * 0.994) < 2e-6, `${rateAt(5)}`);
  // in the middle: the mean of the whole rate and the last share
  ok(Math.abs(rateAt(50) - 1e-3 * 0.51) < 1e-9, `${rateAt(50)}`);
  ok(rateAt(99) < 1e-3 * 0.0205 && rateAt(99) >= 1e-3 * 0.02);
});
