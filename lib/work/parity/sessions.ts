// Scripted sessions of the official video predictor, step by step, against
// `sessions.json`, `sessions-*.json` and `session-NAME.safetensors`.

import { z } from "zod";
import type { Bitmap } from "../../base/image.ts";
import type { Size } from "../../base/tensor.ts";
import { logitsToBitmap } from "../../masks/resize.ts";
import { areaPx } from "../../masks/bitmap.ts";
import {
  addMask,
  addPoints,
  clearFrame,
  findResult,
  frameLogits,
  propagate,
  removeObject,
  type VideoSettings,
  type VideoSource,
  type VideoState,
} from "../../sam2/video.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import {
  type Check,
  compareExactly,
  compareNumber,
  compareTensor,
  type Comparison,
} from "./compare.ts";

const Op = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("points"),
    frame: z.int(),
    object: z.int(),
    points: z.array(z.tuple([z.number(), z.number()])).default([]),
    labels: z.array(z.int()).default([]),
    box: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
    clear: z.boolean().default(true),
  }),
  z.object({
    op: z.literal("mask"),
    frame: z.int(),
    object: z.int(),
    rect: z.tuple([z.int(), z.int(), z.int(), z.int()]),
  }),
  z.object({
    op: z.literal("propagate"),
    start: z.int().optional(),
    max: z.int().optional(),
    reverse: z.boolean().default(false),
  }),
  z.object({ op: z.literal("clearFrame"), frame: z.int(), object: z.int() }),
  z.object({ op: z.literal("removeObject"), object: z.int() }),
  z.object({ op: z.literal("reset") }),
]);
type Op = z.infer<typeof Op>;

const Output = z.object({
  frame: z.int(),
  objects: z.array(z.int()),
  perObject: z.array(
    z.object({
      objectScore: z.number(),
      kind: z.string(),
      maskAreaPx: z.int(),
    }).nullable(),
  ),
});
type Output = z.infer<typeof Output>;

const Step = z.object({
  op: Op,
  outputs: z.array(Output).default([]),
  error: z.string().optional(),
  objectsLeft: z.array(z.int()).optional(),
  updatedFrames: z.array(z.int()).optional(),
});

const Session = z.object({
  checkpoint: z.string(),
  settings: z.record(z.string(), z.string()),
  steps: z.array(Step),
});
export type GoldenSession = z.infer<typeof Session>;

/** The layout of sessions.json. */
export const Sessions = z.object({
  frames: z.int().positive(),
  videoHeight: z.int().positive(),
  videoWidth: z.int().positive(),
  sessions: z.record(z.string(), Session),
});

const areaTolerancePx = 2;

/** The predictor option of a session's settings; a name that is not understood makes the session incomparable. */
function settingsOf(
  settings: GoldenSession["settings"],
): VideoSettings | undefined {
  const known = new Set([
    "add_all_frames_to_correct_as_cond",
    "clear_non_cond_mem_around_input",
    "fill_hole_area",
    "non_overlap_masks",
    "non_overlap_masks_for_mem_enc", // does nothing in the official predictor
    "memory_temporal_stride_for_eval",
    "max_cond_frames_in_attn",
  ]);
  if (Object.keys(settings).some((key) => !known.has(key))) return undefined;
  const number = (key: string) =>
    key in settings ? Number(settings[key]) : undefined;
  const limit = number("max_cond_frames_in_attn");
  return {
    correctionsCondition: settings.add_all_frames_to_correct_as_cond === "true",
    nonOverlap: settings.non_overlap_masks === "true",
    clearAroundInput: settings.clear_non_cond_mem_around_input === "true",
    fillHoleAreaPx: number("fill_hole_area"),
    stride: number("memory_temporal_stride_for_eval"),
    maxConditioning: limit === -1 ? undefined : limit,
  };
}

/** Lists the checks of one session. */
export function sessionChecks(
  name: string,
  session: GoldenSession,
  golden: Checkpoint,
  source: () => Promise<VideoSource>,
): readonly Check[] {
  const prefix = `session-${name}`;
  const count = session.steps.reduce((sum, step) => {
    const refusals = step.error ? 1 : 0;
    const orders = step.op.op === "propagate" && !step.error ? 1 : 0;
    const removed = step.objectsLeft ? 1 : 0;
    const outputs = step.outputs.flatMap(({ perObject }) => perObject);
    const results = outputs.filter((output) => output !== null).length;
    return sum + refusals + orders + removed + step.outputs.length +
      3 * results;
  }, golden.tensors.size);
  const settings = settingsOf(session.settings);
  return [{
    name: prefix,
    count,
    compare: settings &&
      (async () =>
        await playSession(name, session, settings, golden, await source())),
  }];
}

