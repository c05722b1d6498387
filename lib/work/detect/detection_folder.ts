// The folder of a detection: which files are in it, and whether a run in it may
// go on.

import { join } from "node:path";
import { z } from "zod";
import { refuseDifference } from "../run_identity.ts";
import { overlayFolder, overlayVideo } from "./detection_overlay.ts";
import type { DetectSource } from "./detect_source.ts";

/** What makes a run the same run, on any machine. */
export type DetectIdentity = z.infer<typeof Identity>;

const Identity = z.object({
  framesSha256: z.string(),
  modelSha256: z.string(),
  options: z.record(z.string(), z.json()),
}).readonly();

/** run.json of a detection: nothing in it depends on the machine. */
export type DetectRunFile = z.infer<typeof RunFile>;

const RunFile = Identity.unwrap().extend({
  kind: z.literal("medannotate-detection"),
  input: z.string(),
  model: z.string(),
  classes: z.array(z.string()),
  status: z.enum(["running", "done", "cancelled", "failed"]),
  frames: z.int().nonnegative(),
});

/** Names of the files in a run's folder. */
export const detectFiles = {
  lines: "detections.jsonl",
  table: "detections.csv",
  run: "run.json",
  /** What SAM 2 made of boxes, where that was asked for. */
  masks: "masks.jsonl",
} as const;

/** Leaves the folder ready to go on, or to begin; throws where another run is in it. */
export async function openRunFolder(
  out: string,
  source: DetectSource,
  identity: DetectIdentity,
  { restart = false }: { readonly restart?: boolean },
) {
  const earlier = await readDetectRun(out);
  if (restart) {
    await forget(out, { isOurs: earlier !== undefined });
    return undefined;
  }
  if (!earlier) {
    await requireNoLines(out);
    return undefined;
  }
  const what = `the detection in ${out}`;
  if (source.kind === "live") {
    throw new RangeError(
      `Cannot go on with ${what}: what came live does not come again. --restart forgets it and begins anew`,
    );
  }
  const promptsSha256 = ""; // a detector is not prompted
  const then = { ...earlier, promptsSha256 };
  refuseDifference(then, { ...identity, promptsSha256 }, what);
  return earlier;
}

/** Reads what a detection folder says of its run; undefined where it is none. */
export async function readDetectRun(
  out: string,
): Promise<DetectRunFile | undefined> {
  const path = join(out, detectFiles.run);
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return RunFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new SyntaxError(
      `Cannot go on in ${out}: ${path} is not the run.json of a detection`,
      { cause },
    );
  }
}

async function requireNoLines(out: string) {
  const path = join(out, detectFiles.lines);
  const bytes = await Deno.stat(path).then(({ size }) => size, () => 0);
  if (bytes === 0) return; // nothing, or what a kill at the start left
  throw new RangeError(
    `Cannot detect into ${out}: it holds ${detectFiles.lines} but no ${detectFiles.run} that says of what. Expected an empty folder, or --restart, which replaces it`,
  );
}

/** Removes the files that a detection leaves, and nothing else: the folder may hold more. */
async function forget(out: string, { isOurs }: { readonly isOurs: boolean }) {
  for (const name of [...Object.values(detectFiles), overlayVideo]) {
    await Deno.remove(join(out, name)).catch(ignoreMissing);
  }
  const folder = join(out, overlayFolder);
  const pictures = isOurs
    ? await Array.fromAsync(Deno.readDir(folder)).catch(() => [])
    : [];
  for (const { name } of pictures) {
    if (name.endsWith(".jpg")) await Deno.remove(join(folder, name));
  }
  if (isOurs) await Deno.remove(folder).catch(() => {}); // not when there is more in it
}

/** Removes what a killed run left of its video. */
export async function removePartialVideos(out: string) {
  for await (const { name } of Deno.readDir(out)) {
    const isPart = name.startsWith(`${overlayVideo}.`) &&
      name.endsWith(".part");
    if (isPart) await Deno.remove(join(out, name));
  }
}

function ignoreMissing(error: unknown) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
