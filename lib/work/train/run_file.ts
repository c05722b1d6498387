// run.json: what a training is known by, and what is told beside it.
//
// The same command goes on with a run; anything that would make another run of
// it is refused by name.

import { z } from "zod";
import type { TrainSettings } from "../../yolo/training/settings.ts";
import type { DataSetSummary } from "../data_set/summarise.ts";
import type { MadeWith } from "../made_with.ts";

/** What makes a run the same run. */
export type RunFile = {
  readonly kind: "medannotate-training";
  readonly data: string;
  readonly start: string;
  readonly settings: TrainSettings;
};

/** What run.json tells beside that, of the sitting that began the run. */
export type RunAbout = {
  readonly data: DataSetSummary;
  readonly start: string;
  /** Of the start. */
  readonly licence?: string;
  readonly marks: readonly string[];
  readonly madeWith: MadeWith;
  readonly command?: string;
};

const RunShape = z.object({
  kind: z.literal("medannotate-training"),
  data: z.string(),
  start: z.string(),
  settings: z.record(z.string(), z.json()),
});
/** A run that is in the folder already. */
export type EarlierRun = z.infer<typeof RunShape> & {
  readonly epochs: number | undefined;
};

/** Reads a run.json; undefined where there is none. */
export async function readRun(path: string): Promise<EarlierRun | undefined> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = RunShape.safeParse(JSON.parse(text));
  if (parsed.success) {
    const { epochs } = parsed.data.settings;
    const known = typeof epochs === "number" ? epochs : undefined;
    return { ...parsed.data, epochs: known };
  }
  throw new SyntaxError(
    `Cannot go on with ${path}: it is no run of train; --restart begins anew`,
  );
}

/** Throws a RangeError that says what differs from the run in the folder. */
export function refuseOther(earlier: EarlierRun, now: RunFile, out: string) {
  const different: string[] = [];
  if (earlier.data !== now.data) different.push("the data set");
  if (earlier.start !== now.start) different.push("the model it starts from");
  const settings: Readonly<Record<string, unknown>> = now.settings;
  for (const name of Object.keys({ ...earlier.settings, ...settings })) {
    const [a, b] = [earlier.settings[name], settings[name]].map((value) =>
      JSON.stringify(value)
    );
    if (a !== b) different.push(`${name} (${a} then, ${b} now)`);
  }
  if (different.length === 0) return;
  throw new RangeError(
    `Cannot go on with the run in ${out}: these differ: ${
      different.join(", ")
    }. --restart forgets it and begins anew`,
  );
}
