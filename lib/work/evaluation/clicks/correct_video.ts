// A clip from few corrected frames: click one frame, propagate, correct the worst
// frame, propagate again.
//
// The first frame that holds the object gets its clicks; the mask is carried to
// all other frames. Then the person looks at every frame and corrects the one
// that is worst, of those that are as bad the one farthest from what was
// corrected before: clicks go on from the mask that is there, an object that should
// not be there is wiped off. As in the project itself, only the frames between
// the neighbouring corrected ones are tracked anew. Clicks are simulated, see
// masks/next_click.ts; all objects are propagated together.

import type { Bitmap } from "../../../base/image.ts";
import { throwIfCancelled } from "../../../base/errors.ts";
import { startProgress } from "../../../base/progress.ts";
import { createBitmap, isEmpty } from "../../../masks/bitmap.ts";
import { dice } from "../../../masks/metrics.ts";
import { nextClick } from "../../../masks/next_click.ts";
import {
  emptyGap,
  listGaps,
  planGap,
  planSteps,
  type Step,
} from "../../../propagate/plan.ts";
import {
  type Condition,
  propagateMasks,
  type TrackedMask,
} from "../../../propagate/propagate.ts";
import { encodeFrame } from "../../../sam2/image.ts";
import type { FramePrompt } from "../../../sam2/interact.ts";
import { meanOf } from "../../evaluate_clip.ts";
import type { WorkOptions } from "../../import.ts";
import type { OpenModel } from "../../open_model.ts";
import { openImage, type Zoom } from "../../segment.ts";
import type { ClickClip, KnownObject } from "./click_clip.ts";
import { workSeconds } from "./work_seconds.ts";

/** One object of a clip, after one, two, … corrected frames. */
export type CorrectedObject = {
  readonly object: number;
  readonly tag: string | undefined;
  /** Frames that were measured. */
  readonly frames: number;
  readonly rounds: readonly CorrectedRound[];
};

/** What a corrected frame brought. */
export type CorrectedRound = {
  /** The frame that was corrected. */
  readonly frame: number;
  /** Clicks on it; wiping an object off counts as one. */
  readonly clicks: number;
  /** Mean Dice over the known frames afterwards, the corrected ones included. */
  readonly dice: number;
  /** Modelled work so far, looks at every known frame included. */
  readonly seconds: number;
};

/** How clips are corrected. */
export type CorrectOptions = WorkOptions & {
  /** Frames that are corrected for each object; default 3. */
  readonly corrections?: number;
  /** Clicks on each; default 3. */
  readonly clicksPerFrame?: number;
  /** With zoom, clicks look closer and their mask is what is propagated. */
  readonly zoom?: Zoom;
};

const asBad = 0.01; // a person sees no smaller difference of Dice

/** An object on its way. */
type Course = {
  readonly known: KnownObject;
  /** True masks by frame. */
  readonly truth: ReadonlyMap<number, Bitmap>;
  readonly conditions: Condition[];
  /** What is shown by frame; nothing before the first propagation. */
  readonly shown: Map<number, Bitmap>;
  readonly rounds: CorrectedRound[];
  clicks: number;
};

/** Corrects the worst frames of every object that is known on two frames or more. */
export async function correctVideo(
  model: Pick<OpenModel, "engine">,
  clip: ClickClip,
  {
    corrections = 3,
    clicksPerFrame = 3,
    zoom = "off",
    onProgress,
    signal,
  }: CorrectOptions = {},
): Promise<readonly CorrectedObject[]> {
  const courses = await startCourses(clip);
  const report = startProgress("correct", corrections, { onProgress });
  for (let round = 0; round < corrections; round++) {
    throwIfCancelled(signal, `correcting ${clip.name}`);
    const corrected = new Map<number, number>();
    for (const course of courses) {
      const frame = nextFrame(course);
      if (frame === undefined) continue;
      const limits = { clicksPerFrame, zoom };
      await correctFrame(model, clip, course, { frame, ...limits });
      corrected.set(course.known.number, frame);
    }
    if (corrected.size === 0) break;
    await propagateAround(model, clip, courses, { corrected, signal });
    for (const course of courses) {
      const frame = corrected.get(course.known.number);
      if (frame !== undefined) course.rounds.push(measure(course, frame));
    }
    report(round + 1);
  }
  return courses.map(({ known, rounds }) => ({
    object: known.number,
    tag: known.tag,
    frames: known.frames.length,
    rounds,
  }));
}

async function startCourses(clip: ClickClip): Promise<readonly Course[]> {
  const courses: Course[] = [];
  for (const known of clip.objects) {
    const truth = new Map<number, Bitmap>();
    for (const frame of known.frames) {
      truth.set(frame, await clip.maskAt(known.number, frame));
    }
    const isThere = [...truth.values()].some((mask) => !isEmpty(mask));
    if (truth.size < 2 || !isThere) continue;
    const state = { conditions: [], shown: new Map(), rounds: [], clicks: 0 };
    courses.push({ known, truth, ...state });
  }
  return courses;
}

