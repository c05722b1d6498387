// Demo: the whole main job on one clip, into one folder.
//
// Import, click, propagate both ways, review, export, report: every stage is
// the same function that its own verb calls, each with its time. The folder
// holds the store, so a second call goes on where the first one stopped.

import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { OnProgress } from "../base/progress.ts";
import type { Frames } from "../media/frames.ts";
import { openFrames } from "../media/open_frames.ts";
import type { Store } from "../store/database.ts";
import { listMasks, type StoredMask } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts } from "../store/prompts.ts";
import type { Sequence } from "../store/sequences.ts";
import { openForWriting } from "../store/writer.ts";
import { showMissing } from "./annotate.ts";
import { exportStore } from "./export_store.ts";
import { findClick } from "./find_click.ts";
import { importFrames } from "./import.ts";
import { type ModelChoice, type OpenModel, openModel } from "./open_model.ts";
import { openDataStore } from "./open_store.ts";
import { propagateSequence } from "./propagate.ts";
import { addPromptsOnce } from "./propagate_clip.ts";
import { type FilePrompt, readPromptsFile } from "./prompts_file.ts";
import { counted, writeDemoReport } from "./demo_report.ts";
import { listDrifting } from "./review.ts";

/** The clip that ships, and the clicks beside it. */
const sample = {
  input: fileURLToPath(
    new URL("../../data/sample/clip.mp4", import.meta.url),
  ),
  prompts: fileURLToPath(
    new URL("../../data/sample/prompts.json", import.meta.url),
  ),
};

/** A finished stage and how long it took. */
export type DemoStage = {
  readonly name: string;
  readonly seconds: number;
  readonly detail: string;
};

/** What the demo is asked. */
export type DemoOptions = ModelChoice & {
  /** A folder of frames or a video; default the sample clip. */
  readonly input?: string;
  /** prompts.json; without it for an own input a machine chooses one click. */
  readonly prompts?: string;
  readonly out: string;
  readonly restart?: boolean;
  readonly onProgress?: OnProgress;
  readonly onStage?: (stage: DemoStage) => void;
  readonly signal?: AbortSignal;
};

/** What the demo left. */
export type DemoResult = {
  readonly out: string;
  readonly page: string;
  readonly sequenceId: number;
  readonly frames: number;
  readonly objects: number;
  readonly masks: number;
  readonly clickedBy: "person" | "machine";
  readonly stages: readonly DemoStage[];
};

