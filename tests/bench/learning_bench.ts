// How fast the nano learns, and whether a small network learns at all.
//
// `deno task bench learning`: milliseconds of a step on stills and on clips
// (generated scenes, the settings of pretrain) and of AdamW, images a second,
// resident memory; then the seconds that the golden's mini, with random weights,
// needs to learn one generated clip by heart: one click on its first frame, then
// tracking, until clicked and tracked masks all have an IoU of 0.98.

import type { Call } from "../../lib/cli/command.ts";
import { seededRandom } from "../../lib/base/random.ts";
import { openRuntime, type Runtime } from "../../lib/runtime/runtime.ts";
import { freshSam2, nanoConfig } from "../../lib/sam2/fresh.ts";
import { makeBatch } from "../../lib/sam2/training/batch.ts";
import {
  type ClipPlan,
  gatherClips,
} from "../../lib/sam2/training/clip_step.ts";
import {
  type LearnerSettings,
  openLearner,
} from "../../lib/sam2/training/learner.ts";
import { officialShares } from "../../lib/sam2/training/loss.ts";
import { layoutSam2 } from "../../lib/sam2/training/parameters.ts";
import { gatherStills } from "../../lib/sam2/training/still_step.ts";
import type { TrainingClip } from "../../lib/sam2/training/training_clip.ts";
import { validateSam2 } from "../../lib/sam2/training/validate.ts";
import { makeScene } from "../../lib/scenes/scene.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import {
  learnerSettings,
  nanoSettings,
} from "../../lib/work/pretrain/sam2_settings.ts";
import { bestOf } from "./measure.ts";

const checkpoint = "tests/golden/sam2/sam2-mini.pt";
const wanted = 0.98;
const mostSeconds = 300;

/** Tells the speed of steps, then learns a clip by heart. */
export async function benchLearning(call: Call) {
  const threads = call.count("threads", { least: 1 }) ??
    navigator.hardwareConcurrency;
  const runtime = await openRuntime({ device: "cpu", threads });
  try {
    const speed = await measureSteps(runtime);
    call.say(
      `learning, ${threads} threads: a step on ${speed.stills.images} stills of ${nanoSettings.side} px (3 objects, 3 prompts) ${
        speed.stills.ms.toFixed(0)
      } ms, on ${speed.clips.images} clips of 3 frames (2 objects) ${
        speed.clips.ms.toFixed(0)
      } ms, AdamW ${speed.adamMs.toFixed(0)} ms: ${
        speed.imagesPerSecond.toFixed(1)
      } images a second at the mix of pretrain; resident ${
        (speed.residentBytes / 1e9).toFixed(2)
      } GB`,
    );
    const byHeart = await learnByHeart(runtime);
    call.say(
      `by heart: least IoU ${
        byHeart.least.toFixed(3)
      } after ${byHeart.step} steps, ${byHeart.seconds.toFixed(0)} s`,
    );
    return { threads, speed, byHeart };
  } finally {
    runtime.close();
  }
}

function clipOf(seed: number, side: number, frames: number): TrainingClip {
  const scene = makeScene(seed, { side, frames });
  return {
    side,
    images: scene.frames.map(({ image }) => image.data),
    identities: scene.frames.map(({ identities }) => identities.data),
  };
}

async function measureSteps(runtime: Runtime) {
  const { side, stills, clips, stillShare } = nanoSettings;
  const { weights, names } = freshSam2(nanoConfig, 1);
  const scratch = await Deno.makeTempDir();
  const learner = await openLearner(runtime, {
    weights,
    layout: layoutSam2(names, weights),
    settings: learnerSettings(nanoSettings),
    scratch,
  });
  try {
    const random = seededRandom(1);
    const many = (count: number, frames: number) =>
      Array.from({ length: count }, (_, i) => clipOf(i, side, frames));
    const still = makeBatch(many(stills.images, 1), stills.objects, random);
    const moving = makeBatch(many(clips.images, 3), clips.objects, random);
    const plan: ClipPlan = {
      firstPasses: 2,
      remembers: ["found", "found", "found"],
      learnsEncoder: true,
    };
    const onStills = () =>
      gatherStills(learner, still, { passes: 3, random: seededRandom(2) });
    const onClips = () =>
      gatherClips(learner, moving, { plan, random: seededRandom(3) });
    const stillMs = await bestOf(onStills);
    const clipMs = await bestOf(onClips);
    const adamMs = await bestOf(() => learner.step({ rate: 0 }));
    const images = stillShare * stills.images +
      (1 - stillShare) * clips.images * 3;
    const ms = stillShare * stillMs + (1 - stillShare) * clipMs + adamMs;
    return {
      stills: { images: stills.images, ms: stillMs },
      clips: { images: clips.images, ms: clipMs },
      adamMs,
      imagesPerSecond: 1000 * images / ms,
      residentBytes: Deno.memoryUsage().rss,
    };
  } finally {
    await learner.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

const byHeartSettings: LearnerSettings = {
  adamW: { beta1: 0.9, beta2: 0.98, clipNorm: 1 },
  shares: { ...officialShares, balanced: 0.3, single: 0.5 },
  weightDecay: 0,
  moduleRates: { encoder: 1, decoder: 1, attention: 1, memory: 1 },
  averageShare: 0.9,
};

async function learnByHeart(runtime: Runtime) {
  const file = openSam2File(checkpoint);
  const scratch = await Deno.makeTempDir();
  const learner = await openLearner(runtime, {
    weights: file.weights,
    layout: layoutSam2(file.shapes.keys(), file.weights),
    scratch,
    settings: byHeartSettings,
  });
  try {
    const random = seededRandom(1);
    const batch = makeBatch([clipOf(3, 128, 4)], 1, random);
    const plan: ClipPlan = {
      firstPasses: 1,
      remembers: ["found", "found", "found", "found"],
      learnsEncoder: true,
    };
    const startMs = performance.now();
    for (let step = 1;; step++) {
      await gatherClips(learner, batch, { plan, random });
      await learner.step({ rate: 1e-3 * Math.min(1, step / 50) });
      const seconds = (performance.now() - startMs) / 1000;
      if (step % 25 > 0 && seconds < mostSeconds) continue;
      const found = await validateSam2(learner, [batch]);
      const least = Math.min(found.iouByClicks[0], ...found.iouByFrame);
      if (least >= wanted || seconds >= mostSeconds) {
        return { step, seconds, least };
      }
    }
  } finally {
    await learner.close();
    file.close();
    await Deno.remove(scratch, { recursive: true });
  }
}
