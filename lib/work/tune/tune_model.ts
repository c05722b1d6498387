// Tuning: a SAM 2 learns from the masks that a person has verified.
//
// The data is split by patient and exported with its certificate; the model
// learns from one part and is measured, before and after, on the other, and on
// generated scenes, which it should not have forgotten. The tuned checkpoint is
// installed under a name of its own with its parent and its certificate.

import { join } from "node:path";
import type { OnProgress } from "../../base/progress.ts";
import { startProgress } from "../../base/progress.ts";
import { seededRandom } from "../../base/random.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { saveSam2 } from "../../sam2/save.ts";
import { makeBatch, type Sam2Batch } from "../../sam2/training/batch.ts";
import { openLearner, type Sam2Learner } from "../../sam2/training/learner.ts";
import {
  gatherSam2,
  layoutSam2,
  moduleNames,
  withSam2Values,
} from "../../sam2/training/parameters.ts";
import { visibleObjects } from "../../sam2/training/training_clip.ts";
import {
  type Sam2Validation,
  validateSam2,
} from "../../sam2/training/validate.ts";
import type { Store } from "../../store/database.ts";
import { addModel } from "../add_model.ts";
import type { Certificate } from "../export/certificate.ts";
import type { PlannedFrame } from "../export/data_set.ts";
import { planFrames } from "../export/plan.ts";
import type { Split } from "../export/split.ts";
import { openExportSequences } from "../export_store.ts";
import { exportDataSet } from "../export/export_data_set.ts";
import {
  type InstalledModel,
  type ModelPlace,
  ownModels,
} from "../installed_models.ts";
import { openSam2File, sha256OfFile } from "../model_file.ts";
import { findModel } from "../open_model.ts";
import { openSceneSource } from "../pretrain/scene_source.ts";
import { writeFileWhole } from "../write_file.ts";
import { readTuneClip, type TuneSequence, tuneSequences } from "./tune_data.ts";
import {
  defaultTuneSettings,
  tuneLearnerSettings,
  TuneSettings,
} from "./tune_settings.ts";
import { takeTuneSteps, type TuneStep } from "./tune_steps.ts";

