// One training step of a small model, against `gradients-NAME.json` printed for
// `sam2-NAME.pt`: the losses of two frames and the gradient of every parameter,
// through the memory of the first frame into the second.

import { join } from "node:path";
import { z } from "zod";
import type { RgbImage } from "../../base/image.ts";
import type { Tensor } from "../../base/tensor.ts";
import { readImage } from "../../media/image.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { sineCode } from "../../sam2/graph/position.ts";
import { normaliseImage } from "../../sam2/preprocess.ts";
import { openLearner, type Sam2Learner } from "../../sam2/training/learner.ts";
import { officialShares } from "../../sam2/training/loss.ts";
import {
  layoutSam2,
  type ModuleName,
  moduleNames,
} from "../../sam2/training/parameters.ts";
import {
  choosePasses,
  chosenLogits,
  chosenPointers,
  spreadToFour,
  sumOf,
} from "../../sam2/training/passes.ts";
import { promptTensors } from "../../sam2/training/simulated_prompts.ts";
import { passOf } from "../../sam2/training/still_step.ts";
import type { Sam2Weights } from "../../sam2/weights.ts";
import { openSam2File } from "../model_file.ts";
import {
  type Check,
  compareExactly,
  compareNumber,
  type Comparison,
  judged,
} from "./compare.ts";

const Losses = z.object({
  loss_mask: z.number(),
  loss_dice: z.number(),
  loss_iou: z.number(),
  loss_class: z.number(),
  core_loss: z.number(),
});

/** The layout of gradients-NAME.json. */
export const Gradients = z.looseObject({
  frames: z.tuple([z.int(), z.int()]),
  click: z.tuple([z.tuple([z.number(), z.number()])]),
  frame0: Losses,
  frame1: Losses,
  gradients: z.record(
    z.string(),
    z.object({ l2: z.number(), samples: z.array(z.number()) }).nullable(),
  ),
});
export type Gradients = z.infer<typeof Gradients>;

const lossTolerance = 1e-5; // over the loss, where it is above 1
const normTolerance = 1e-3; // of a gradient's length
const leastNorm = 1e-6; // below it a gradient is rounding

/** Lists the checks of one file: every gradient is one. */
export function gradientChecks(
  name: string,
  file: Gradients,
  { folder, runtime, scratch }: {
    readonly folder: string;
    readonly runtime: Runtime;
    readonly scratch: string;
  },
): readonly Check[] {
  const model = name.replace(/^gradients-/, "");
  return [{
    name,
    count: Object.keys(file.gradients).length + 10, // five losses of each frame
    compare: async () => {
      const opened = openSam2File(join(folder, `sam2-${model}.pt`));
      try {
        const weights = withPresence(opened.weights);
        const layout = layoutSam2(namesOf(file), weights);
        const learner = await openLearner(runtime, {
          weights,
          layout,
          scratch,
          settings: {
            adamW: { beta1: 0.9, beta2: 0.999, clipNorm: 1 },
            shares: officialShares,
            weightDecay: 0,
            moduleRates: { encoder: 1, decoder: 1, attention: 1, memory: 1 },
            averageShare: 0.9,
          },
        });
        try {
          const read = (frame: number) =>
            readImage(join(folder, "frames", `${pad(frame)}.png`));
          const images = [
            await read(file.frames[0]),
            await read(file.frames[1]),
          ];
          return [
            ...await compareLosses(learner, file, images),
            ...await compareGradients(learner, file),
          ].map((one) => ({ ...one, name: `${name}/${one.name}` }));
        } finally {
          await learner.close();
        }
      } finally {
        opened.close();
      }
    },
  }];
}

function pad(frame: number): string {
  return String(frame).padStart(5, "0");
}

function namesOf({ gradients }: Gradients): readonly string[] {
  return Object.keys(gradients);
}

