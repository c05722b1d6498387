// Pretraining of a SAM 2 on generated scenes, from a checkpoint or from nothing.
//
// Everything by chance follows from the seed and the number of the step, scenes
// are known by their numbers, and the state is written whole every few minutes:
// a run that was killed goes on as if it had not been.

import { join } from "node:path";
import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import { hashText, type Random, seededRandom } from "../../base/random.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { saveSam2 } from "../../sam2/save.ts";
import { makeBatch, type Sam2Batch } from "../../sam2/training/batch.ts";
import { gatherClips, planClip } from "../../sam2/training/clip_step.ts";
import { openLearner, type Sam2Learner } from "../../sam2/training/learner.ts";
import {
  layoutSam2,
  type Sam2Layout,
  withSam2Values,
} from "../../sam2/training/parameters.ts";
import type { StepReport } from "../../sam2/training/step_report.ts";
import { gatherStills } from "../../sam2/training/still_step.ts";
import type { TrainingClip } from "../../sam2/training/training_clip.ts";
import {
  type Sam2Validation,
  validateSam2,
} from "../../sam2/training/validate.ts";
import { varyClip } from "../../sam2/training/vary_clip.ts";
import type { Sam2Weights } from "../../sam2/weights.ts";
import { writeFileWhole } from "../write_file.ts";
import { openSceneSource, type SceneSource } from "./scene_source.ts";
import {
  learnerSettings,
  type PretrainSettings,
  rateAt,
} from "./sam2_settings.ts";
import {
  type CurveRow,
  type PretrainProgress,
  readPretrainState,
  writePretrainState,
} from "./sam2_state.ts";

/** What a run starts from. */
export type PretrainStart = {
  readonly weights: Sam2Weights;
  /** All tensors of the checkpoint. */
  readonly names: readonly string[];
};

