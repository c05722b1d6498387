// A pretraining run in a folder: what it is known by, begun or gone on with.

import { join } from "node:path";
import { z } from "zod";
import type { OnProgress } from "../../base/progress.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { freshSam2, nanoConfig } from "../../sam2/fresh.ts";
import { openSam2File, sha256OfFile } from "../model_file.ts";
import { removeTemporaryFiles, writeFileWhole } from "../write_file.ts";
import {
  type Pretrained,
  pretrainSam2,
  type PretrainStart,
} from "./pretrain_sam2.ts";
import { nanoSettings, PretrainSettings } from "./sam2_settings.ts";
import type { CurveRow } from "./sam2_state.ts";

/** What makes a run the same run. */
const RunFile = z.object({
  kind: z.literal("medannotate-pretraining"),
  model: z.string(),
  /** The checkpoint's sha256, or how the values were drawn. */
  start: z.string(),
  settings: PretrainSettings,
});
type RunFile = z.infer<typeof RunFile>;

/** A pretraining as a person asks for it. */
export type PretrainRequest = {
  readonly out: string;
  /** A checkpoint of the nano's sizes; from nothing when undefined. */
  readonly from?: string;
  readonly settings?: Partial<PretrainSettings>;
  /** Forgets a run in the folder. */
  readonly restart?: boolean;
  /** Steps between two rows of the curve; default 100. */
  readonly stepsPerRow?: number;
  readonly onRow?: (row: CurveRow) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/**
 * Pretrains the nano in a folder, or goes on there.
 *
 * @throws RangeError when the folder holds a run that differs, naming what
 */
export async function pretrainNano(
  runtime: Runtime,
  { out, from, settings: changed, restart = false, ...watch }: PretrainRequest,
): Promise<Pretrained> {
  const settings = PretrainSettings.parse({ ...nanoSettings, ...changed });
  const opened = from === undefined ? undefined : openSam2File(from);
  try {
    const start: PretrainStart = opened
      ? { weights: opened.weights, names: namesOf(opened.shapes) }
      : freshSam2(nanoConfig, settings.seed);
    const run: RunFile = {
      kind: "medannotate-pretraining",
      model: nanoConfig.name,
      start: from === undefined
        ? `values by chance, seed ${settings.seed}`
        : await sha256OfFile(from),
      settings,
    };
    await Deno.mkdir(out, { recursive: true });
    await removeTemporaryFiles(out);
    await keepRun(out, run, { restart });
    return await pretrainSam2(runtime, start, { ...watch, out, settings });
  } finally {
    opened?.close();
  }
}

/** All tensors of a file; the one that is stored and never used is drawn anew by nobody. */
function namesOf(shapes: ReadonlyMap<string, readonly number[]>) {
  return [...shapes.keys()];
}

async function keepRun(
  out: string,
  run: RunFile,
  { restart }: { readonly restart: boolean },
) {
  const path = join(out, "run.json");
  if (restart) {
    for (const name of ["run.json", "state.safetensors", "curve.jsonl"]) {
      await Deno.remove(join(out, name)).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) {
    await writeFileWhole(path, JSON.stringify(run, null, 2) + "\n");
    return;
  }
  const earlier = RunFile.safeParse(JSON.parse(text));
  if (!earlier.success) {
    throw new SyntaxError(
      `Cannot go on with ${path}: it is no run of pretrain; --restart begins anew`,
    );
  }
  const different = differences(earlier.data, run);
  if (different.length === 0) return;
  throw new RangeError(
    `Cannot go on with the run in ${out}: these differ: ${
      different.join(", ")
    }. --restart forgets it and begins anew`,
  );
}

function differences(then: RunFile, now: RunFile): readonly string[] {
  const values = ({ start, settings }: RunFile) =>
    Object.entries({ start, ...settings }).map(([name, value]) =>
      [name, JSON.stringify(value)] as const
    );
  const before = new Map(values(then));
  return values(now).flatMap(([name, value]) => {
    const old = before.get(name);
    return old === value ? [] : [`${name} (${old} then, ${value} now)`];
  });
}
