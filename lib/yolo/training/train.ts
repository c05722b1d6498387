// Training, epoch by epoch.
//
// A generator: each epoch that ends is handed out with its curves and the whole
// state, so that the caller keeps, shows or stops as it likes. Parameters and
// moments stay with the runtime; batches are made while the step before them
// runs. The average of the parameters is what is validated and kept.

import { join } from "node:path";
import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import type { Tensor } from "../../base/tensor.ts";
import { writeModel } from "../../onnx/write_model.ts";
import type { Graph } from "../../onnx/graph.ts";
import type {
  Feed,
  HeldTensor,
  Runtime,
  Session,
} from "../../runtime/runtime.ts";
import {
  type DetectorMeasures,
  evaluateDetections,
} from "../evaluation/evaluate_detections.ts";
import { validate } from "../validate.ts";
import type { YoloWeights } from "../weights.ts";
import type { Batch } from "./batch.ts";
import { batchMaker } from "./epoch_batches.ts";
import { hasSecondMoment } from "./optimise.ts";
import {
  gatherParameters,
  layoutParameters,
  type ParameterLayout,
  withParameters,
} from "./parameters.ts";
import { sampleLoader, type TrainingSample } from "./sample.ts";
import { averageShareAt, settingsAt } from "./schedule.ts";
import { scheduleOf, type TrainSettings } from "./settings.ts";
import { buildTrainingStep, stateNames } from "./step.ts";
import { buildValidation } from "./validation_graph.ts";

/** The vectors that change, by name. */
export type StateVectors = Readonly<
  Record<typeof stateNames[number], Float32Array>
