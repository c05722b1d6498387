// A learner: the graph of a training step, and the vectors it changes.
//
// The vectors stay with the runtime between steps; only batches go in and losses
// come out, until somebody asks for the state.

import type { Tensor } from "../../base/tensor.ts";
import type { Graph } from "../../onnx/graph.ts";
import type { Feed, HeldTensor, Runtime } from "../../runtime/runtime.ts";
import type { YoloWeights } from "../weights.ts";
import type { Batch } from "./batch.ts";
import { asTensor, batchFeeds, loadGraph } from "./graph_session.ts";
import { hasSecondMoment } from "./optimise.ts";
import { gatherParameters, type ParameterLayout } from "./parameters.ts";
import { averageShareAt } from "./schedule.ts";
import type { TrainSettings } from "./settings.ts";
import { buildTrainingStep, stateNames } from "./step.ts";

/** The vectors that change, by name. */
export type StateVectors = Readonly<
  Record<typeof stateNames[number], Float32Array>
>;

/** The vectors, and how many steps they are old. */
export type LearnerState = {
  readonly updates: number;
  readonly vectors: StateVectors;
};

/** The graph of a step, and the vectors it changes. */
export type Learner = {
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
  readState(): Promise<LearnerState>;
  close(): Promise<void>;
};

const beta2 = 0.999; // of AdamW

/** Opens a learner that goes on from vectors, or begins with those of the start. */
export async function openLearner(
  runtime: Runtime,
  { start, settings, state, scratch }: {
    readonly start: YoloWeights;
    readonly settings: TrainSettings;
    readonly state?: LearnerState;
    /** Folder for graphs, which are removed as soon as they are loaded. */
    readonly scratch: string;
  },
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
