// A training step on clips: prompts on the first frame, then the objects are
// tracked, with corrections in the middle of some clips.
//
// Forward frame by frame, as the tracker works (memory.ts), then back through
// memories and pointers, the last frame first. The last pass of a frame is the
// one that is remembered; passes before it go back at once.

import type { Bitmap } from "../../base/image.ts";
import type { Random } from "../../base/random.ts";
import type { Tensor } from "../../base/tensor.ts";
import { sineCode } from "../graph/position.ts";
import { batchTruths, type Sam2Batch, targetTensors } from "./batch.ts";
import type { Sam2Learner } from "./learner.ts";
import type { ModuleCall } from "./module_graphs.ts";
import {
  choosePasses,
  chosenLogits,
  chosenPointers,
  gatedLogits,
  spreadToFour,
  sumOf,
  toHalfMask,
} from "./passes.ts";
import {
  addCorrections,
  type Asked,
  firstPrompts,
  promptTensors,
} from "./simulated_prompts.ts";
import { spoilMasks } from "./spoil_masks.ts";
import { meanIou, startReport, type StepReport } from "./step_report.ts";
import { encodeBatch, type KnownMaps, passOf } from "./still_step.ts";

/** What is decided by chance before a clip is tracked. */
export type ClipPlan = {
  /** Passes on the first frame. */
  readonly firstPasses: number;
  /** A frame that is corrected, and with how many clicks; none when undefined. */
  readonly correction?: { readonly frame: number; readonly clicks: number };
  /** The mask that is remembered of every frame: what was found, the true one, or a spoilt one. */
  readonly remembers: readonly Remembers[];
  /** Whether gradients reach the encoder. */
  readonly learnsEncoder: boolean;
};

/** Which mask of a frame goes into its memory. */
export type Remembers = "found" | "truth" | "spoilt";

/** Decides by chance what happens in clips of so many frames. */
export function planClip(frames: number, random: Random): ClipPlan {
  const firstPasses = [1, 1, 2, 3][Math.floor(random() * 4)];
  const isCorrected = frames > 2 && random() < 0.3;
  const correction = isCorrected
    ? {
      frame: 1 + Math.floor(random() * (frames - 1)),
      clicks: 1 + Math.floor(random() * 2),
    }
    : undefined;
  const first: Remembers = random() < 0.5 ? "truth" : "found";
  const kind = random();
  const later = (): Remembers => {
    if (kind < 0.25) return "truth";
    return kind < 0.6 && random() < 0.5 ? "spoilt" : "found";
  };
  return {
    firstPasses,
    correction,
    remembers: Array.from(
      { length: frames },
      (_, t) => t === 0 ? first : later(),
    ),
    learnsEncoder: random() < 0.5,
  };
}

type Tensors = Readonly<Record<string, Tensor>>;

/** What a frame leaves for the way back. */
type TrackedFrame = {
  /** Where the encoder ran. */
  readonly image?: Tensor;
  readonly maps: Tensors;
  readonly attention?: {
    readonly call: AttentionCall;
    readonly feeds: Tensors;
  };
  readonly decoder: { readonly call: DecoderCall; readonly feeds: Tensors };
  readonly chosen: readonly number[];
  readonly isFoundRemembered: boolean;
  readonly pointer: Tensor;
  readonly memory?: { readonly feeds: Tensors; readonly value: Tensor };
  /** From the passes before the last: at pixels, fpn0, fpn1. */
  readonly arrived: readonly Tensors[];
};
type AttentionCall = Extract<ModuleCall, { module: "attention" }>;
type DecoderCall = Extract<ModuleCall, { module: "decoder" }>;

/** Gathers the gradients of clips of one length. */
export async function gatherClips(
  learner: Sam2Learner,
  batch: Sam2Batch,
  { plan, random, knownMaps }: {
    readonly plan: ClipPlan;
    readonly random: Random;
    readonly knownMaps?: KnownMaps;
  },
): Promise<StepReport> {
  const frames = batch.clips[0].identities.length;
  const report = startReport();
  const tracked: TrackedFrame[] = [];
  for (let t = 0; t < frames; t++) {
    tracked.push(
      await trackFrame(learner, batch, {
        t,
        tracked,
        plan,
        random,
        report,
        knownMaps,
      }),
    );
  }
  const { learnsEncoder } = plan;
  await goBack(learner, batch, { tracked, learnsEncoder, report });
  return report.end();
}

