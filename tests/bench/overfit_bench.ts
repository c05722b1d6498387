// Whether the training can learn at all: a small network with random weights
// learns one generated clip by heart.
//
// `deno task bench overfit`. The network is the golden's mini, one click on the
// first frame, then tracking; printed are the seconds until both the clicked
// and the tracked masks have a mean IoU of 0.98.

import { seededRandom } from "../../lib/base/random.ts";
import { openRuntime } from "../../lib/runtime/runtime.ts";
import { officialShares } from "../../lib/sam2/training/loss.ts";
import { makeBatch } from "../../lib/sam2/training/batch.ts";
import { gatherClips } from "../../lib/sam2/training/clip_step.ts";
import { openLearner } from "../../lib/sam2/training/learner.ts";
import { layoutSam2 } from "../../lib/sam2/training/parameters.ts";
import { validateSam2 } from "../../lib/sam2/training/validate.ts";
import { makeScene } from "../../lib/scenes/scene.ts";
import { openSam2File } from "../../lib/work/model_file.ts";

const checkpoint = "tests/golden/sam2/sam2-mini.pt";
const wanted = 0.98;
const mostSeconds = 300;

/** Learns until the masks are right; gives the seconds and what was reached. */
export async function learnByHeart(
  { threads = 2, side = 128, frames = 4, seed = 3 }: {
    threads?: number;
    side?: number;
    frames?: number;
    seed?: number;
  } = {},
) {
  const file = openSam2File(checkpoint);
  const runtime = await openRuntime({ device: "cpu", threads });
  const scratch = await Deno.makeTempDir();
  const learner = await openLearner(runtime, {
    weights: file.weights,
    layout: layoutSam2(file.shapes.keys(), file.weights),
    scratch,
    settings: {
      adamW: { beta1: 0.9, beta2: 0.98, clipNorm: 1 },
      shares: { ...officialShares, balanced: 0.3, single: 0.5 },
      weightDecay: 0,
      moduleRates: { encoder: 1, decoder: 1, attention: 1, memory: 1 },
      averageShare: 0.9,
    },
  });
  try {
    const random = seededRandom(1);
    const scene = makeScene(seed, { side, frames });
    const clip = {
      side,
      images: scene.frames.map(({ image }) => image.data),
      identities: scene.frames.map(({ identities }) => identities.data),
    };
    const batch = makeBatch([clip], 1, random);
    const plan = {
      firstPasses: 1,
      rememberTruth: clip.images.map(() => false),
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
      if (Deno.env.has("LOOK")) console.log(step, seconds.toFixed(0), found);
      if (least >= wanted || seconds >= mostSeconds) {
        return { step, seconds, least, ...found };
      }
    }
  } finally {
    await learner.close();
    runtime.close();
    file.close();
    await Deno.remove(scratch, { recursive: true });
  }
}