async function playSession(
  name: string,
  session: GoldenSession,
  settings: VideoSettings,
  golden: Checkpoint,
  source: VideoSource,
): Promise<readonly Comparison[]> {
  const found: Comparison[] = [];
  let state: VideoState = new Map();
  for (const [number, step] of session.steps.entries()) {
    const place = `session-${name}/step ${number}`;
    const look = (output: Output, at: VideoState) =>
      found.push(...compareOutput(`${name}.${number}`, output, at, {
        golden,
        settings,
        source,
      }));
    if (step.error) {
      const refused = await play(source, state, step.op, settings)
        .then(() => false, () => true);
      found.push(compareExactly(`${place} is refused`, refused, true));
      continue;
    }
    const { states, removed } = await play(source, state, step.op, settings);
    if (step.op.op === "propagate") {
      const frames = states.map(({ frame }) => frame);
      const wanted = step.outputs.map(({ frame }) => frame);
      found.push(compareExactly(`${place} frames`, frames, wanted));
      step.outputs.forEach((output, i) => {
        if (states[i]) look(output, states[i].state);
      });
    } else {
      step.outputs.forEach((output) => look(output, states[0].state));
    }
    if (step.objectsLeft) {
      const left = [...states[0].state.keys()];
      const wanted = [step.objectsLeft, step.updatedFrames];
      found.push(
        compareExactly(`${place} objects left`, [left, removed], wanted),
      );
    }
    state = states.at(-1)?.state ?? state;
  }
  return found;
}

type Played = {
  readonly states: readonly {
    readonly frame: number;
    readonly state: VideoState;
  }[];
  readonly removed?: readonly number[];
};

async function play(
  source: VideoSource,
  state: VideoState,
  op: Op,
  settings: VideoSettings,
): Promise<Played> {
  const one = (next: VideoState): Played => ({
    states: [{ frame: -1, state: next }],
  });
  switch (op.op) {
    case "points": {
      const { object, frame, clear: clearOldPoints } = op;
      const clicks = op.points.map(([x, y], i) => ({
        x,
        y,
        sign: op.labels[i] === 1 ? "+" as const : "-" as const,
      }));
      const box = op.box &&
        { x0: op.box[0], y0: op.box[1], x1: op.box[2], y1: op.box[3] };
      const prompt = { clicks, box };
      const added = { object, frame, prompt, clearOldPoints };
      return one(await addPoints(source, state, added, settings));
    }
    case "mask": {
      const mask = rectangle(source.frameSize, op.rect);
      const { object, frame } = op;
      return one(
        await addMask(source, state, { object, frame, mask }, settings),
      );
    }
    case "propagate": {
      const { start, max: maxFrames, reverse } = op;
      const options = { start, maxFrames, reverse };
      const passed = propagate(source, state, options, settings);
      return { states: await Array.fromAsync(passed) };
    }
    case "clearFrame":
      return one(clearFrame(state, op));
    case "removeObject": {
      const { state: left, promptedFrames } = removeObject(state, op.object);
      return { ...one(left), removed: promptedFrames };
    }
    case "reset":
      return one(new Map());
  }
}

function rectangle(
  { width, height }: Size,
  [y0, x0, y1, x1]: readonly [number, number, number, number],
): Bitmap {
  const data = new Uint8Array(width * height);
  for (let y = y0; y < y1; y++) data.fill(1, y * width + x0, y * width + x1);
  return { width, height, data };
}

function compareOutput(
  step: string,
  output: Output,
  state: VideoState,
  { golden, settings, source }: {
    readonly golden: Checkpoint;
    readonly settings: VideoSettings;
    readonly source: VideoSource;
  },
): readonly Comparison[] {
  const session = step.split(".")[0];
  const place = `session-${session}/${step}.f${output.frame}`;
  const found = [
    compareExactly(`${place}.objects`, [...state.keys()], output.objects),
  ];
  const results = [...state.values()].map((track) =>
    findResult(track, output.frame)
  );
  const logits = frameLogits(source, state, output.frame, settings);
  output.perObject.forEach((wanted, i) => {
    const object = output.objects[i];
    const key = `${step}.f${output.frame}.o${object}`;
    const name = `session-${session}/${key}`;
    const result = results[i];
    if (wanted === null) {
      if (result) found.push(compareExactly(name, result.kind, null));
      return;
    }
    if (!result) {
      found.push(compareExactly(name, null, wanted.kind));
      return;
    }
    const { memory, kind } = result;
    const shown = logits.get(object);
    const area = shown ? areaPx(logitsToBitmap(shown)) : 0;
    found.push(
      compareExactly(`${name}.kind`, kind, wanted.kind),
      compareNumber(
        `${name}.objectScore`,
        memory.objectScore,
        wanted.objectScore,
      ),
      compareNumber(`${name}.maskAreaPx`, area, wanted.maskAreaPx, {
        tolerance: areaTolerancePx,
      }),
    );
    const tensors = { lowRes: memory.lowRes, pointer: memory.pointer };
    for (const [part, data] of Object.entries(tensors)) {
      const goldenName = `${key}.${part}`;
      if (!golden.tensors.has(goldenName)) continue;
      const { data: values } = golden.read(goldenName);
      found.push(compareTensor(`${name}.${part}`, data, values));
    }
  });
  return found;
}