/** For this file 0.65 was added to the object score, so that both frames count as seen. */
function withPresence(weights: Sam2Weights): Sam2Weights {
  const moved = "sam_mask_decoder.pred_obj_score_head.layers.2.bias";
  return {
    ...weights,
    read: (name) => {
      const { dims, data } = weights.read(name);
      return name === moved
        ? { dims, data: data.map((value) => value + 0.65) }
        : { dims, data };
    },
  };
}

/** Runs the two frames forward and back, and compares their losses. */
async function compareLosses(
  learner: Sam2Learner,
  file: Gradients,
  frames: readonly RgbImage[],
): Promise<readonly Comparison[]> {
  const side = frames[0].width;
  const [c, quarter] = [learner.weights.config.channels, side / 4];
  const images = frames.map((frame) => normaliseImage(frame, side));
  const shape = { images: 1, objects: 1, side } as const;
  const encoder = { module: "encoder", images: 1, side } as const;
  const maps = [];
  for (const image of images) {
    maps.push(await learner.run({ ...encoder, way: "forward" }, { image }));
  }
  const decoder = {
    module: "decoder",
    ...shape,
    points: 2,
    choice: "best",
    lossSide: side,
  } as const;
  const one = (value: number): Tensor => ({
    dims: [1, 1],
    data: Float32Array.of(value),
  });
  const lossOf = (frame: number) => ({
    target: disc(frame, side),
    isPresent: one(1),
    lossShare: { dims: [1], data: Float32Array.of(1) },
  });
  const promptsOf = (points: readonly { x: number; y: number }[]) => {
    const asked = {
      points: [points.map((point) => ({ ...point, label: 1 }))],
    };
    const { isAmbiguous: _, ...tensors } = promptTensors(asked, side);
    return tensors;
  };

  // frame 0: a click; the best of three masks is remembered, not binarised
  const [[x, y]] = file.click;
  const first = {
    pixels: maps[0].fpn2,
    fpn0: maps[0].fpn0,
    fpn1: maps[0].fpn1,
    ...promptsOf([{ x, y }]),
  };
  const fromEncoder = { ...decoder, from: "encoder" } as const;
  const pass = passOf(
    await learner.run(
      { ...fromEncoder, way: "forward", isRemembered: false },
      first,
    ),
  );
  const chosen = choosePasses(pass, true);
  const memoryFeeds = {
    fpn2: maps[0].fpn2,
    mask: {
      dims: [1, 1, quarter, quarter],
      data: chosenLogits(pass, chosen)[0],
    },
    isPrompted: { dims: [1, 1, 1, 1], data: Float32Array.of(0) },
    objectScore: pass.objectScore,
  };
  const memoryCall = { module: "memory", ...shape } as const;
  const { memory } = await learner.run(
    { ...memoryCall, way: "forward" },
    memoryFeeds,
  );

  // frame 1: tracked, a clip of two frames, so that distances count over 1
  const attention = {
    module: "attention",
    ...shape,
    memories: 1,
    pointers: 1,
  } as const;
  const ages = Float32Array.of(0, 0, 0, 0, 0, 0, 1);
  const attentionFeeds = {
    fpn2: maps[1].fpn2,
    "memory 0": memory,
    memoryAges: { dims: [1, 7], data: ages },
    "pointer 0": chosenPointers(pass, chosen),
    pointerCodes: { dims: [1, c], data: sineCode(1, c) },
  };
  const { pixels } = await learner.run(
    { ...attention, way: "forward" },
    attentionFeeds,
  );
  const tracked = await learner.run({
    ...decoder,
    from: "attention",
    way: "back",
    isRemembered: false,
  }, {
    pixels,
    fpn0: maps[1].fpn0,
    fpn1: maps[1].fpn1,
    ...promptsOf([]),
    ...lossOf(file.frames[1]),
  });

  // and back
  const attended = await learner.run({ ...attention, way: "back" }, {
    ...attentionFeeds,
    "d pixels": tracked["d pixels"],
  });
  const remembered = await learner.run({ ...memoryCall, way: "back" }, {
    ...memoryFeeds,
    "d memory": attended["d memory 0"],
  });
  const clicked = await learner.run(
    { ...fromEncoder, way: "back", isRemembered: true },
    {
      ...first,
      ...lossOf(file.frames[0]),
      "d masks": spreadToFour(remembered["d mask"], chosen, pass.masks.dims),
      "d pointers": spreadToFour(
        attended["d pointer 0"],
        chosen,
        pass.pointers.dims,
      ),
    },
  );
  const backToImage = async (
    frame: number,
    found: Readonly<Record<string, Tensor>>,
    fpn2: Tensor,
  ) =>
    await learner.run({ ...encoder, way: "back" }, {
      image: images[frame],
      "d fpn0": found["d fpn0"],
      "d fpn1": found["d fpn1"],
      "d fpn2": fpn2,
    });
  await backToImage(1, tracked, attended["d fpn2"]);
  await backToImage(
    0,
    clicked,
    sumOf(clicked["d pixels"], remembered["d fpn2"]),
  );
  return [
    ...lossComparisons("frame0", clicked, file.frame0),
    ...lossComparisons("frame1", tracked, file.frame1),
  ];
}

