// YOLO networks with weights made by formula: names, shapes, forward pass.

import { z } from "zod";
import { hashText } from "../../base/random.ts";
import { sizeOf, type Tensor } from "../../base/tensor.ts";
import {
  type DesignedNetwork,
  designNetwork,
  findDesign,
  type TensorRole,
} from "../../yolo/design.ts";
import { buildDetector } from "../../yolo/graph/detector.ts";
import type { YoloWeights } from "../../yolo/weights.ts";
import { type Check, compareExactly, type Comparison } from "./compare.ts";
import { fillTensor, fillUnits } from "./filler.ts";
import type { GraphRunner } from "./run_graph.ts";
import { compareSamples, Sampled } from "./samples.ts";

/** The layout of filler.json. */
export const Filler = z.object({
  filler: z.array(z.object({
    name: z.string(),
    fnv1a32: z.number(),
    scale: z.number(),
    offset: z.number(),
    u: z.array(z.number()),
    value: z.array(z.number()),
  })),
});

/** Lists the checks of the filler: exact. */
export function fillerChecks({ filler }: z.infer<typeof Filler>): Check[] {
  return filler.map(({ name, fnv1a32, scale, offset, u, value }) => ({
    name: `formula/filler/${name}`,
    count: 3,
    compare: () => {
      const options = { scale, offset };
      const filled = fillTensor(name, [value.length], options).data;
      const wanted = Float32Array.from(value);
      return Promise.resolve([
        compareExactly(`formula/filler/${name}/hash`, hashText(name), fnv1a32),
        compareExactly(`formula/filler/${name}/u`, [
          ...fillUnits(name, u.length),
        ], u),
        compareExactly(`formula/filler/${name}/value`, [...filled], [
          ...wanted,
        ]),
      ]);
    },
  }));
}

/** The layout of statedict.json. */
export const StateDicts = z.object({
  models: z.record(
    z.string(),
    z.object({
      gain: z.number(),
      params: z.int(),
      list: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })),
    }),
  ),
});

/** Lists the checks of all names and shapes, in order: exact. */
export function stateDictChecks(
  { models }: z.infer<typeof StateDicts>,
): Check[] {
  return Object.entries(models).map(([id, { list }]) => ({
    name: `formula/statedict/${id}`,
    count: list.length,
    compare: () => {
      const { shapes } = designOf(id, classes(80));
      const own = [...shapes].map(([name, { dims }]) => ({ name, dims }));
      return Promise.resolve(
        list.map(({ name, shape }, i) =>
          compareExactly(`formula/statedict/${id}/${name}`, own[i], {
            name,
            dims: shape,
          })
        ),
      );
    },
  }));
}

function classes(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `class ${i}`);
}

/** The network of an id such as `yolo11n-seg`. */
export function designOf(
  id: string,
  names: readonly string[],
  imageSide = 640,
): DesignedNetwork {
  const design = findDesign(id);
  if (!design) {
    throw new RangeError(`Cannot design ${id}, expected such as yolo11n-seg`);
  }
  return designNetwork(design, { names, imageSide });
}

/** Weights by formula. */
export function formulaYolo(
  { network, shapes }: DesignedNetwork,
  gain: number,
): YoloWeights {
  return {
    network,
    read: (name) => {
      const shape = shapes.get(name);
      if (!shape) throw new RangeError(`The formula has no tensor ${name}`);
      return fillRole(name, shape.dims, shape.role, gain);
    },
  };
}

function fillRole(
  name: string,
  dims: readonly number[],
  role: TensorRole,
  gain: number,
): Tensor {
  switch (role) {
    case "weight":
      return fillTensor(name, dims, {
        scale: Math.sqrt(3 / sizeOf(dims.slice(1))) * gain,
      });
    case "bias":
    case "normBias":
    case "normMean":
      return fillTensor(name, dims, { scale: 0.1 });
    case "normWeight":
      return fillTensor(name, dims, { scale: 0.2, offset: 1 });
    case "normVariance":
      return fillTensor(name, dims, { scale: 0.3, offset: 1 });
    case "counter":
      return fillTensor(name, dims, { scale: 0 });
    case "bins":
      return {
        dims,
        data: Float32Array.from({ length: sizeOf(dims) }, (_, i) => i),
      };
  }
}

/** The layout of forward.json. */
export const Forward = z.object({
  runs: z.record(
    z.string(),
    z.object({
      gain: z.coerce.number(),
      output: Sampled,
      head: z.record(z.string(), Sampled),
      layers: z.array(Sampled.extend({ i: z.int() })),
      proto: Sampled.optional(),
    }),
  ),
});

const tolerance = {
  boxPx: 5e-3,
  score: 2e-5,
  logit: 1.5e-4,
  prototype: 2e-5,
  layer: 1e-4, // of its standard deviation
} as const;

/** Lists the checks of all forward passes. */
export function forwardChecks(
  { runs }: z.infer<typeof Forward>,
  run: GraphRunner,
): Check[] {
  return Object.entries(runs).map(([id, golden]) => {
    const name = `formula/forward/${id}`;
    const parts = Object.keys(golden.head);
    const count = golden.layers.length + parts.length + 2 +
      (golden.proto ? 2 : 0);
    const compare = async (): Promise<Comparison[]> => {
      const [model, side] = id.split("@");
      const designed = designOf(model, classes(80), Number(side));
      const weights = formulaYolo(designed, golden.gain);
      const shape = { width: Number(side), height: Number(side) };
      const graph = buildDetector(weights, shape);
      const dims = [1, 3, shape.height, shape.width];
      const images = fillTensor("input", dims, { scale: 0.5, offset: 0.5 });
      const expose = [...graph.labels.keys()];
      const found = await run(graph, { images }, { expose });
      const rows = found.output0.dims[1];
      const anchors = found.output0.dims[2];
      // rows of boxes, scores and coefficients have tolerances of their own
      const rowsOf = (from: number, to: number) => (index: number) => {
        const row = Math.floor(index / anchors);
        return row >= from && row < to;
      };
      const output = (
        part: string,
        from: number,
        to: number,
        tolerance: number,
      ) =>
        compareSamples(`${name}/output ${part}`, found.output0, golden.output, {
          tolerance,
          only: rowsOf(from, to),
        });
      return [
        ...golden.layers.map((layer) =>
          compareSamples(
            `${name}/layer ${layer.i}`,
            found[`layers.${layer.i}`],
            layer,
            { tolerance: tolerance.layer, unit: "std" },
          )
        ),
        ...parts.map((part) =>
          compareSamples(
            `${name}/head ${part}`,
            found[`head.${part}`],
            golden.head[part],
            { tolerance: tolerance.logit },
          )
        ),
        output("boxes", 0, 4, tolerance.boxPx),
        output("scores", 4, 84, tolerance.score),
        ...(golden.proto
          ? [
            output("coefficients", 84, rows, tolerance.logit),
            compareSamples(`${name}/proto`, found.output1, golden.proto, {
              tolerance: tolerance.prototype,
            }),
          ]
          : []),
      ];
    };
    return { name, count, compare };
  });
}
