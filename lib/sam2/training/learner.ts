// A learner: the sessions of the module graphs, and the vectors that they learn.
//
// The vectors stay with the runtime between steps. Graphs are built and loaded
// when a call first needs them.

import { join } from "node:path";
import { sizeOf, type Tensor } from "../../base/tensor.ts";
import {
  type AdamWOptions,
  adamWVectors,
  buildAdamW,
} from "../../onnx/learning/adamw.ts";
import type { Graph } from "../../onnx/graph.ts";
import { writeModel } from "../../onnx/write_model.ts";
import type {
  Feed,
  HeldTensor,
  Runtime,
  Session,
} from "../../runtime/runtime.ts";
import type { Sam2Weights } from "../weights.ts";
import type { LossShares } from "./loss.ts";
import { buildModule, type ModuleCall } from "./module_graphs.ts";
import {
  allPlaces,
  decays,
  gatherSam2,
  type ModuleName,
  moduleNames,
  type Sam2Layout,
} from "./parameters.ts";

/** The vectors that a step changes, each as long as the layout. */
export type Sam2Vectors = Readonly<
  Record<typeof adamWVectors[number], Float32Array>
>;

/** The vectors, and how many steps they are old. */
export type Sam2State = {
  readonly updates: number;
  readonly vectors: Sam2Vectors;
};

/** How a learner learns. */
export type LearnerSettings = {
  readonly adamW: AdamWOptions;
  readonly shares: LossShares;
  readonly weightDecay: number;
  /** Rate of each module over the common rate; 0 keeps it as it is. */
  readonly moduleRates: Readonly<Record<ModuleName, number>>;
  /** Of the moving average, reached slowly at the start. */
  readonly averageShare: number;
};

