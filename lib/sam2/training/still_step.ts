// A training step on stills: prompts, then corrections, each pass with its loss.
//
// What a pass finds is not differentiated where it becomes the next prompt, so
// every pass goes back at once; only the encoder waits until all have.

import type { Random } from "../../base/random.ts";
import type { Tensor } from "../../base/tensor.ts";
import {
  batchImages,
  batchTruths,
  type Sam2Batch,
  targetTensors,
} from "./batch.ts";
import type { Sam2Learner } from "./learner.ts";
import {
  choosePasses,
  chosenLogits,
  type Pass,
  sumOf,
  toHalfMask,
} from "./passes.ts";
import {
  addCorrections,
  type Asked,
  firstPrompts,
  promptTensors,
} from "./simulated_prompts.ts";
import { meanIou, startReport, type StepReport } from "./step_report.ts";

/** The maps of a frame of a batch that are known already; the encoder then does not learn. */
export type KnownMaps = (
  frame: number,
) => Promise<Readonly<Record<string, Tensor>>>;

/** Gathers the gradients of stills, the first frame of each clip. */
export async function gatherStills(
  learner: Sam2Learner,
  batch: Sam2Batch,
  { passes, random, knownMaps }: {
    readonly passes: number;
    readonly random: Random;
    readonly knownMaps?: KnownMaps;
  },
): Promise<StepReport> {
  const { side, clips, objects } = batch;
  const images = clips.length;
  const { maps, image } = await encodeBatch(learner, batch, {
    frame: 0,
    knownMaps,
  });
  const truths = batchTruths(batch, 0);
  const targets = targetTensors(truths);
  const report = startReport();
  let asked: Asked = firstPrompts(truths, random);
  let arrived: Readonly<Record<string, Tensor>> | undefined;

  for (let k = 0; k < passes; k++) {
    const { isAmbiguous, ...prompts } = promptTensors(asked, side);
    const found = await learner.run({
      module: "decoder",
      way: "back",
      images,
      side,
      objects: objects[0].length,
      points: prompts.labels.dims[1],
      from: "encoder",
      choice: isAmbiguous ? "best" : "single",
      lossSide: side / 2,
      isRemembered: false,
    }, {
      pixels: maps.fpn2,
      fpn0: maps.fpn0,
      fpn1: maps.fpn1,
      ...prompts,
      ...targets,
      lossShare: { dims: [1], data: Float32Array.of(1 / passes) },
    });
    arrived = {
      "d fpn0": sumOf(arrived?.["d fpn0"], found["d fpn0"]),
      "d fpn1": sumOf(arrived?.["d fpn1"], found["d fpn1"]),
      "d fpn2": sumOf(arrived?.["d fpn2"], found["d pixels"]),
    };
    const pass = passOf(found);
    const logits = chosenLogits(pass, choosePasses(pass, isAmbiguous));
    const masks = logits.map((own) => toHalfMask(own, side / 4));
    report.addLosses(found);
    report.addIou(meanIou(masks, truths));
    if (k + 1 < passes) {
      asked = addCorrections(asked, { truths, found: masks, logits, random });
    }
  }
  if (image) {
    await learner.run(
      { module: "encoder", images, side, way: "back" },
      { image, ...arrived },
    );
  }
  return report.end();
}

/** The maps of a frame, and the images where the encoder ran for them. */
export async function encodeBatch(
  learner: Sam2Learner,
  batch: Sam2Batch,
  { frame, knownMaps }: {
    readonly frame: number;
    readonly knownMaps?: KnownMaps;
  },
): Promise<{
  readonly maps: Readonly<Record<string, Tensor>>;
  readonly image?: Tensor;
}> {
  if (knownMaps) return { maps: await knownMaps(frame) };
  const { side, clips: { length: images } } = batch;
  const image = batchImages(batch, frame);
  const maps = await learner.run(
    { module: "encoder", images, side, way: "forward" },
    { image },
  );
  return { maps, image };
}

/** The tensors of a pass out of all that a decoder run gave. */
export function passOf(found: Readonly<Record<string, Tensor>>): Pass {
  const { masks, ious, objectScore, pointers } = found;
  return { masks, ious, objectScore, pointers };
}
