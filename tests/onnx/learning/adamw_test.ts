import { ok } from "node:assert/strict";
import { openRuntime } from "medannotate";
import { seededRandom } from "../../../lib/base/random.ts";
import { buildAdamW } from "../../../lib/onnx/learning/adamw.ts";
import { graphRunner } from "../../../lib/work/parity/run_graph.ts";
import { inFolder } from "../../media/temporary_folder.ts";

const beta1 = 0.9, beta2 = 0.98, epsilon = 1e-8, clipNorm = 0.5;

Deno.test(
  "buildAdamW() clips the whole gradient, moves every value at a rate of its own and keeps the average",
  inFolder(async (folder) => {
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const random = seededRandom(5);
    const n = 5;
    const draw = () => Float32Array.from({ length: n }, () => 2 * random() - 1);
    const given = {
      parameters: draw(),
      moment1: draw(),
      moment2: draw().map(Math.abs),
      average: draw(),
      gradient: draw(),
      rates: Float32Array.of(1, 1, 0.5, 0, 1), // the fourth stands still
      decays: Float32Array.of(0.1, 0, 0.1, 0.1, 0),
    };
    const t = 3, rate = 0.01, averageShare = 0.9;
    const vector = (data: Float32Array) => ({ dims: [data.length], data });
    const one = (value: number) => vector(Float32Array.of(value));
    try {
      const { gradient, ...vectors } = given;
      const found = await graphRunner(runtime, folder)(
        buildAdamW([2, 3], { beta1, beta2, epsilon, clipNorm }),
        {
          ...Object.fromEntries(
            Object.entries(vectors).map(([name, data]) => [name, vector(data)]),
          ),
          "gradient 0": vector(gradient.slice(0, 2)),
          "gradient 1": vector(gradient.slice(2)),
          rate: one(rate),
          correction1: one(1 - beta1 ** t),
          correction2: one(1 - beta2 ** t),
          averageShare: one(averageShare),
        },
      );
      const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      const shrink = Math.min(1, clipNorm / (norm + 1e-6));
      for (let i = 0; i < n; i++) {
        const g = gradient[i] * shrink;
        const m = beta1 * given.moment1[i] + (1 - beta1) * g;
        const v = beta2 * given.moment2[i] + (1 - beta2) * g * g;
        const own = rate * given.rates[i];
        const step = m / (1 - beta1 ** t) /
          (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
        const next = given.parameters[i] * (1 - own * given.decays[i]) -
          own * step;
        const average = averageShare * given.average[i] +
          (1 - averageShare) * next;
        const near = (name: string, wanted: number) =>
          ok(
            Math.abs(found[name].data[i] - wanted) < 1e-6,
            `${name} ${i}: ${found[name].data[i]}, expected ${wanted}`,
          );
        near("new moment1", m);
        near("new moment2", v);
        near("new parameters", next);
        near("new average", average);
      }
      ok(Math.abs(found.norm.data[0] - norm) < 1e-6);
      ok(found["new parameters"].data[3] === given.parameters[3]);
    } finally {
      runtime.close();
    }
  }),
);