/** Runs modules forward and back and takes steps. */
export type Sam2Learner = {
  readonly weights: Sam2Weights;
  readonly layout: Sam2Layout;
  readonly settings: LearnerSettings;
  /** Runs a module; going back, its gradient is gathered for the next step. */
  run(
    call: ModuleCall,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<Readonly<Record<string, Tensor>>>;
  /** Changes the parameters by what was gathered; gives the length of the gradient. */
  step(options: { readonly rate: number }): Promise<number>;
  /** What has been gathered since the last step, for one module. */
  gathered(module: ModuleName): Promise<Float32Array>;
  /** Runs modules with the averages from now on, or with the parameters again. */
  useAverages(on: boolean): void;
  /** Puts other values in place of the averages. */
  setAverages(values: Float32Array): Promise<void>;
  readState(): Promise<Sam2State>;
  close(): Promise<void>;
};

/** Opens a learner that goes on from a state, or begins with the weights. */
export async function openLearner(
  runtime: Runtime,
  { weights, layout, settings, state, scratch }: {
    readonly weights: Sam2Weights;
    readonly layout: Sam2Layout;
    readonly settings: LearnerSettings;
    readonly state?: Sam2State;
    /** Folder for graphs, which are removed as soon as they are loaded. */
    readonly scratch: string;
  },
): Promise<Sam2Learner> {
  const sessions = new Map<string, Promise<Session>>();
  const load = (key: string, build: () => Graph) => {
    const known = sessions.get(key);
    if (known) return known;
    const session = loadGraph(runtime, build(), scratch);
    sessions.set(key, session);
    return session;
  };
  const lengths = moduleNames.map((name) =>
    layout.modules[name].reduce((sum, { length }) => sum + length, 0)
  );
  const held = new Map<string, HeldTensor>();
  const get = (name: string) => {
    const tensor = held.get(name);
    if (tensor) return tensor;
    throw new RangeError(`The learner holds no ${name}`);
  };
  const replace = async (name: string, next: HeldTensor) => {
    const old = held.get(name);
    held.set(name, next);
    if (old) await runtime.release(old);
  };
  const hold = async (name: string, data: Float32Array) =>
    await replace(name, await runtime.hold({ dims: [data.length], data }));

  const vectors = state?.vectors ?? firstVectors(weights, layout);
  for (const name of adamWVectors) await hold(name, vectors[name]);
  await hold("rates", ratesOf(layout, settings));
  await hold("decays", decaysOf(layout, settings));
  for (const [i, name] of moduleNames.entries()) {
    await hold(`gradient ${name}`, new Float32Array(lengths[i]));
    await hold(`nothing ${name}`, new Float32Array(lengths[i]));
  }
  const fresh = new Set<ModuleName>(moduleNames); // gathered nothing yet
  let updates = state?.updates ?? 0;
  let source = "parameters";

  return {
    weights,
    layout,
    settings,
    run: async (call, feeds) => {
      const session = await load(JSON.stringify(call), () =>
        buildModule(call, {
          start: weights,
          layout,
          shares: settings.shares,
        }));
      const isBack = call.way === "back";
      const { module } = call;
      const outputs = outputsOf(call);
      const gathered = fresh.has(module) ? "nothing" : "gradient";
      const found = await session.run<string, string>(
        {
          ...feeds,
          parameters: get(source),
          ...(isBack ? { gathered: get(`${gathered} ${module}`) } : {}),
        },
        isBack ? [...outputs, "gradient"] : outputs,
        { hold: isBack ? ["gradient"] : [] },
      );
      if (isBack) {
        await replace(`gradient ${module}`, asHeld(found.gradient));
        fresh.delete(module);
      }
      return Object.fromEntries(
        outputs.map((name) => [name, asTensor(found[name])]),
      );
    },
    step: async ({ rate }) => {
      const { adamW, averageShare } = settings;
      const stepper = await load("adamw", () => buildAdamW(lengths, adamW));
      const t = updates + 1;
      const one = (value: number): Tensor => ({
        dims: [1],
        data: Float32Array.of(value),
      });
      const gradients = Object.fromEntries(moduleNames.map((name, i) => [
        `gradient ${i}`,
        get(`${fresh.has(name) ? "nothing" : "gradient"} ${name}`),
      ]));
      const names = [...adamWVectors];
      const outputs = names.map((name) => `new ${name}`);
      const feeds: Record<string, Feed> = {
        ...Object.fromEntries(names.map((name) => [name, get(name)])),
        ...gradients,
        rates: get("rates"),
        decays: get("decays"),
        rate: one(rate),
        correction1: one(1 - adamW.beta1 ** t),
        correction2: one(1 - adamW.beta2 ** t),
        averageShare: one(Math.min(averageShare, t / (t + 9))),
      };
      const found = await stepper.run<string, string>(
        feeds,
        [...outputs, "norm"],
        { hold: outputs },
      );
      for (const name of names) {
        await replace(name, asHeld(found[`new ${name}`]));
      }
      for (const name of moduleNames) fresh.add(name);
      updates = t;
      return asTensor(found.norm).data[0];
    },
    gathered: async (module) => {
      const name = fresh.has(module) ? "nothing" : "gradient";
      return (await runtime.read(get(`${name} ${module}`))).data;
    },
    useAverages: (on) => {
      source = on ? "average" : "parameters";
    },
    setAverages: async (values) => await hold("average", values),
    readState: async () => {
      const read = async (name: string) => (await runtime.read(get(name))).data;
      return {
        updates,
        vectors: {
          parameters: await read("parameters"),
          moment1: await read("moment1"),
          moment2: await read("moment2"),
          average: await read("average"),
        },
      };
    },
    close: async () => {
      for (const session of sessions.values()) await (await session).release();
      await runtime.release(...held.values());
    },
  };
}

/** What a call gives back to the chain, all of it small. */
function outputsOf(call: ModuleCall): readonly string[] {
  const isBack = call.way === "back";
  switch (call.module) {
    case "encoder":
      return isBack ? [] : ["fpn0", "fpn1", "fpn2"];
    case "decoder": {
      const found = ["masks", "ious", "objectScore", "pointers"];
      if (!isBack) return found;
      const losses = ["", " focal", " dice", " iou", " objectScore"];
      return [
        ...found,
        ...losses.map((part) => `loss${part}`),
        "d pixels",
        "d fpn0",
        "d fpn1",
      ];
    }
    case "attention": {
      if (!isBack) return ["pixels"];
      const list = (name: string, count: number) =>
        Array.from({ length: count }, (_, i) => `d ${name} ${i}`);
      return [
        "d fpn2",
        ...list("memory", call.memories),
        ...list("pointer", call.pointers),
      ];
    }
    case "memory":
      return isBack ? ["d fpn2", "d mask"] : ["memory"];
  }
}

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

function firstVectors(weights: Sam2Weights, layout: Sam2Layout): Sam2Vectors {
  const parameters = gatherSam2(weights, layout);
  return {
    parameters,
    moment1: new Float32Array(layout.length),
    moment2: new Float32Array(layout.length),
    average: parameters.slice(),
  };
}

function ratesOf(layout: Sam2Layout, { moduleRates }: LearnerSettings) {
  const rates = new Float32Array(layout.length);
  for (const module of moduleNames) {
    for (const { from, length } of layout.modules[module]) {
      rates.fill(moduleRates[module], from, from + length);
    }
  }
  return rates;
}

function decaysOf(layout: Sam2Layout, { weightDecay }: LearnerSettings) {
  const found = new Float32Array(layout.length);
  for (const place of allPlaces(layout)) {
    if (!decays(place)) continue;
    found.fill(weightDecay, place.from, place.from + sizeOf(place.dims));
  }
  return found;
}

function asHeld(feed: Feed): HeldTensor {
  if ("kind" in feed) return feed;
  throw new TypeError("The runtime gave back what it should hold");
}

function asTensor(feed: Feed): Tensor {
  if ("kind" in feed) throw new TypeError("The runtime holds what was asked");
  return feed;
}