async function trackFrame(
  learner: Sam2Learner,
  batch: Sam2Batch,
  { t, tracked, plan, random, report, knownMaps }: {
    readonly t: number;
    readonly knownMaps?: KnownMaps;
    readonly tracked: readonly TrackedFrame[];
    readonly plan: ClipPlan;
    readonly random: Random;
    readonly report: ReturnType<typeof startReport>;
  },
): Promise<TrackedFrame> {
  const { side, clips, objects } = batch;
  const shape = { images: clips.length, side, objects: objects[0].length };
  const frames = clips[0].identities.length;
  const isLast = t === frames - 1;
  const { maps, image } = await encodeBatch(learner, batch, {
    frame: t,
    knownMaps,
  });
  const attention = t === 0 ? undefined : attentionCall(learner, shape, {
    fpn2: maps.fpn2,
    tracked,
  });
  const pixels = attention
    ? (await learner.run(
      { ...attention.call, way: "forward" },
      attention.feeds,
    ))
      .pixels
    : maps.fpn2;
  const truths = batchTruths(batch, t);
  const targets = targetTensors(truths);
  const clicks = plan.correction?.frame === t ? plan.correction.clicks : 0;
  const passes = t === 0 ? plan.firstPasses : 1 + clicks;
  const lossShare = {
    dims: [1],
    data: Float32Array.of(1 / (passes * frames)),
  };
  let asked: Asked = t === 0
    ? firstPrompts(truths, random)
    : { points: truths.map(() => []) };
  const arrived: Tensors[] = [];

  for (let k = 0;; k++) {
    const isRemembered = k === passes - 1;
    const { isAmbiguous, ...prompts } = promptTensors(asked, side);
    const isTracked = asked.points[0].length === 0 && !asked.masks;
    const picksBest = isTracked
      ? learner.weights.config.multimaskForTracking
      : isAmbiguous;
    const call: DecoderCall = {
      module: "decoder",
      way: "back",
      ...shape,
      points: prompts.labels.dims[1],
      from: t === 0 ? "encoder" : "attention",
      choice: picksBest ? "best" : "single",
      lossSide: side / 2,
      isRemembered: isRemembered && !isLast,
    };
    const feeds = {
      pixels,
      fpn0: maps.fpn0,
      fpn1: maps.fpn1,
      ...prompts,
    };
    const back = { ...feeds, ...targets, lossShare };
    const isWaiting = isRemembered && !isLast;
    const found = isWaiting
      ? await learner.run({ ...call, way: "forward" }, feeds)
      : await learner.run(call, back);
    if (!isWaiting) {
      arrived.push(found);
      report.addLosses(found);
    }
    const pass = passOf(found);
    const chosen = choosePasses(pass, picksBest);
    const logits = chosenLogits(pass, chosen);
    const masks = logits.map((own) => toHalfMask(own, side / 4));
    report.addIou(meanIou(masks, truths));
    if (!isRemembered) {
      asked = addCorrections(asked, { truths, found: masks, logits, random });
      continue;
    }
    const frame = {
      image,
      maps,
      attention,
      decoder: { call, feeds: back },
      chosen,
      isFoundRemembered: plan.remembers[t] === "found",
      pointer: chosenPointers(pass, chosen),
      arrived,
    };
    if (isLast) return frame;
    const isPrompted = t === 0 || clicks > 0;
    const remembered = plan.remembers[t] === "found"
      ? { mask: gatedLogits(logits, pass), objectScore: pass.objectScore }
      : rememberMasks(
        plan.remembers[t] === "truth" ? truths : spoilMasks(truths, random),
        targets.isPresent,
      );
    const memoryFeeds = {
      fpn2: maps.fpn2,
      ...remembered,
      isPrompted: flags(truths.length, isPrompted),
    };
    const { memory } = await learner.run(
      { module: "memory", way: "forward", ...shape },
      memoryFeeds,
    );
    return { ...frame, memory: { feeds: memoryFeeds, value: memory } };
  }
}

function flags(count: number, on: boolean): Tensor {
  return {
    dims: [count, 1, 1, 1],
    data: new Float32Array(count).fill(on ? 1 : 0),
  };
}

/** Given masks as sure logits at a quarter of the side. */
function rememberMasks(masks: readonly Bitmap[], isPresent: Tensor) {
  const half = masks[0].width;
  const quarter = half / 2;
  const area = quarter * quarter;
  const data = new Float32Array(masks.length * area);
  masks.forEach((mask, n) => {
    for (let i = 0; i < area; i++) {
      const at = 2 * Math.floor(i / quarter) * half + 2 * (i % quarter);
      const share = mask.data[at] + mask.data[at + 1] +
        mask.data[at + half] + mask.data[at + half + 1];
      data[n * area + i] = 5 * share - 10;
    }
  });
  return {
    mask: { dims: [masks.length, 1, quarter, quarter], data },
    objectScore: {
      dims: [masks.length, 1],
      data: isPresent.data.map((there) => there ? 10 : -10),
    },
  };
}

const mostMemories = 6; // tracked frames that are remembered beside the first
const pointerSpan = 15; // what distances of pointers are divided by

/** What attention reads of an earlier frame. */
export type Remembered = {
  readonly pointer: Tensor;
  readonly memory?: { readonly value: Tensor };
};

