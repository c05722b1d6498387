// The steps of a tuning: clips out of verified frames, and some generated ones.

import { throwIfCancelled } from "../../base/errors.ts";
import { hashText, type Random, seededRandom } from "../../base/random.ts";
import { makeBatch } from "../../sam2/training/batch.ts";
import { gatherClips, planClip } from "../../sam2/training/clip_step.ts";
import type { Sam2Learner } from "../../sam2/training/learner.ts";
import { gatherStills } from "../../sam2/training/still_step.ts";
import type { TrainingClip } from "../../sam2/training/training_clip.ts";
import { varyClip } from "../../sam2/training/vary_clip.ts";
import type { PlannedFrame } from "../export/data_set.ts";
import { openSceneSource } from "../pretrain/scene_source.ts";
import { type NamedFrame, openKnownFeatures } from "./known_features.ts";
import { maskClip, readTuneClip, type TuneSequence } from "./tune_data.ts";
import { tuneRateAt, type TuneSettings } from "./tune_settings.ts";

/** A step as it is told. */
export type TuneStep = {
  readonly step: number;
  readonly loss: number;
  /** Of the masks after the last prompt. */
  readonly lastIou: number;
  readonly on: "verified" | "generated";
};

const sceneBlock = 48;
const objectsPerClip = 2;

/** Takes all steps; the averages of the learner are then the tuned model. */
export async function takeTuneSteps(
  learner: Sam2Learner,
  sequences: readonly TuneSequence[],
  { side, settings, onStep, signal }: {
    readonly side: number;
    readonly settings: TuneSettings;
    readonly onStep: (step: TuneStep) => void;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const features = openKnownFeatures(learner);
  const { seed, steps, batch, clipFrames, replay } = settings;
  const scenes = openSceneSource({
    seed: hashText(`tune ${seed}`) % 0x10000000,
    side,
    frames: clipFrames,
    size: sceneBlock,
  });
  let scenesUsed = 0;
  try {
    for (let step = 0; step < steps; step++) {
      throwIfCancelled(signal, `tuning at step ${step}`);
      const random = seededRandom(hashText(`${seed} tune ${step}`));
      const isReplay = random() < replay;
      const frames = random() < 0.4
        ? 1
        : 2 + Math.floor(random() * (clipFrames - 1));
      const drawn: Drawn[] = [];
      for (let i = 0; i < batch; i++) {
        if (isReplay) {
          const block = await scenes.block(Math.floor(scenesUsed / sceneBlock));
          const scene = block[scenesUsed++ % sceneBlock];
          drawn.push({ clip: cut(scene, frames), frames: [] });
          continue;
        }
        const chosen = drawFrames(sequences, { frames, random });
        drawn.push(
          settings.encoder
            ? { clip: await readTuneClip(chosen, side), frames: [] }
            : {
              clip: maskClip(chosen, side),
              frames: chosen.map((frame) => namedFrame(frame, side)),
            },
        );
      }
      const report = await gather(learner, drawn, {
        frames,
        random,
        // what is generated or varied is new every time
        features: isReplay || settings.encoder ? undefined : features,
        varies: settings.encoder || isReplay,
      });
      await learner.step({ rate: tuneRateAt(step, settings) });
      onStep({
        step: step + 1,
        loss: report.loss,
        lastIou: report.iouByPass.at(-1) ?? 0,
        on: isReplay ? "generated" : "verified",
      });
    }
  } finally {
    scenes.close();
  }
}

/** A clip, and its frames where their features are known by name. */
type Drawn = {
  readonly clip: TrainingClip;
  readonly frames: readonly NamedFrame[];
};

function cut(
  { side, images, identities }: TrainingClip,
  frames: number,
): TrainingClip {
  return {
    side,
    images: images.slice(0, frames),
    identities: identities.slice(0, frames),
  };
}

/** Frames of one sequence, forwards or backwards, at steps of one to four; one that is short stands still at its end. */
function drawFrames(
  sequences: readonly TuneSequence[],
  { frames, random }: { readonly frames: number; readonly random: Random },
): readonly PlannedFrame[] {
  const total = sequences.reduce((sum, own) => sum + own.frames.length, 0);
  let at = Math.floor(random() * total);
  const sequence = sequences.find(({ frames: own }) => {
    const isHere = at < own.length;
    if (!isHere) at -= own.length;
    return isHere;
  }) ?? sequences[0];
  const seen = sequence.frames.map((frame, i) => ({ frame, i }))
    .filter(({ frame }) => frame.masks.length > 0);
  const first = seen[Math.floor(random() * seen.length)].i;
  const stride = (1 + Math.floor(random() * 4)) * (random() < 0.5 ? 1 : -1);
  const last = sequence.frames.length - 1;
  return Array.from({ length: frames }, (_, k) => {
    const place = first + k * stride;
    return sequence.frames[Math.min(Math.max(place, 0), last)];
  });
}

function namedFrame(frame: PlannedFrame, side: number): NamedFrame {
  return { name: frame.stem, read: () => readTuneClip([frame], side) };
}

async function gather(
  learner: Sam2Learner,
  drawn: readonly Drawn[],
  { frames, random, features, varies }: {
    readonly frames: number;
    readonly random: Random;
    readonly features: ReturnType<typeof openKnownFeatures> | undefined;
    readonly varies: boolean;
  },
) {
  const clips = drawn.map(({ clip }) => varies ? varyClip(clip, random) : clip);
  const batch = makeBatch(clips, objectsPerClip, random);
  const knownMaps = features &&
    ((frame: number) => features.of(drawn.map(({ frames }) => frames[frame])));
  if (frames === 1) {
    const passes = 1 + Math.floor(random() * 3);
    return await gatherStills(learner, batch, { passes, random, knownMaps });
  }
  const plan = planClip(frames, random);
  return await gatherClips(learner, batch, { plan, random, knownMaps });
}