/** The golden's truth: a disc that wanders. */
function disc(frame: number, side: number): Tensor {
  const x0 = 30 + 5 * frame;
  const y0 = 64 + 18 * Math.sin(frame / 3);
  const data = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return Math.hypot(x - x0, y - y0) < 15 ? 1 : 0;
  });
  return { dims: [1, 1, side, side], data };
}

function lossComparisons(
  frame: string,
  found: Readonly<Record<string, Tensor>>,
  wanted: z.infer<typeof Losses>,
): readonly Comparison[] {
  const pairs = [
    ["loss_mask", "loss focal"],
    ["loss_dice", "loss dice"],
    ["loss_iou", "loss iou"],
    ["loss_class", "loss objectScore"],
    ["core_loss", "loss"],
  ] as const;
  return pairs.map(([name, own]) =>
    compareNumber(`${frame}.${name}`, found[own].data[0], wanted[name], {
      tolerance: lossTolerance * Math.max(1, wanted[name]),
    })
  );
}

/** Every gradient's length, and its samples over that length. */
async function compareGradients(
  learner: Sam2Learner,
  { gradients }: Gradients,
): Promise<readonly Comparison[]> {
  const found = new Map<string, Float32Array>();
  for (const module of moduleNames) {
    for (const [tensor, part] of await cut(learner, module)) {
      found.set(tensor, part);
    }
  }
  return Object.entries(gradients).map(([tensor, wanted]) => {
    const part = found.get(tensor);
    if (!wanted || !part) { // never learns, here as there
      const isNothing = !part || part.every((value) => value === 0);
      return compareExactly(tensor, isNothing && !wanted, true);
    }
    const norm = Math.sqrt(part.reduce((sum, value) => sum + value * value, 0));
    if (wanted.l2 < leastNorm) {
      return compareNumber(tensor, norm, wanted.l2, { tolerance: 1e-5 });
    }
    const n = wanted.samples.length;
    const errors = wanted.samples.map((sample, i) =>
      Math.abs(part[Math.floor(i * part.length / n)] - sample)
    );
    const worst = Math.max(Math.abs(norm - wanted.l2), ...errors) / wanted.l2;
    return judged(tensor, worst, "rel", normTolerance);
  });
}

async function cut(
  learner: Sam2Learner,
  module: ModuleName,
): Promise<readonly (readonly [string, Float32Array])[]> {
  const places = learner.layout.modules[module];
  const flat = await learner.gathered(module);
  const start = places[0].from;
  return places.map(({ name, from, length }) =>
    [name, flat.subarray(from - start, from - start + length)] as const
  );
}