/** Frame 0 conditions, the last six frames before this one are remembered. */
export function attentionCall(
  { weights }: Sam2Learner,
  shape: {
    readonly images: number;
    readonly side: number;
    readonly objects: number;
  },
  { fpn2, tracked }: {
    readonly fpn2: Tensor;
    readonly tracked: readonly Remembered[];
  },
) {
  const t = tracked.length;
  const sources = sourcesOf(t);
  const feeds: Record<string, Tensor> = { fpn2 };
  const ages = new Float32Array(sources.length * 7);
  sources.forEach((frame, i) => {
    feeds[`memory ${i}`] = memoryOf(tracked[frame]);
    ages[i * 7 + (frame === 0 ? 6 : t - frame - 1)] = 1;
  });
  const c = weights.config.channels;
  const codes = new Float32Array(t * c);
  tracked.forEach(({ pointer }, i) => {
    feeds[`pointer ${i}`] = pointer;
    codes.set(sineCode((t - i) / pointerSpan, c), i * c);
  });
  feeds.memoryAges = { dims: [sources.length, 7], data: ages };
  feeds.pointerCodes = { dims: [t, c], data: codes };
  const call: AttentionCall = {
    module: "attention",
    way: "back",
    ...shape,
    memories: sources.length,
    pointers: t,
  };
  return { call, feeds };
}

/** The frames that frame t remembers. */
function sourcesOf(t: number): readonly number[] {
  return Array.from({ length: t }, (_, i) => i)
    .filter((frame) => frame === 0 || t - frame <= mostMemories);
}

function memoryOf({ memory }: Remembered): Tensor {
  if (!memory) throw new RangeError("The last frame is not remembered");
  return memory.value;
}

async function goBack(
  learner: Sam2Learner,
  { side, clips, objects }: Sam2Batch,
  { tracked, learnsEncoder, report }: {
    readonly tracked: readonly TrackedFrame[];
    readonly learnsEncoder: boolean;
    readonly report: ReturnType<typeof startReport>;
  },
) {
  const shape = { images: clips.length, side, objects: objects[0].length };
  const memories = tracked.map((): Tensor | undefined => undefined);
  const pointers = tracked.map((): Tensor | undefined => undefined);
  for (let t = tracked.length - 1; t >= 0; t--) {
    const frame = tracked[t];
    const ofMemory = memories[t];
    const remembered = frame.memory && ofMemory
      ? await learner.run({ module: "memory", way: "back", ...shape }, {
        ...frame.memory.feeds,
        "d memory": ofMemory,
      })
      : undefined;
    const arrived = [...frame.arrived];
    if (frame.memory) {
      const found = await learner.run(frame.decoder.call, {
        ...frame.decoder.feeds,
        ...waitingGradients(frame, remembered, pointers[t]),
      });
      arrived.push(found);
      report.addLosses(found);
    }
    const of = (name: string) => sumOf(...arrived.map((part) => part[name]));
    let fpn2 = frame.attention ? undefined : of("d pixels");
    if (frame.attention) {
      const { call, feeds } = frame.attention;
      const found = await learner.run(call, {
        ...feeds,
        "d pixels": of("d pixels"),
      });
      fpn2 = found["d fpn2"];
      sourcesOf(t).forEach((source, i) => {
        memories[source] = sumOf(memories[source], found[`d memory ${i}`]);
      });
      for (let i = 0; i < t; i++) {
        pointers[i] = sumOf(pointers[i], found[`d pointer ${i}`]);
      }
    }
    if (!learnsEncoder || !frame.image) continue;
    await learner.run(
      { module: "encoder", images: shape.images, side, way: "back" },
      {
        image: frame.image,
        "d fpn0": of("d fpn0"),
        "d fpn1": of("d fpn1"),
        "d fpn2": sumOf(fpn2, remembered?.["d fpn2"]),
      },
    );
  }
}

/** What arrives at the masks and pointers of a remembered pass. */
function waitingGradients(
  { chosen, isFoundRemembered, decoder, memory }: TrackedFrame,
  remembered: Tensors | undefined,
  ofPointer: Tensor | undefined,
): Tensors {
  const b = chosen.length;
  const [, , h, w] = decoder.feeds.mask.dims;
  const c = decoder.feeds.pixels.dims[1];
  const nothing = (size: number): Tensor => ({
    dims: [b, size],
    data: new Float32Array(b * size),
  });
  const ofMask = remembered?.["d mask"];
  const isGated = (i: number) => (memory?.feeds.objectScore.data[i] ?? 0) <= 0;
  const own = ofMask && isFoundRemembered
    ? {
      dims: ofMask.dims,
      data: ofMask.data.map((value, at) =>
        isGated(Math.floor(at / (h * w))) ? 0 : value
      ),
    }
    : nothing(h * w);
  return {
    "d masks": spreadToFour(own, chosen, [b, 4, h, w]),
    "d pointers": spreadToFour(ofPointer ?? nothing(c), chosen, [b, 4, c]),
  };
}