/**
 * Does the whole main job.
 *
 * @throws RangeError when the folder holds a demo of other frames, prompts or model, unless `restart`
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const out = resolve(options.out);
  const input = options.input ?? sample.input;
  const promptsFile = options.prompts ??
    (options.input === undefined ? sample.prompts : undefined);
  const { stages, timed } = stageClock(options.onStage);
  const model = await timed(
    "model",
    () => openModel(options),
    ({ id, engine, runtime }) =>
      `${id} at ${engine.side} px on ${runtime.device}`,
  );
  try {
    const frames = await openFrames(input, options);
    try {
      if (promptsFile) {
        // read again later; here so that nothing is stored when they do not fit
        const { size, count } = frames;
        await readPromptsFile(promptsFile, { ...size, frameCount: count });
      }
      const store = await openDataStore({ folder: join(out, "store") });
      try {
        const sequence = await timed(
          "import",
          () => importFrames(store, frames, options),
          ({ frameCount }) => `${frameCount} frames`,
        );
        return await onSequence({
          ...options,
          out,
          promptsFile,
          store,
          sequence,
          frames,
          model,
          stages,
          timed,
        });
      } finally {
        await store.close();
      }
    } finally {
      await frames.close();
    }
  } finally {
    await model.close();
  }
}

type Timed = <Result>(
  name: string,
  work: () => Promise<Result>,
  detail: (result: Result) => string,
) => Promise<Result>;

function stageClock(onStage: DemoOptions["onStage"]) {
  const stages: DemoStage[] = [];
  const timed: Timed = async (name, work, detail) => {
    const startMs = performance.now();
    const result = await work();
    const seconds = (performance.now() - startMs) / 1000;
    const stage = { name, seconds, detail: detail(result) };
    stages.push(stage);
    onStage?.(stage);
    return result;
  };
  return { stages, timed };
}

/** The stages after import. */
async function onSequence(
  { out, promptsFile, store, sequence, frames, model, stages, timed, ...rest }:
    & Omit<DemoOptions, keyof ModelChoice>
    & {
      readonly promptsFile: string | undefined;
      readonly store: Store;
      readonly sequence: Sequence;
      readonly frames: Frames;
      readonly model: Awaited<ReturnType<typeof openModel>>;
      readonly stages: DemoStage[];
      readonly timed: Timed;
    },
): Promise<DemoResult> {
  const { onProgress, signal, restart = false } = rest;
  const writer = await openForWriting(store, sequence.id);
  try {
    const annotator = { writer, frames, model };
    await timed(
      "click",
      async () => {
        const prompts = promptsFile
          ? await readPromptsFile(promptsFile, sequence)
          : await chooseClick(store, sequence, frames, model);
        const named = promptsFile ?? "a click chosen by a machine";
        await addPromptsOnce(annotator, prompts, { named, restart });
        await showMissing(annotator);
        return prompts.length;
      },
      (count) =>
        `${counted(count, "prompt")}, ${
          promptsFile ? "given" : "chosen by a machine"
        }`,
    );
    await timed(
      "propagate",
      () => propagateSequence(annotator, { restart, onProgress, signal }),
      ({ framesTracked, msPerFrame }) =>
        `${framesTracked} steps, ${msPerFrame.toFixed(1)} ms each`,
    );
  } finally {
    await writer.close();
  }
  await timed(
    "review",
    () => listDrifting(store, sequence.id, { limit: 5 }),
    (worst) =>
      worst.length === 0
        ? "nothing was propagated"
        : `worst drift ${(worst[0].drift ?? 0).toFixed(2)} on frame ${
          worst[0].frame
        }`,
  );
  const dataSet = await timed(
    "export",
    () =>
      exportStore(store, {
        format: "yolo-seg",
        out: join(out, "dataset"),
        sequenceIds: [sequence.id],
        about: { model: model.id, modelSha256: model.sha256 },
        signal,
      }),
    ({ files, rows }) =>
      `yolo-seg, ${files.length} files, polygons agree at least ${
        rows.reduce((least, { iou }) => Math.min(least, iou), 1).toFixed(3)
      }`,
  );

  const masks = await listMasks(store, sequence.id);
  const objects = await listObjects(store, sequence.id);
  const clickedBy = promptsFile ? "person" : "machine";
  const page = await writeDemoReport(out, {
    store,
    sequence,
    frames,
    objects,
    masks,
    prompts: await listPrompts(store, sequence.id),
    model,
    clickedBy,
    stages,
    dataSet,
    onProgress,
    signal,
  });
  return {
    out,
    page: relative(".", page),
    sequenceId: sequence.id,
    frames: sequence.frameCount,
    objects: objects.length,
    masks: masks.filter(({ areaPx }: StoredMask) => areaPx > 0).length,
    clickedBy,
    stages,
  };
}

/** One click for the clearest object of frame 0; the same one when it was chosen before. */
async function chooseClick(
  store: Store,
  sequence: Sequence,
  frames: Frames,
  model: OpenModel,
): Promise<readonly FilePrompt[]> {
  const stored = await listPrompts(store, sequence.id);
  const place = { object: 1, frame: 0, tag: "object" };
  if (stored.length > 0) {
    return stored.map(({ prompt }) => ({ ...place, prompt }));
  }
  const click = await findClick(model.engine, await frames.read(0));
  return [{ ...place, prompt: { kind: "point", ...click } }];
}