/** How a run is watched and cut. */
export type PretrainOptions = {
  /** Folder for state, curve and weights; a run in it goes on. */
  readonly out: string;
  readonly settings: PretrainSettings;
  /** Steps between two rows of the curve, which are also what a kill may lose. */
  readonly stepsPerRow?: number;
  /** Rows between two validations. */
  readonly rowsPerValidation?: number;
  readonly onRow?: (row: CurveRow) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What a run leaves. */
export type Pretrained = {
  readonly weightsPath: string;
  readonly rows: readonly CurveRow[];
};

const validationSeed = 0x7ff00000; // scenes from here on are never learnt from
const clipsOffset = 0x40000000; // of the seeds of clips over those of stills
const seedStride = 0x01000000; // scenes of one seed of a run
const blockSize = { stills: 360, clips: 120 };

/** Trains until the last step, or goes on with the run in the folder. */
export async function pretrainSam2(
  runtime: Runtime,
  start: PretrainStart,
  options: PretrainOptions,
): Promise<Pretrained> {
  const { out, settings, signal } = options;
  const { stepsPerRow = 100, rowsPerValidation = 10 } = options;
  const statePath = join(out, "state.safetensors");
  const known = readPretrainState(statePath);
  const layout = layoutSam2(start.names, start.weights);
  const scratch = await Deno.makeTempDir();
  const sources = openSources(settings);
  const validation = await validationBatches(settings);
  const learner = await openLearner(runtime, {
    weights: start.weights,
    layout,
    settings: learnerSettings(settings),
    state: known?.learner,
    scratch,
  });
  let progress: PretrainProgress = known?.progress ??
    { updates: 0, imagesSeen: 0, stillsUsed: 0, clipsUsed: 0, rows: [] };
  const report = startProgress("pretrain", settings.steps - progress.updates, {
    onProgress: options.onProgress,
  });
  const first = progress.updates;
  try {
    while (progress.updates < settings.steps) {
      const sitting = startRow();
      const end = Math.min(progress.updates + stepsPerRow, settings.steps);
      while (progress.updates < end) {
        throwIfCancelled(signal, `pretraining at step ${progress.updates}`);
        const step = await takeStep(learner, { settings, sources, progress });
        progress = step.progress;
        sitting.add(step);
        report(progress.updates - first);
      }
      const isValidated = progress.rows.length % rowsPerValidation ===
          rowsPerValidation - 1 || progress.updates === settings.steps;
      const row = sitting.end(progress, {
        rate: rateAt(progress.updates - 1, settings),
        validation: isValidated
          ? await validateAverages(learner, validation)
          : undefined,
      });
      progress = { ...progress, rows: [...progress.rows, row] };
      requireFinite(row);
      const state = await learner.readState();
      // the state last: whoever finds it finds what belongs to it
      if (isValidated) saveAverage(out, start, layout, state.vectors.average);
      await writeCurve(out, progress.rows);
      writePretrainState(statePath, { learner: state, progress });
      options.onRow?.(row);
    }
    return { weightsPath: join(out, weightsName), rows: progress.rows };
  } finally {
    await learner.close();
    sources.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

const weightsName = "weights.safetensors";

function requireFinite({ step, loss, gradientNorm }: CurveRow) {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
  throw new RangeError(
    `Cannot go on pretraining: before step ${step} the loss became ${loss} and the gradient ${gradientNorm} long, expected numbers; a smaller --rate may help`,
  );
}

function saveAverage(
  out: string,
  { weights, names }: PretrainStart,
  layout: Sam2Layout,
  average: Float32Array,
) {
  const learnt = withSam2Values(weights, layout, average);
  saveSam2(join(out, weightsName), learnt, names, {
    precision: "float16",
    metadata: { licence: "MIT", trainedOn: "generated images and clips only" },
  });
}

async function writeCurve(out: string, rows: readonly CurveRow[]) {
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  await writeFileWhole(join(out, "curve.jsonl"), lines + "\n");
}

type Sources = {
  readonly stills: SceneSource;
  readonly clips: SceneSource;
  close(): void;
};

function openSources({ seed, side, clipFrames }: PretrainSettings): Sources {
  const from = seed * seedStride;
  const stills = openSceneSource({
    seed: from,
    side,
    frames: 1,
    size: blockSize.stills,
  });
  const clips = openSceneSource({
    seed: from + clipsOffset,
    side,
    frames: clipFrames,
    size: blockSize.clips,
  });
  return {
    stills,
    clips,
    close: () => {
      stills.close();
      clips.close();
    },
  };
}

/** The scenes that come next, each seen differently. */
async function nextScenes(
  source: SceneSource,
  { used, count, size, reuse, frames, random }: {
    readonly used: number;
    readonly count: number;
    /** Scenes of a block. */
    readonly size: number;
    readonly reuse: number;
    /** How many of their frames. */
    readonly frames: number;
    readonly random: Random;
  },
): Promise<readonly TrainingClip[]> {
  const scenes: TrainingClip[] = [];
  for (let i = 0; i < count; i++) {
    const at = used + i;
    const block = Math.floor(at / (size * reuse));
    // every pass over a block has an order of its own
    const pass = Math.floor(at / size);
    const place = shuffledPlace(at % size, size, pass);
    const scene = (await source.block(block))[place];
    const images = scene.images.slice(0, frames);
    const identities = scene.identities.slice(0, frames);
    scenes.push(varyClip({ ...scene, images, identities }, random));
  }
  return scenes;
}

/** A place in a permutation of `size` that follows from a number. */
function shuffledPlace(i: number, size: number, number: number): number {
  const random = seededRandom(hashText(`order ${number}`));
  let step = 1 + Math.floor(random() * (size - 1));
  while (commonDivisor(step, size) > 1) step++;
  return (Math.floor(random() * size) + i * step) % size;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

type Step = {
  readonly progress: PretrainProgress;
  readonly report: StepReport;
  readonly isStill: boolean;
  readonly gradientNorm: number;
};

async function takeStep(
  learner: Sam2Learner,
  { settings, sources, progress }: {
    readonly settings: PretrainSettings;
    readonly sources: Sources;
    readonly progress: PretrainProgress;
  },
): Promise<Step> {
  const { updates, imagesSeen, stillsUsed, clipsUsed } = progress;
  const { stills, clips, reuse, seed } = settings;
  const random = seededRandom(hashText(`${seed} step ${updates}`));
  const isStill = random() < settings.stillShare;
  const rate = rateAt(updates, settings);
  if (isStill) {
    const scenes = await nextScenes(sources.stills, {
      used: stillsUsed,
      count: stills.images,
      size: blockSize.stills,
      reuse,
      frames: 1,
      random,
    });
    const passes = 1 + Math.floor(random() * settings.passes);
    const batch = makeBatch(scenes, stills.objects, random);
    const report = await gatherStills(learner, batch, { passes, random });
    return {
      report,
      isStill,
      gradientNorm: await learner.step({ rate }),
      progress: {
        ...progress,
        updates: updates + 1,
        imagesSeen: imagesSeen + stills.images,
        stillsUsed: stillsUsed + stills.images,
      },
    };
  }
  const frames = clipLength(settings.clipFrames, random);
  const scenes = await nextScenes(sources.clips, {
    used: clipsUsed,
    count: clips.images,
    size: blockSize.clips,
    reuse,
    frames,
    random,
  });
  const batch = makeBatch(scenes, clips.objects, random);
  const plan = planClip(frames, random);
  const report = await gatherClips(learner, batch, { plan, random });
  return {
    report,
    isStill,
    gradientNorm: await learner.step({ rate }),
    progress: {
      ...progress,
      updates: updates + 1,
      imagesSeen: imagesSeen + clips.images * frames,
      clipsUsed: clipsUsed + clips.images,
    },
  };
}

/** Half of the clips have two frames, which is where tracking begins. */
function clipLength(most: number, random: Random): number {
  if (most === 2 || random() < 0.4) return 2;
  return 3 + Math.floor(random() * (most - 2));
}

async function validationBatches(
  { side, validationClips }: PretrainSettings,
): Promise<readonly Sam2Batch[]> {
  const source = openSceneSource({
    seed: validationSeed,
    side,
    frames: 8,
    size: validationClips,
  });
  try {
    const clips = await source.block(0);
    const random = seededRandom(1);
    const size = Math.min(12, validationClips);
    return Array.from(
      { length: Math.floor(validationClips / size) },
      (_, i) => makeBatch(clips.slice(i * size, (i + 1) * size), 1, random),
    );
  } finally {
    source.close();
  }
}

async function validateAverages(
  learner: Sam2Learner,
  batches: readonly Sam2Batch[],
): Promise<Sam2Validation> {
  learner.useAverages(true);
  try {
    return await validateSam2(learner, batches);
  } finally {
    learner.useAverages(false);
  }
}

/** Gathers the steps of one row of the curve. */
function startRow() {
  const startMs = performance.now();
  const steps: Step[] = [];
  const mean = (values: readonly number[]) =>
    values.length === 0
      ? 0
      : values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    add: (step: Step) => {
      steps.push(step);
    },
    end: (
      progress: PretrainProgress,
      { rate, validation }: {
        readonly rate: number;
        readonly validation?: Sam2Validation;
      },
    ): CurveRow => {
      const before = progress.rows.at(-1)?.seconds ?? 0;
      const of = (part: (report: StepReport) => number) =>
        mean(
          steps.map(({ report }) => part(report)).filter(Number.isFinite),
        );
      const stills = steps.filter(({ isStill }) => isStill);
      const iouAt = (i: number) =>
        mean(stills.map(({ report }) => report.iouByPass.at(i) ?? 0));
      return {
        step: progress.updates,
        seconds: before + (performance.now() - startMs) / 1000,
        imagesSeen: progress.imagesSeen,
        rate,
        loss: of(({ loss }) => loss),
        focal: of(({ focal }) => focal),
        dice: of(({ dice }) => dice),
        iou: of(({ iou }) => iou),
        objectScore: of(({ objectScore }) => objectScore),
        firstIou: iouAt(0),
        lastIou: iouAt(-1),
        gradientNorm: mean(steps.map(({ gradientNorm }) => gradientNorm)),
        validation: validation && {
          score: validation.score,
          iouByClicks: [...validation.iouByClicks],
          iouByFrame: [...validation.iouByFrame],
        },
      };
    },
  };
}
