// What several records share, as they are checked when a report reads them.

import { z } from "zod";

const part = z.enum(["train", "val", "test"]);

/** Versions of a record. */
export const Versions = z.object({
  medannotate: z.string(),
  deno: z.string(),
  onnxruntime: z.string(),
  platform: z.string(),
});

const Named = z.looseObject({ part, patients: z.array(z.string()) });

/** A data set in numbers, with the parts of its certificate that are shown. */
export const DataSummary = z.looseObject({
  folder: z.string(),
  names: z.array(z.string()),
  digest: z.string(),
  parts: z.array(z.object({
    part,
    images: z.number(),
    backgroundImages: z.number(),
    labels: z.number(),
    classes: z.array(z.number()),
    patients: z.number().nullable(),
    sequences: z.number().nullable(),
  })),
  problems: z.array(z.object({
    kind: z.string(),
    consequence: z.string(),
    count: z.number(),
  })),
  certificate: z.looseObject({
    format: z.string(),
    date: z.string(),
    about: z.record(z.string(), z.string()),
    split: z.looseObject({
      kind: z.string(),
      shares: z.record(z.string(), z.number()),
    }),
    independentValidation: z.boolean(),
    marks: z.array(z.string()),
    sharedPatients: z.number(),
    exactDuplicates: z.number(),
    leastDistanceFrames: z.number().optional(),
    nearest: z.array(z.looseObject({
      parts: z.tuple([part, part]),
      distanceBits: z.number(),
    })),
    nearDuplicates: z.looseObject({
      thresholdBits: z.number(),
      between: z.array(z.looseObject({
        parts: z.tuple([part, part]),
        frames: z.number(),
        of: z.number(),
      })),
    }),
    parts: z.array(Named),
  }).optional(),
});
