// Parity: everything a golden folder holds, compared with what we compute.
//
// The folder is laid out as the official code's numbers are: modules of small
// models, scripted sessions, the image predictor, a training step's gradients,
// full sizes by formula. What
// it holds counts as expected; what nothing here computes counts as failed,
// unless the caller left it out by a pattern.

import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { Size } from "../../base/tensor.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import { readImage } from "../../media/image.ts";
import { openImageFolder } from "../../media/image_folder.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import {
  type Engine,
  type FrameFeatures,
  openEngine,
} from "../../sam2/engine.ts";
import { encodeFrame } from "../../sam2/image.ts";
import type { VideoSource } from "../../sam2/video.ts";
import { openSafetensors } from "../../weights/safetensors.ts";
import { openSam2File, sha256OfFile } from "../model_file.ts";
import type { Check, Comparison } from "./compare.ts";
import { FullSize, fullSizeChecks } from "./full_size.ts";
import { gradientChecks, Gradients } from "./gradients.ts";
import { ImagePredictor, imagePredictorChecks } from "./image_predictor.ts";
import { moduleChecks } from "./modules.ts";
import { graphRunner } from "./run_graph.ts";
import { sessionChecks, Sessions } from "./sessions.ts";
import { yoloChecks } from "./yolo.ts";

