// run.json of a pretraining: what a run is known by, so that the same command
// goes on and another one is refused.

import { join } from "node:path";
import { z } from "zod";
import { removeTemporaryFiles, writeFileWhole } from "../write_file.ts";

/** What makes a run the same run. */
const RunFile = z.object({
  kind: z.literal("medannotate-pretraining"),
  model: z.string(),
  start: z.string(),
  settings: z.record(z.string(), z.json()),
});
type RunFile = z.infer<typeof RunFile>;

/** What a run is known by. */
export type RunIdentity = {
  readonly model: string;
  /** The checkpoint's sha256, or how the values were drawn. */
  readonly start: string;
  readonly settings: RunFile["settings"];
};

/**
 * Makes the folder ready for a run, or for going on with the same one.
 *
 * @throws RangeError when the folder holds a run that differs, naming what
 */
export async function keepRun(
  out: string,
  identity: RunIdentity,
  { restart }: { readonly restart: boolean },
): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  await removeTemporaryFiles(out);
  const path = join(out, "run.json");
  if (restart) {
    for (const name of ["run.json", "state.safetensors", "curve.jsonl"]) {
      await Deno.remove(join(out, name)).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
  const run: RunFile = { kind: "medannotate-pretraining", ...identity };
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
  const values = ({ model, start, settings }: RunFile) =>
    Object.entries({ model, start, ...settings }).map(([name, value]) =>
      [name, JSON.stringify(value)] as const
    );
  const before = new Map(values(then));
  return values(now).flatMap(([name, value]) => {
    const old = before.get(name);
    return old === value ? [] : [`${name} (${old} then, ${value} now)`];
  });
}