>;

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
  const load = sampleLoader(settings.side);
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
      let next = maker.make(epoch, 0);
      for (let at = 0; at < maker.batchesPerEpoch; at++) {
        throwIfCancelled(signal, `training in epoch ${epoch + 1}`);
        const batch = await next;
        const isEnd = at + 1 === maker.batchesPerEpoch;
        if (!isEnd) next = maker.make(epoch, at + 1); // while the network learns
        const number = epoch * maker.batchesPerEpoch + at;
        const step = settingsAt(schedule, number);
        rates = step.rates;
        gathered++;
        const isStep = gathered >= step.accumulate || isEnd;
        losses.add(
          isStep
            ? await learner.step(batch, step)
            : await learner.gather(batch),
        );
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
      load: sampleLoader(settings.side),
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

function createMeans() {
  let count = 0;
  let sums: number[] = [];
  return {
    add: (values: Float32Array) => {
      count++;
      sums = [...values].map((value, i) => value + (sums[i] ?? 0));
    },
    read: () => sums.map((sum) => sum / Math.max(count, 1)),
  };
}

/** A learner: the graph of a step, and the vectors it changes. */
type Learner = {
  step(
    batch: Batch,
    settings: {
      readonly rates: readonly number[];
      readonly momentum: number;
      readonly accumulate: number;
    },
  ): Promise<Float32Array>;
  /** Adds the gradients of a batch to those of the next step. */
  gather(batch: Batch): Promise<Float32Array>;
  /** Seconds of a step that is not kept. */
  time(batch: Batch): Promise<number>;
  averages(): { readonly parameters: Feed; readonly running: Feed };
  readState(): Promise<Pick<TrainingState, "updates" | "vectors">>;
  close(): Promise<void>;
};

const beta2 = 0.999; // of AdamW

async function openLearner(
  runtime: Runtime,
  { start, settings, state, scratch }: TrainingRun,
  layout: ParameterLayout,
): Promise<Learner> {
  const { optimiser, batch, side, freeze, gains, maskSlots, weightDecay } =
    settings;
  const shape = { batch, side, freeze, gains, maskSlots, optimiser };
  const gathers = settings.nominalBatch > batch;
  const load = (graph: Graph) => loadGraph(runtime, graph, scratch);
  const stepper = await load(
    buildTrainingStep(start, layout, { ...shape, hasParts: gathers }),
  );
  const gatherer = gathers
    ? await load(
      buildTrainingStep(start, layout, {
        ...shape,
        hasParts: true,
        isPart: true,
      }),
    )
    : undefined;
  const names = stateNames.filter((name) =>
    name !== "moment2" || hasSecondMoment(optimiser)
  );
  const held = new Map<string, HeldTensor>();
  const hold = async (name: string, data: Float32Array) =>
    held.set(name, await runtime.hold({ dims: [data.length], data }));
  const vectors = state?.vectors ?? firstVectors(start, layout);
  for (const name of names) await hold(name, vectors[name]);
  if (gathers) await hold("gradients", new Float32Array(layout.length));
  let updates = state?.updates ?? 0;

  const replace = async (name: string, tensor: HeldTensor) => {
    const old = held.get(name);
    held.set(name, tensor);
    if (old) await runtime.release(old);
  };
  const feedsFor = (own: readonly string[]) =>
    Object.fromEntries(own.flatMap((name) => {
      const tensor = held.get(name);
      return tensor ? [[name, tensor] as const] : [];
    }));
  const stepFeeds = (
    made: Batch,
    { rates, momentum, accumulate }: Parameters<Learner["step"]>[1],
  ): Record<string, Feed> => {
    const one = (value: number): Tensor => ({
      dims: [1],
      data: Float32Array.of(value),
    });
    const decay = weightDecay * batch * accumulate / settings.nominalBatch;
    const feeds: Record<string, Feed> = {
      ...feedsFor([...names, ...(gathers ? ["gradients"] : [])]),
      ...batchFeeds(made),
      rates: { dims: [3], data: Float32Array.from(rates) },
      momentum: one(momentum),
      weightDecay: one(decay),
      averageShare: one(averageShareAt(updates + 1)),
    };
    if (optimiser === "adamw") {
      feeds.correction1 = one(1 - momentum ** (updates + 1));
      feeds.correction2 = one(1 - beta2 ** (updates + 1));
    }
    return feeds;
  };

  return {
    step: async (made, step) => {
      const outputs = names.map((name) => `new ${name}`);
      const found = await stepper.run<string, string>(
        stepFeeds(made, step),
        ["losses", ...outputs],
        { hold: outputs },
      );
      updates++;
      for (const name of names) {
        await replace(name, asHeld(found[`new ${name}`]));
      }
      if (gathers) {
        const none = new Float32Array(layout.length);
        await replace(
          "gradients",
          await runtime.hold({ dims: [layout.length], data: none }),
        );
      }
      return asTensor(found.losses).data;
    },
    gather: async (made) => {
      if (!gatherer) throw new RangeError("This run gathers no gradients");
      const outputs = ["new running", "new gradients"];
      const found = await gatherer.run<string, string>(
        {
          ...feedsFor(["parameters", "running", "gradients"]),
          ...batchFeeds(made),
        },
        ["losses", ...outputs],
        { hold: outputs },
      );
      await replace("running", asHeld(found["new running"]));
      await replace("gradients", asHeld(found["new gradients"]));
      return asTensor(found.losses).data;
    },
    time: async (made) => {
      const settings = { rates: [0, 0, 0], momentum: 0.9, accumulate: 1 };
      const seconds: number[] = [];
      for (let i = 0; i < 3; i++) {
        const startMs = performance.now();
        await stepper.run(stepFeeds(made, settings), ["losses"]);
        seconds.push((performance.now() - startMs) / 1000);
      }
      return Math.min(...seconds); // the first allocates its memory
    },
    averages: () => ({
      parameters: getHeld(held, "averageParameters"),
      running: getHeld(held, "averageRunning"),
    }),
    readState: async () => {
      const read = async (name: string) => {
        const tensor = held.get(name);
        return tensor ? (await runtime.read(tensor)).data : new Float32Array();
      };
      return {
        updates,
        vectors: {
          parameters: await read("parameters"),
          running: await read("running"),
          moment1: await read("moment1"),
          moment2: await read("moment2"),
          averageParameters: await read("averageParameters"),
          averageRunning: await read("averageRunning"),
        },
      };
    },
    close: async () => {
      await stepper.release();
      await gatherer?.release();
      await runtime.release(...held.values());
    },
  };
}

function firstVectors(
  start: YoloWeights,
  layout: ParameterLayout,
): StateVectors {
  const { parameters, running } = gatherParameters(start, layout);
  const zeros = () => new Float32Array(layout.length);
  return {
    parameters,
    running,
    moment1: zeros(),
    moment2: zeros(),
    averageParameters: parameters,
    averageRunning: running,
  };
}

function batchFeeds(batch: Batch): Record<string, Tensor> {
  const { masks, ...rest } = batch;
  return masks ? { ...rest, masks } : rest;
}

function getHeld(
  held: ReadonlyMap<string, HeldTensor>,
  name: string,
): HeldTensor {
  const tensor = held.get(name);
  if (tensor) return tensor;
  throw new RangeError(`The learner holds no ${name}`);
}

function asHeld(feed: Feed): HeldTensor {
  if ("kind" in feed) return feed;
  throw new TypeError("The runtime gave back what it should hold");
}

function asTensor(feed: Feed): Tensor {
  if ("kind" in feed) throw new TypeError("The runtime holds what was asked");
  return feed;
}

/** Loads a graph and removes its file. */
async function loadGraph(
  runtime: Runtime,
  graph: Graph,
  scratch: string,
): Promise<Session> {
  const path = join(scratch, `${crypto.randomUUID()}.onnx`);
  writeModel(path, graph);
  try {
    return await runtime.load(path);
  } finally {
    await Deno.remove(path);
    await Deno.remove(`${path}.data`).catch(() => undefined); // only for large graphs
  }
}

/** Validates averages; sessions are kept by the shape of the batch. */
function openValidator(
  runtime: Runtime,
  { start, settings, validation, scratch }: TrainingRun,
  layout: ParameterLayout,
) {
  const sessions = new Map<string, Promise<Session>>();
  const sessionFor = (dims: readonly number[]) => {
    const [batch, , height, width] = dims;
    const { freeze, gains, maskSlots } = settings;
    const shape = { batch, width, height, freeze, gains, maskSlots };
    const session = sessions.get(dims.join()) ??
      loadGraph(runtime, buildValidation(start, layout, shape), scratch);
    sessions.set(dims.join(), session);
    return session;
  };
  const { task } = start.network;
  const outputs = task === "segment" ? ["output0", "output1"] : ["output0"];
  return {
    run: async (
      averages: { readonly parameters: Feed; readonly running: Feed },
      { load, classCount, signal }: {
        readonly load: Parameters<typeof validate>[1]["load"];
        readonly classCount: number;
        readonly signal?: AbortSignal;
      },
    ) => {
      const losses = createMeans();
      const found = await validate(validation, {
        load,
        classCount,
        hasMasks: task === "segment",
        run: async (batch) => {
          const session = await sessionFor(batch.images.dims);
          const out = await session.run<string, never>(
            { ...averages, ...batchFeeds(batch) },
            ["losses", ...outputs],
          );
          losses.add(asTensor(out.losses).data);
          return {
            output: asTensor(out.output0),
            prototypes: task === "segment" ? asTensor(out.output1) : undefined,
          };
        },
      }, {
        side: settings.side,
        batch: settings.batch * 2,
        isRect: settings.isRect,
        signal,
      });
      const images = found.map(({ evaluated }) => evaluated);
      return {
        measures: evaluateDetections(images, start.network.names, {
          masks: task === "segment",
        }),
        losses: losses.read(),
      };
    },
    close: async () => {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}