/** The outcome of a comparison, worst error over tolerance first. */
export type ParityReport = {
  readonly ok: boolean;
  /** How many numbers and tensors the folder holds, less what was left out. */
  readonly expected: number;
  readonly compared: number;
  readonly tensors: readonly Comparison[];
  /** What was expected but not compared, and why. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
};

/**
 * Compares a folder laid out as the goldens of SAM 2 or YOLO are.
 *
 * @param options.only a regular expression; what does not match is left out
 * @throws RangeError when the folder holds nothing that is known
 */
export async function compareFolder(
  folder: string,
  runtime: Runtime,
  { only, onProgress }: { only?: RegExp; onProgress?: OnProgress } = {},
): Promise<ParityReport> {
  const scratch = await Deno.makeTempDir({ prefix: "medannotate-parity-" });
  const close: (() => Promise<void> | void)[] = [];
  try {
    const checks = await listChecks(folder, runtime, { scratch, close });
    if (checks.length === 0) {
      throw new RangeError(
        `Cannot compare ${folder}: it holds no modules-*.safetensors, sessions.json, image-predictor.json or full-size.json of SAM 2, and no ops or formula of YOLO`,
      );
    }
    return await runChecks(checks, { only, onProgress });
  } finally {
    for (const step of close) await step();
    await Deno.remove(scratch, { recursive: true });
  }
}

async function runChecks(
  checks: readonly Check[],
  { only, onProgress }: { only?: RegExp; onProgress?: OnProgress },
): Promise<ParityReport> {
  const chosen = checks.filter(({ name }) => !only || only.test(name));
  const tensors: Comparison[] = [];
  const missing: { name: string; why: string }[] = [];
  let expected = 0;
  const report = startProgress("parity", chosen.length, { onProgress });
  for (const [i, check] of chosen.entries()) {
    if (!check.compare) {
      expected += check.count;
      missing.push({ name: check.name, why: "nothing here computes it yet" });
    } else {
      try {
        const found = await check.compare();
        const kept = found.filter(({ name }) => !only || only.test(name));
        const isWhole = kept.length === found.length;
        expected += isWhole ? check.count : kept.length;
        tensors.push(...kept);
      } catch (error) {
        expected += check.count;
        missing.push({ name: check.name, why: messageOf(error) });
      }
    }
    report(i + 1);
  }
  const rank = ({ error, tolerance, ok }: Comparison) =>
    tolerance > 0 ? error / tolerance : ok ? 0 : Infinity;
  tensors.sort((a, b) => rank(b) - rank(a));
  const isComplete = tensors.length >= expected && missing.length === 0;
  return {
    ok: isComplete && expected > 0 && tensors.every(({ ok }) => ok),
    expected,
    compared: tensors.length,
    tensors,
    missing,
  };
}

type Scratch = {
  readonly scratch: string;
  readonly close: (() => Promise<void> | void)[];
};

async function listChecks(
  folder: string,
  runtime: Runtime,
  { scratch, close }: Scratch,
): Promise<readonly Check[]> {
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) names.add(name);
  const runner = graphRunner(runtime, scratch);
  if (names.has("ops") || names.has("formula")) {
    return await yoloChecks(folder, { runtime, runner, scratch, names });
  }
  const golden = (name: string) => {
    const file = openSafetensors(join(folder, name));
    close.push(() => file.close());
    return file;
  };
  const engines = new Map<string, Promise<Engine>>();
  const engineFor = (checkpoint: string) => {
    const known = engines.get(checkpoint) ??
      openGoldenEngine(join(folder, checkpoint), runtime, scratch);
    if (!engines.has(checkpoint)) {
      close.push(async () => await (await known).close());
    }
    engines.set(checkpoint, known);
    return known;
  };
  const checks: Check[] = [];

  for (const name of [...names].sort()) {
    const model = name.match(/^modules-(.+)\.safetensors$/)?.[1];
    if (!model) continue;
    const weights = () => {
      const file = openSam2File(join(folder, `sam2-${model}.pt`));
      close.push(file.close);
      return file.weights;
    };
    checks.push(
      ...moduleChecks(`modules-${model}`, golden(name), weights, runner),
    );
  }
  if (names.has("image-predictor.json")) {
    const file = ImagePredictor.parse(
      await readJson(join(folder, "image-predictor.json")),
    );
    checks.push(...imagePredictorChecks(
      file,
      golden("image-predictor.safetensors"),
      async () => ({
        engine: await engineFor(file.checkpoint),
        image: await readImage(join(folder, file.image)),
      }),
    ));
  }
  for (const scripts of [...names].sort()) {
    if (!/^sessions(-.+)?\.json$/.test(scripts)) continue;
    const file = Sessions.parse(await readJson(join(folder, scripts)));
    for (const [name, session] of Object.entries(file.sessions)) {
      checks.push(
        ...sessionChecks(
          name,
          session,
          golden(`session-${name}.safetensors`),
          async () =>
            await openVideoSource(
              join(folder, "frames"),
              await engineFor(session.checkpoint),
              {
                frameSize: {
                  width: file.videoWidth,
                  height: file.videoHeight,
                },
                close,
              },
            ),
        ),
      );
    }
  }
  if (names.has("full-size.json")) {
    const file = FullSize.parse(await readJson(join(folder, "full-size.json")));
    checks.push(...fullSizeChecks(file, runner));
  }
  for (const name of [...names].sort()) {
    const gradients = name.match(/^gradients-.+\.json$/);
    if (!gradients) continue;
    const file = Gradients.parse(await readJson(join(folder, name)));
    checks.push(
      ...gradientChecks(name.replace(/\.json$/, ""), file, {
        folder,
        runtime,
        scratch,
      }),
    );
  }
  return checks;
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(path));
}

async function openGoldenEngine(
  path: string,
  runtime: Runtime,
  cache: string,
): Promise<Engine> {
  const { weights, close } = openSam2File(path);
  try {
    return await openEngine(weights, runtime, {
      sha256: await sha256OfFile(path),
      cache,
      side: weights.config.imageSize,
    });
  } finally {
    close();
  }
}

/** Frames of a folder with their features, encoded when first asked for. */
async function openVideoSource(
  folder: string,
  engine: Engine,
  { frameSize, close }: {
    readonly frameSize: Size;
    readonly close: Scratch["close"];
  },
): Promise<VideoSource> {
  const frames = await openImageFolder(folder);
  const features = new Map<number, Promise<FrameFeatures>>();
  close.unshift(async () => {
    for (const made of features.values()) {
      await engine.releaseFeatures(await made);
    }
    await frames.close();
  });
  return {
    engine,
    frameCount: frames.count,
    frameSize,
    features: (frame) => {
      const known = features.get(frame) ??
        frames.read(frame).then((image) => encodeFrame(engine, image));
      features.set(frame, known);
      return known;
    },
  };
}