/** The first frame that holds the object, later the worst one that was not corrected. */
function nextFrame({ truth, shown, conditions }: Course): number | undefined {
  if (conditions.length === 0) {
    return [...truth].find(([, mask]) => !isEmpty(mask))?.[0];
  }
  const left = [...truth].map(([frame, mask]) => ({
    frame,
    dice: dice(mask, shown.get(frame) ?? createBitmap(mask)),
    apart: Math.min(
      ...conditions.map((each) => Math.abs(each.frame - frame)),
    ),
  })).filter(({ dice, apart }) => apart > 0 && dice < 1);
  if (left.length === 0) return undefined;
  const worst = Math.min(...left.map(({ dice }) => dice));
  return left.filter(({ dice }) => dice < worst + asBad)
    .reduce((a, b) => b.apart > a.apart ? b : a).frame;
}

/** Gives a frame its clicks and makes it a condition. */
async function correctFrame(
  model: Pick<OpenModel, "engine">,
  { frames }: ClickClip,
  course: Course,
  { frame, clicksPerFrame, zoom }: {
    readonly frame: number;
    readonly clicksPerFrame: number;
    readonly zoom: Zoom;
  },
) {
  const { truth, shown, conditions } = course;
  const right = truth.get(frame);
  if (!right) return;
  if (isEmpty(right)) {
    conditions.push({ frame, prompts: [{ kind: "mask", mask: right }] });
    shown.set(frame, right);
    course.clicks++;
    return;
  }
  const before = shown.get(frame);
  const start: readonly FramePrompt[] = before && !isEmpty(before)
    ? [{ kind: "mask", mask: before }]
    : [];
  const prompts: FramePrompt[] = [...start];
  let mask = start.length > 0 && before ? before : createBitmap(right);
  const open = openImage(model, await frames.read(frame));
  try {
    while (prompts.length - start.length < clicksPerFrame) {
      const click = nextClick(right, mask);
      if (!click) break;
      prompts.push({ kind: "point", ...click });
      mask = (await open.segment(prompts, { zoom })).mask;
      course.clicks++;
    }
  } finally {
    await open.close();
  }
  // what a closer look found has no prompts on the whole frame: it is the prompt
  const given: readonly FramePrompt[] = zoom === "auto"
    ? [{ kind: "mask", mask }]
    : prompts;
  conditions.push({ frame, prompts: given });
  shown.set(frame, mask);
}

/** Tracks what lies between the frames that were just corrected and their neighbours. */
async function propagateAround(
  { engine }: Pick<OpenModel, "engine">,
  { frames }: ClickClip,
  courses: readonly Course[],
  { corrected, signal }: {
    /** Frames by object. */
    readonly corrected: ReadonlyMap<number, number>;
    readonly signal: AbortSignal | undefined;
  },
) {
  const byNumber = new Map(courses.map((each) => [each.known.number, each]));
  const forward = new Map<string, TrackedMask>();
  const source = {
    engine,
    frameCount: frames.count,
    frameSize: frames.size,
    conditions: new Map(
      courses.map(({ known, conditions }) => [known.number, conditions]),
    ),
    readFeatures: async (frame: number) =>
      await encodeFrame(engine, await frames.read(frame)),
    readForward: (
      { object, frame }: { readonly object: number; readonly frame: number },
    ) => Promise.resolve(forward.get(`${object} ${frame}`)),
  };
  const steps = stepsAround(courses, corrected);
  for await (
    const { step, masks } of propagateMasks(source, steps, { signal })
  ) {
    for (const found of masks) {
      if (found.isProvisional) {
        forward.set(`${found.object} ${step.frame}`, found);
      }
      byNumber.get(found.object)?.shown.set(step.frame, found.mask);
    }
  }
}

/** The steps of the gaps beside the corrected frames, as far as something is known beyond. */
function stepsAround(
  courses: readonly Course[],
  corrected: ReadonlyMap<number, number>,
): readonly Step[] {
  const passes = courses.flatMap(({ known, conditions }) => {
    const at = corrected.get(known.number);
    if (at === undefined) return [];
    const range = { from: known.frames[0], to: known.frames.at(-1) ?? at };
    const conditioned = conditions.map(({ frame }) => frame);
    return listGaps(known.number, conditioned, range)
      .filter(({ before, after }) => before === at || after === at)
      .flatMap((gap) =>
        planGap(gap, emptyGap(gap), { direction: "both", agreement: true })
      );
  });
  return planSteps(passes);
}

function measure(
  { truth, shown, rounds, clicks }: Course,
  frame: number,
): CorrectedRound {
  const dices = [...truth].map(([at, mask]) =>
    dice(mask, shown.get(at) ?? createBitmap(mask))
  );
  const before = rounds.reduce((sum, round) => sum + round.clicks, 0);
  return {
    frame,
    clicks: clicks - before,
    dice: meanOf(dices),
    seconds: workSeconds({
      firstClicks: 1,
      furtherClicks: clicks - 1,
      looks: truth.size * (rounds.length + 1),
    }),
  };
}
