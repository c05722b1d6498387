// The settings of a training run, all of them, as plain data.

import type { Network } from "../network.ts";
import { type Augmentation, defaultAugmentation } from "./augment.ts";
import { defaultGains, type Gains } from "./loss.ts";
import type { Optimiser } from "./optimise.ts";
import { chooseOptimiser, type Schedule } from "./schedule.ts";

/** Everything that decides how a run goes, besides data and start. */
export type TrainSettings = {
  readonly task: Network["task"];
  readonly epochs: number;
  readonly batch: number;
  /** Side of the square input, a multiple of 32, pixels. */
  readonly side: number;
  readonly seed: number;
  readonly optimiser: Optimiser;
  readonly rate: number;
  readonly lastShare: number;
  readonly isCosine: boolean;
  readonly warmUpEpochs: number;
  readonly warmUpOffsetRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Gradients are gathered over so many images before a step. */
  readonly nominalBatch: number;
  /** No mosaics in so many epochs at the end. */
  readonly closeMosaic: number;
  /** Ends after so many epochs without a better one; 0 never does. */
  readonly patience: number;
  /** Modules from the front that stay as they are. */
  readonly freeze: number;
  /** Validates with rectangles, else squares. */
  readonly isRect: boolean;
  readonly augmentation: Augmentation;
  readonly gains: Gains;
  /** Anchors of an image whose masks are learnt, at most. */
  readonly maskSlots: number;
};

/** What must be said; the rest has defaults. */
export type WantedSettings =
  & Partial<
    Omit<TrainSettings, "optimiser" | "augmentation" | "gains" | "task">
  >
  & {
    readonly task: Network["task"];
    readonly optimiser?: "auto" | Optimiser;
    readonly augmentation?: Partial<Augmentation>;
  };

/**
 * Fills in defaults. They are those of the official training (MODELS 2.6), but
 * for one: gradients are not gathered over 64 images, so that small sets are
 * learnt in fewer epochs.
 *
 * @throws RangeError for settings that cannot be
 */
export function fillSettings(
  wanted: WantedSettings,
  { images, classCount }: {
    /** Images to learn from. */
    readonly images: number;
    readonly classCount: number;
  },
): TrainSettings {
  const { epochs = 100, batch = 16, side = 640, task } = wanted;
  requireWhole("epochs", epochs, 1);
  requireWhole("batch", batch, 1);
  requireWhole("side", side, 32);
  if (side % 32 !== 0) {
    throw new RangeError(
      `Cannot train: side is ${side}, expected a multiple of 32`,
    );
  }
  const auto = chooseOptimiser({ images, batch, epochs, classCount });
  const isAuto = (wanted.optimiser ?? "auto") === "auto";
  const optimiser = wanted.optimiser === undefined ||
      wanted.optimiser === "auto"
    ? auto.optimiser
    : wanted.optimiser;
  return {
    task,
    epochs,
    batch,
    side,
    seed: wanted.seed ?? 0,
    optimiser,
    rate: wanted.rate ?? (isAuto ? auto.rate : 0.01),
    lastShare: wanted.lastShare ?? 0.01,
    isCosine: wanted.isCosine ?? false,
    warmUpEpochs: wanted.warmUpEpochs ?? 3,
    warmUpOffsetRate: wanted.warmUpOffsetRate ?? (isAuto ? 0 : 0.1),
    momentum: wanted.momentum ?? (isAuto ? 0.9 : 0.937),
    weightDecay: wanted.weightDecay ?? 5e-4,
    nominalBatch: wanted.nominalBatch ?? batch,
    closeMosaic: wanted.closeMosaic ?? 10,
    patience: wanted.patience ?? 100,
    freeze: wanted.freeze ?? 0,
    isRect: wanted.isRect ?? true,
    augmentation: { ...defaultAugmentation, ...wanted.augmentation },
    gains: defaultGains,
    maskSlots: wanted.maskSlots ?? maskSlotsFor(batch, side),
  };
}

const mostSlots = 400;
const fewestSlots = 50;
const mostMaskValues = 64e6; // of one tensor of masks: 256 MB

/** As many anchors as memory allows; a tensor of masks holds their places in every image of a batch. */
function maskSlotsFor(batch: number, side: number): number {
  const fit = Math.floor(mostMaskValues / (batch * (side / 4) ** 2));
  return Math.max(fewestSlots, Math.min(mostSlots, fit));
}

function requireWhole(name: string, value: number, least: number) {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(
    `Cannot train: ${name} is ${value}, expected a whole number of at least ${least}`,
  );
}

/** The schedule of a run. */
export function scheduleOf(
  settings: TrainSettings,
  batchesPerEpoch: number,
): Schedule {
  const { optimiser, momentum } = settings;
  return {
    ...settings,
    batchesPerEpoch,
    warmUpMomentum: optimiser !== "adamw" ? Math.min(0.8, momentum) : undefined,
  };
}