/** A tuning as a person asks for it. */
export type TuneRequest = {
  readonly out: string;
  /** Default all. */
  readonly sequenceIds?: readonly number[];
  /** An id or a file; default sam2-nano. */
  readonly model?: string;
  /** The side of the input; default that of the model. */
  readonly side?: number;
  readonly split: Split;
  /** Trains although nothing is independent, or little is there; marked. */
  readonly force?: boolean;
  readonly settings?: Partial<TuneSettings>;
  /** The name under which the tuned model is installed. */
  readonly id?: string;
  readonly place?: ModelPlace;
  readonly onStep?: (step: TuneStep) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** A measurement before and after. */
export type BeforeAfter = {
  readonly before: Sam2Validation;
  readonly after: Sam2Validation;
};

/** One object of a patient that the model did not learn from. */
export type UnseenObject = BeforeAfter & {
  readonly patient: string;
  readonly sequence: string;
  readonly object: number;
  readonly frames: number;
};

/** What a tuning found. */
export type Tuned = {
  readonly kind: "medannotate-tuning";
  readonly parent: {
    readonly id: string;
    readonly source: string;
    readonly sha256: string;
  };
  readonly sha256: string;
  readonly settings: TuneSettings;
  /** How much of what was learnt is in the model; the rest is the parent. */
  readonly shareOfTuned: number;
  readonly side: number;
  readonly marks: readonly string[];
  readonly learntFrom: DataAmount;
  readonly unseen: readonly UnseenObject[];
  readonly generated: BeforeAfter;
  readonly steps: readonly TuneStep[];
  readonly seconds: number;
  readonly certificate: Certificate;
};

/** How much data there was. */
export type DataAmount = {
  readonly patients: number;
  readonly sequences: number;
  readonly frames: number;
  readonly masks: number;
};

const leastMasks = 10; // verified, to learn from
const unseenFrames = 6; // of a sequence that are tracked, evenly spread
const generatedClips = { small: 24, large: 6 }; // to validate on; large inputs take long
const mostSmall = 256; // pixels of the side of a small input
const mostLost = 0.01; // of the score on generated scenes
const shares = [1, 0.8, 0.6, 0.4, 0.2] as const;
const generatedSeed = 0x7ff80000; // scenes that no training sees

/**
 * Tunes a model.
 *
 * @throws RangeError when there is too little to learn from or nothing to measure on
 */
export async function tuneModel(
  store: Store,
  runtime: Runtime,
  request: TuneRequest,
): Promise<Tuned & { readonly installed: InstalledModel }> {
  const { out, force = false, onProgress, signal } = request;
  const settings = TuneSettings.parse({
    ...defaultTuneSettings,
    ...request.settings,
  });
  const { path: source, licence, id: parentId } = await findModel(
    request.model ?? "sam2-nano",
    request.place,
  );
  const opened = await openExportSequences(store, request);
  const file = openSam2File(source);
  const scratch = await Deno.makeTempDir();
  const startMs = performance.now();
  try {
    const { sequences, tags } = opened;
    const planned = planFrames(sequences, tags, {
      split: request.split,
      onlyFrames: "verified",
    });
    const learning = tuneSequences(partOf(planned, ["train"]));
    const unseen = tuneSequences(partOf(planned, ["val", "test"]));
    const learntFrom = amountOf(learning);
    requireEnough(learntFrom, unseen, { force });
    const { certificate } = await exportDataSet({
      format: "coco",
      out: join(out, "data"),
      sequences,
      tags,
      split: request.split,
      onlyFrames: "verified",
      force,
      signal,
    });
    const { weights } = file;
    const side = request.side ?? weights.config.imageSize;
    const names = [...file.shapes.keys()];
    const layout = layoutSam2(names, weights);
    const learner = await openLearner(runtime, {
      weights,
      layout,
      settings: tuneLearnerSettings(settings),
      scratch,
    });
    try {
      const trials = await unseenTrials(unseen, side);
      const scenes = await generatedBatches(side);
      const measure = async () => ({
        unseen: await measureEach(learner, trials),
        generated: await validateSam2(learner, scenes),
      });
      const before = await measure();
      const steps: TuneStep[] = [];
      const report = startProgress("tune", settings.steps, { onProgress });
      await takeTuneSteps(learner, learning, {
        side,
        settings,
        signal,
        onStep: (step) => {
          steps.push(step);
          report(step.step);
          request.onStep?.(step);
        },
      });
      learner.useAverages(true);
      const kept = await keepGenerated(learner, {
        start: gatherSam2(weights, layout),
        scenes,
        before: before.generated,
      });
      const after = await measure();
      const sha256 = await sha256OfFile(source);
      const parent = { id: parentId, source, sha256 };
      const path = join(
        out,
        `${idOf(request, weights.config.name)}.safetensors`,
      );
      const learnt = withSam2Values(weights, layout, kept.values);
      saveSam2(path, learnt, file.storedNames, {
        metadata: {
          parent: parent.sha256,
          trainedOn:
            `${learntFrom.masks} verified masks, certificate of ${certificate.date}`,
        },
      });
      const tuned: Tuned = {
        kind: "medannotate-tuning",
        parent,
        sha256: await sha256OfFile(path),
        settings,
        shareOfTuned: kept.share,
        side,
        marks: certificate.marks,
        learntFrom,
        unseen: trials.map(({ batch: _, ...told }, i) => ({
          ...told,
          before: before.unseen[i],
          after: after.unseen[i],
        })),
        generated: { before: before.generated, after: after.generated },
        steps,
        seconds: (performance.now() - startMs) / 1000,
        certificate,
      };
      await writeFileWhole(
        join(out, "tune.json"),
        JSON.stringify(tuned, null, 1) + "\n",
      );
      const installed = await addModel(path, {
        id: idOf(request, weights.config.name),
        licence,
        signal,
        tunedFrom: {
          parentSha256: parent.sha256,
          certificate: join(out, "data", "certificate.json"),
        },
      }, request.place ?? ownModels);
      return { ...tuned, installed };
    } finally {
      await learner.close();
    }
  } finally {
    file.close();
    await opened.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

/**
 * Mixes the tuned values with the parent's until generated scenes are no worse
 * by more than a hundredth: what was learnt from few frames is not paid for with
 * what was known (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
 */
async function keepGenerated(
  learner: Sam2Learner,
  { start, scenes, before }: {
    readonly start: Float32Array;
    readonly scenes: readonly Sam2Batch[];
    readonly before: Sam2Validation;
  },
): Promise<{ readonly share: number; readonly values: Float32Array }> {
  const { vectors: { average } } = await learner.readState();
  const { moduleRates } = learner.settings;
  for (const share of shares) {
    const values = start.slice();
    for (const module of moduleNames) {
      if (moduleRates[module] === 0) continue; // stays exactly as it was
      for (const { from, length } of learner.layout.modules[module]) {
        for (let i = from; i < from + length; i++) {
          values[i] = share * average[i] + (1 - share) * start[i];
        }
      }
    }
    await learner.setAverages(values);
    const { score } = await validateSam2(learner, scenes);
    if (score >= before.score - mostLost) return { share, values };
  }
  throw new RangeError(
    `Cannot tune: even a share of ${
      shares.at(-1)
    } of what was learnt makes generated scenes worse by more than ${mostLost}; try fewer steps or a lower rate`,
  );
}

function idOf({ id }: TuneRequest, name: string): string {
  return id ?? `${name}-tuned`;
}

function partOf(
  planned: readonly PlannedFrame[],
  parts: readonly string[],
): readonly PlannedFrame[] {
  return planned.filter(({ split }) => parts.includes(split));
}

function amountOf(sequences: readonly TuneSequence[]): DataAmount {
  const frames = sequences.flatMap(({ frames }) => frames);
  return {
    patients: new Set(sequences.map(({ patient }) => patient)).size,
    sequences: sequences.length,
    frames: frames.length,
    masks: frames.reduce((sum, { masks }) => sum + masks.length, 0),
  };
}

function requireEnough(
  { masks, frames, patients }: DataAmount,
  unseen: readonly TuneSequence[],
  { force }: { readonly force: boolean },
) {
  if (masks === 0) {
    throw new RangeError(
      "Cannot tune: no verified mask lies in the part to learn from",
    );
  }
  if (masks < leastMasks && !force) {
    throw new RangeError(
      `Cannot tune: ${masks} verified masks on ${frames} frames of ${patients} patients are too little to learn from, expected at least ${leastMasks}; --force tries`,
    );
  }
  if (unseen.length === 0) {
    throw new RangeError(
      "Cannot tune: no patient is left to measure on, so nobody could say whether it helped. " +
        "Verify masks of a second patient, or cut in time: --split time --gap N --force, and the report says so",
    );
  }
}

/** An object with the clip that it is measured on. */
type Trial =
  & Pick<UnseenObject, "patient" | "sequence" | "object" | "frames">
  & {
    readonly batch: Sam2Batch;
  };

/** Every object that is there on the first of some frames spread over its sequence. */
async function unseenTrials(
  sequences: readonly TuneSequence[],
  side: number,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (const { patient, name, frames } of sequences) {
    const from = frames.findIndex(({ masks }) => masks.length > 0);
    const rest = frames.slice(from);
    const count = Math.min(unseenFrames, rest.length);
    const chosen = Array.from(
      { length: count },
      (_, i) =>
        rest[Math.round(i * (rest.length - 1) / Math.max(1, count - 1))],
    );
    const clip = await readTuneClip(chosen, side);
    for (const { id } of visibleObjects(clip)) {
      trials.push({
        patient,
        sequence: name,
        object: id,
        frames: count,
        batch: { side, clips: [clip], objects: [[id]] },
      });
    }
  }
  return trials;
}

async function measureEach(
  learner: Sam2Learner,
  trials: readonly Trial[],
): Promise<readonly Sam2Validation[]> {
  const found: Sam2Validation[] = [];
  for (const { batch } of trials) {
    found.push(await validateSam2(learner, [batch]));
  }
  return found;
}

async function generatedBatches(side: number): Promise<readonly Sam2Batch[]> {
  const source = openSceneSource({
    seed: generatedSeed,
    side,
    frames: unseenFrames,
    size: side <= mostSmall ? generatedClips.small : generatedClips.large,
  });
  try {
    const clips = await source.block(0);
    const random = seededRandom(1);
    if (side > mostSmall) return [makeBatch(clips, 1, random)];
    return [
      makeBatch(clips.slice(0, 12), 1, random),
      makeBatch(clips.slice(12), 1, random),
    ];
  } finally {
    source.close();
  }
}
