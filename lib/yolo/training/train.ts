// Training, epoch by epoch.
//
// A generator: each epoch that ends is handed out with its curves and the whole
// state, so that the caller keeps, shows or stops as it likes. Parameters and
// moments stay with the runtime; batches are made while the step before them
// runs. The average of the parameters is what is validated and kept.

import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { DetectorMeasures } from "../evaluation/evaluate_detections.ts";
import type { YoloWeights } from "../weights.ts";
import { batchMaker } from "./epoch_batches.ts";
import { openValidator } from "./epoch_validator.ts";
import { openLearner, type StateVectors } from "./learner.ts";
import { createMeans } from "./means.ts";
import { layoutParameters, withParameters } from "./parameters.ts";
import {
  type SampleLoader,
  sampleLoader,
  type TrainingSample,
} from "./sample.ts";
import { settingsAt } from "./schedule.ts";
import { scheduleOf, type TrainSettings } from "./settings.ts";

/** Everything that a run needs to go on after an epoch. */
export type TrainingState = {
  /** Epochs done. */
  readonly epoch: number;
  /** Steps of the optimiser done. */
  readonly updates: number;
  readonly best: { readonly epoch: number; readonly fitness: number };
  readonly vectors: StateVectors;
};

/** One epoch that ended. */
export type EpochResult = {
  /** Counted from 1. */
  readonly epoch: number;
  /** Of this epoch, its validation included. */
  readonly seconds: number;
  /** Means over the epoch, in the order of lossNames(). */
  readonly trainLosses: readonly number[];
  readonly validationLosses: readonly number[];
  readonly rates: readonly [number, number, number];
  readonly measures: DetectorMeasures;
  /** What runs are compared by: mAP50-95 of boxes, and that of masks added. */
  readonly fitness: number;
  readonly isBest: boolean;
  /** Nothing better came for so long that the run ends here. */
  readonly isLast: boolean;
  /** Reads the state back; good until the next epoch is asked for. */
  readState(): Promise<TrainingState>;
};

/** What a run works with. */
export type TrainingRun = {
  readonly start: YoloWeights;
  readonly settings: TrainSettings;
  readonly train: readonly TrainingSample[];
  readonly validation: readonly TrainingSample[];
  /** Reads the samples; default keeps up to 1 GB of them in memory. */
  readonly load?: SampleLoader;
  /** Folder for graphs, which are removed as soon as they are loaded. */
  readonly scratch: string;
  /** Goes on from here. */
  readonly state?: TrainingState;
  /** Told the seconds of a step before the first epoch. */
  readonly onEstimate?: (estimate: TimeEstimate) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** How long a run may take. */
export type TimeEstimate = {
  readonly secondsPerStep: number;
  readonly steps: number;
  /** Of all epochs that are left, validation not counted. */
  readonly seconds: number;
};

/** Trains; ends after the last epoch, when nothing better comes, or when cancelled. */
export async function* trainEpochs(
  runtime: Runtime,
  run: TrainingRun,
): AsyncGenerator<EpochResult> {
  const { settings, start, signal, onProgress } = run;
  const layout = layoutParameters(start, { freeze: settings.freeze });
  const load = run.load ?? sampleLoader(settings.side);
  const classCount = start.network.names.length;
  const maker = batchMaker(run.train, { load, settings, classCount });
  const learner = await openLearner(runtime, run, layout);
  const validator = openValidator(runtime, run, layout);
  try {
    const first = run.state?.epoch ?? 0;
    let best = run.state?.best ?? { epoch: 0, fitness: -Infinity };
    const stepsLeft = (settings.epochs - first) * maker.batchesPerEpoch;
    if (run.onEstimate && stepsLeft > 0) {
      const batch = await maker.make(first, 0);
      const secondsPerStep = await learner.time(batch);
      const seconds = secondsPerStep * stepsLeft;
      run.onEstimate({ secondsPerStep, steps: stepsLeft, seconds });
    }
    const report = startProgress("train", stepsLeft, { onProgress });
    const schedule = scheduleOf(settings, maker.batchesPerEpoch);
    let done = 0;
    for (let epoch = first; epoch < settings.epochs; epoch++) {
      const startMs = performance.now();
      const losses = createMeans();
      let rates: EpochResult["rates"] = [0, 0, 0];
      let gathered = 0;
      const prepare = (at: number) => {
        const batch = maker.make(epoch, at);
        batch.catch(() => {}); // its error is met where it is awaited
        return batch;
      };
      let next = prepare(0);
      for (let at = 0; at < maker.batchesPerEpoch; at++) {
        throwIfCancelled(signal, `training in epoch ${epoch + 1}`);
        const batch = await next;
        const isEnd = at + 1 === maker.batchesPerEpoch;
        if (!isEnd) next = prepare(at + 1); // while the network learns
        const number = epoch * maker.batchesPerEpoch + at;
        const step = settingsAt(schedule, number);
        rates = step.rates;
        gathered++;
        const isStep = gathered >= step.accumulate || isEnd;
        const found = isStep
          ? await learner.step(batch, step)
          : await learner.gather(batch);
        requireFinite(found, epoch + 1);
        losses.add(found);
        if (isStep) gathered = 0;
        report(++done);
      }
      const validated = await validator.run(learner.averages(), {
        load,
        classCount,
        signal,
      });
      const { box, mask } = fitnessOf(validated.measures);
      const fitness = box + mask;
      const isBest = fitness > best.fitness;
      if (isBest) best = { epoch: epoch + 1, fitness };
      const { patience } = settings;
      const isLast = epoch + 1 === settings.epochs ||
        (patience > 0 && epoch + 1 - best.epoch >= patience);
      const atEnd = best;
      yield {
        epoch: epoch + 1,
        seconds: (performance.now() - startMs) / 1000,
        trainLosses: losses.read(),
        validationLosses: validated.losses,
        rates,
        measures: validated.measures,
        fitness,
        isBest,
        isLast,
        readState: async () => ({
          epoch: epoch + 1,
          best: atEnd,
          ...await learner.readState(),
        }),
      };
      if (isLast) return;
    }
  } finally {
    await validator.close();
    await learner.close();
  }
}

function requireFinite(losses: Float32Array, epoch: number) {
  if (losses.every(Number.isFinite)) return;
  throw new RangeError(
    `Cannot go on training: in epoch ${epoch} the losses became ${
      [...losses].join(", ")
    }, expected numbers; a smaller learning rate may help`,
  );
}

/** How long a step takes; nothing is learnt. */
export async function secondsPerStep(
  runtime: Runtime,
  run: TrainingRun,
): Promise<number> {
  const { settings, start, train } = run;
  const layout = layoutParameters(start, { freeze: settings.freeze });
  const learner = await openLearner(runtime, run, layout);
  try {
    const maker = batchMaker(train, {
      load: run.load ?? sampleLoader(settings.side),
      settings,
      classCount: start.network.names.length,
    });
    return await learner.time(await maker.make(0, 0));
  } finally {
    await learner.close();
  }
}

function fitnessOf({ boxes, masks }: DetectorMeasures) {
  return {
    box: boxes.ultralytics84.map50to95,
    mask: masks?.ultralytics84.map50to95 ?? 0,
  };
}

/** The weights that a state stands for: the averages. */
export function averagedWeights(
  start: YoloWeights,
  { vectors }: TrainingState,
  { freeze }: Pick<TrainSettings, "freeze">,
): YoloWeights {
  const layout = layoutParameters(start, { freeze });
  return withParameters(start, layout, {
    parameters: vectors.averageParameters,
    running: vectors.averageRunning,
  });
}
