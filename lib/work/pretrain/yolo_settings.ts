// How a detector is pretrained; everything that makes a run the same run.

import { z } from "zod";
import { type Schedule, settingsAt } from "../../yolo/training/schedule.ts";
import {
  fillSettings,
  scheduleOf,
  type TrainSettings,
} from "../../yolo/training/settings.ts";
import { detectorClasses } from "./detector_scene.ts";

const Amount = z.number().nonnegative();

/** The settings of a run, as they stand in its run.json. */
export const PretrainYoloSettings = z.object({
  seed: z.int().nonnegative(),
  /** Of pictures and input, in pixels. */
  side: z.int().positive().multipleOf(32),
  /** Scenes in all, each seen once. */
  images: z.int().positive(),
  batch: z.int().positive(),
  /** Steps in which the rate rises. */
  warmup: z.int().nonnegative(),
  /** The highest rate; it falls along a cosine. */
  rate: z.number().positive(),
  /** Share of the rate at the end. */
  lastShare: z.number().min(0).max(1),
  weightDecay: Amount,
  /** Scenes to validate on. */
  validationImages: z.int().positive(),
  augmentation: z.object({
    mosaic: Amount,
    scale: Amount,
    translate: Amount,
    degrees: Amount,
    hue: Amount,
    saturation: Amount,
    brightness: Amount,
    flipLeftRight: Amount,
    flipUpDown: Amount,
  }),
});
export type PretrainYoloSettings = z.infer<typeof PretrainYoloSettings>;

/** The recipe of the detector that ships. */
export const yoloScenesSettings: PretrainYoloSettings = {
  seed: 1,
  side: 160,
  images: 36_000,
  batch: 8,
  warmup: 200,
  rate: 1.5e-3,
  lastShare: 0.02,
  weightDecay: 5e-4,
  validationImages: 240,
  // scenes vary in colour, size and place by themselves
  augmentation: {
    mosaic: 0.2,
    scale: 0.3,
    translate: 0.1,
    degrees: 0,
    hue: 0.01,
    saturation: 0.3,
    brightness: 0.2,
    flipLeftRight: 0.5,
    flipUpDown: 0.5,
  },
};

/** Steps of a run in all. */
export function stepsOf({ images, batch }: PretrainYoloSettings): number {
  return Math.ceil(images / batch);
}

/** The same as settings of the detector's training, in which every step is an epoch. */
export function trainSettingsOf(settings: PretrainYoloSettings): TrainSettings {
  const { seed, side, batch, rate, lastShare, weightDecay } = settings;
  return fillSettings(
    {
      ...{ task: "detect", optimiser: "adamw", isCosine: true, isRect: false },
      ...{ seed, side, batch, rate, lastShare, weightDecay },
      epochs: stepsOf(settings),
      warmUpEpochs: settings.warmup,
      momentum: 0.9,
      warmUpOffsetRate: 0,
      augmentation: settings.augmentation,
    },
    { images: batch, classCount: detectorClasses.length },
  );
}

/** Rates and momentum of a step, counted from 0. */
export function stepSettingsAt(step: number, settings: PretrainYoloSettings) {
  const schedule: Schedule = scheduleOf(trainSettingsOf(settings), 1);
  return settingsAt(schedule, step);
}
