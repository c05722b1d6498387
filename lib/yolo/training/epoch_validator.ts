// The validation after an epoch: the averages of the parameters over all
// validation images, with their losses.

import type { Feed, Runtime, Session } from "../../runtime/runtime.ts";
import { evaluateDetections } from "../evaluation/evaluate_detections.ts";
import { validate } from "../validate.ts";
import type { YoloWeights } from "../weights.ts";
import { asTensor, batchFeeds, loadGraph } from "./graph_session.ts";
import { createMeans } from "./means.ts";
import type { ParameterLayout } from "./parameters.ts";
import type { SampleLoader, TrainingSample } from "./sample.ts";
import type { TrainSettings } from "./settings.ts";
import { buildValidation } from "./validation_graph.ts";

/** Validates averages; sessions are kept by the shape of the batch. */
export function openValidator(
  runtime: Runtime,
  { start, settings, validation, scratch }: {
    readonly start: YoloWeights;
    readonly settings: TrainSettings;
    readonly validation: readonly TrainingSample[];
    /** Folder for graphs, which are removed as soon as they are loaded. */
    readonly scratch: string;
  },
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
        readonly load: SampleLoader;
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
