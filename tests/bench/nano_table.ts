// What the nano reaches on real pictures: clicks per still, and propagation
// from one clicked frame, beside copying a mask.
//
// The clicks are those of the simulated annotator, at the picture's own size.
// They can be written out with pictures and true masks, so that other methods
// answer the very same clicks. Several models give several columns. The sets are
// small: differences of a few hundredths mean nothing, and no model is chosen by
// them.

import { basename } from "node:path";
import type { Bitmap } from "../../lib/base/image.ts";
import { throwIfCancelled } from "../../lib/base/errors.ts";
import type { Call } from "../../lib/cli/command.ts";
import { createBitmap, isEmpty } from "../../lib/masks/bitmap.ts";
import { dice, iou } from "../../lib/masks/metrics.ts";
import { type Click, nextClick } from "../../lib/masks/next_click.ts";
import { encodeMaskPng, encodePng } from "../../lib/media/image.ts";
import { propagateMasks, toFrameMask } from "../../lib/propagate/propagate.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { addPrompt, type Interaction } from "../../lib/sam2/interact.ts";
import { meanOf } from "../../lib/work/evaluate_clip.ts";
import { type OpenModel, openModel } from "../../lib/work/open_model.ts";
import { openImage, segmentImage } from "../../lib/work/segment.ts";
import { measureSpeed } from "./nano_speed.ts";
import { planWhole } from "../propagate/plan_whole.ts";
import { hasShared, sharedUrl } from "../shared.ts";
import {
  readNanoSets,
  type Still,
  type StillSet,
  type TrueClip,
} from "./nano_sets.ts";

const counts = [1, 3, 5] as const;
const mostClicks = 5;
const clicksPerFrame = 3;

/** The clicks that an object got, and how good its mask was after each. */
type Clicked = {
  readonly name: string;
  readonly clicks: readonly Click[];
  readonly ious: readonly number[];
  readonly dices: readonly number[];
};

/** How well the frames that were not clicked are met. */
type Propagated = {
  readonly name: string;
  readonly frames: number;
  readonly iou: number;
  /** Of copying the mask that the clicks gave. */
  readonly copyPredicted: number;
  /** Of copying the true mask of the clicked frame. */
  readonly copyTrue: number;
};

/** Measures every model that is named; the shipped nano when none is. */
export async function benchNano(call: Call) {
  if (!hasShared) {
    call.warn(`nano: skipped, it needs ${sharedUrl.pathname}`);
    return { skipped: true };
  }
  const named = call.texts("model");
  const sets = await readNanoSets();
  const models = [];
  for (const model of named.length > 0 ? named : ["sam2-nano"]) {
    models.push(await measureModel(call, model, sets));
  }
  for (const line of tableOf(models)) call.say(line);
  for (const { name, speed: { clickMs, frameMs } } of models) {
    call.say(
      `${basename(name)}: a click ${
        clickMs.toFixed(1)
      } ms, a tracked frame with encoding ${frameMs.toFixed(1)} ms (medians)`,
    );
  }
  const clicksOut = call.text("clicks-out");
  if (clicksOut) await writeClicks(clicksOut, sets.stills, models[0].stills);
  const out = call.text("out");
  if (out) await Deno.writeTextFile(out, JSON.stringify(models, null, 1));
  return {
    models: models.map(({ name, speed, means }) => ({ name, speed, ...means })),
  };
}

type Sets = Awaited<ReturnType<typeof readNanoSets>>;
type Measured = Awaited<ReturnType<typeof measureModel>>;

async function measureModel(call: Call, name: string, sets: Sets) {
  const { signal } = call;
  const startMs = performance.now();
  const cache = await Deno.makeTempDir({ prefix: "medannotate-" });
  const model = await openModel({
    model: name,
    device: call.text("device") === "auto" ? "auto" : "cpu",
    size: call.count("size", { least: 32 }),
    threads: call.count("threads", { least: 1 }),
  }, { cache });
  try {
    const zooms = call.flag("zoom")
      ? ["off", "auto"] as const
      : ["off"] as const;
    const stills: Record<string, Record<string, readonly Clicked[]>> = {};
    for (const set of sets.stills) {
      stills[set.name] = {};
      for (const zoom of zooms) {
        const rows: Clicked[] = [];
        for (const still of set.stills) {
          throwIfCancelled(signal, `the bench of ${name}`);
          rows.push(
            zoom === "off"
              ? await clickStill(model, still)
              : await clickZoomed(model, still),
          );
        }
        stills[set.name][zoom] = rows;
      }
    }
    const clips: Record<string, readonly Propagated[]> = {};
    for (const set of sets.clips) {
      const rows: Propagated[] = [];
      for (const clip of set.clips) {
        throwIfCancelled(signal, `the bench of ${name}`);
        rows.push(await propagateClip(model, clip));
      }
      clips[set.name] = rows;
    }
    const seconds = (performance.now() - startMs) / 1000;
    const speed = await measureSpeed(model);
    return {
      name,
      seconds,
      speed,
      means: meansOf(stills, clips),
      stills,
      clips,
    };
  } finally {
    await model.close();
    await Deno.remove(cache, { recursive: true });
  }
}

/** Clicks a still as the annotator's page does: each click refines the mask before. */
async function clickStill(
  { engine }: OpenModel,
  { name, image, truth }: Still,
): Promise<Clicked> {
  const features = await encodeFrame(engine, image);
  const place = { frame: 0, frameSize: sizeOf(truth) };
  let given: Interaction | undefined;
  try {
    return await clickTruth(name, truth, async (clicks) => {
      const prompt = { kind: "point", ...clicks[clicks.length - 1] } as const;
      given = await addPrompt(engine, features, given, prompt, place);
      return toFrameMask(given.result.lowRes, place.frameSize);
    });
  } finally {
    await engine.releaseFeatures(features);
  }
}

/** Clicks a still through the zoom. */
async function clickZoomed(
  model: OpenModel,
  { name, image, truth }: Still,
): Promise<Clicked> {
  const open = openImage(model, image);
  try {
    return await clickTruth(name, truth, async (clicks) => {
      const prompts = clicks.map((click) =>
        ({ kind: "point", ...click }) as const
      );
      return (await open.segment(prompts, { zoom: "auto" })).mask;
    });
  } finally {
    await open.close();
  }
}

async function clickTruth(
  name: string,
  truth: Bitmap,
  answer: (clicks: readonly Click[]) => Promise<Bitmap>,
): Promise<Clicked> {
  const clicks: Click[] = [];
  const ious: number[] = [];
  const dices: number[] = [];
  let shown = createBitmap(truth);
  while (clicks.length < mostClicks) {
    const click = nextClick(truth, shown);
    if (!click) break;
    clicks.push(click);
    shown = await answer(clicks);
    ious.push(iou(truth, shown));
    dices.push(dice(truth, shown));
  }
  return { name, clicks, ious, dices };
}

/** Three clicks on the start frame, then every other frame, both ways where there are some. */
async function propagateClip(
  model: OpenModel,
  { name, size, images, truth, start }: TrueClip,
): Promise<Propagated> {
  const { engine } = model;
  const still = { name, image: images[start], truth: truth[start] };
  const { clicks } = await clickStill(model, still);
  const prompts = clicks.slice(0, clicksPerFrame)
    .map((click) => ({ kind: "point", ...click }) as const);
  const source = {
    engine,
    frameCount: images.length,
    frameSize: size,
    conditions: new Map([[1, [{ frame: start, prompts }]]]),
    readFeatures: (frame: number) => encodeFrame(engine, images[frame]),
  };
  const { mask: first } = await segmentImage(model, images[start], prompts);
  const rows: { own: number; predicted: number; copied: number }[] = [];
  const steps = planWhole(1, [start], images.length);
  for await (const { step, masks: [found] } of propagateMasks(source, steps)) {
    const right = truth[step.frame];
    if (isEmpty(right)) continue; // only frames that hold the object count
    rows.push({
      own: iou(found.mask, right),
      predicted: iou(first, right),
      copied: iou(truth[start], right),
    });
  }
  return {
    name,
    frames: rows.length,
    iou: meanOf(rows.map(({ own }) => own)),
    copyPredicted: meanOf(rows.map(({ predicted }) => predicted)),
    copyTrue: meanOf(rows.map(({ copied }) => copied)),
  };
}

function sizeOf({ width, height }: Bitmap) {
  return { width, height };
}

/** Means per set, and over the sets; who needed fewer clicks keeps the last mask. */
function meansOf(
  stills: Readonly<
    Record<string, Readonly<Record<string, readonly Clicked[]>>>
  >,
  clips: Readonly<Record<string, readonly Propagated[]>>,
) {
  const clicked = Object.entries(stills).flatMap(([set, byZoom]) =>
    Object.entries(byZoom).map(([zoom, rows]) => ({
      set,
      zoom,
      objects: rows.length,
      iou: afterClicks(rows.map(({ ious }) => ious)),
      dice: afterClicks(rows.map(({ dices }) => dices)),
    }))
  );
  const overall = [...Map.groupBy(clicked, ({ zoom }) => zoom)]
    .map(([zoom, rows]) => ({
      set: "mean of the sets",
      zoom,
      objects: rows.length,
      iou: counts.map((_, i) => meanOf(rows.map(({ iou }) => iou[i]))),
      dice: counts.map((_, i) => meanOf(rows.map(({ dice }) => dice[i]))),
    }));
  const propagated = Object.entries(clips).map(([set, rows]) => ({
    set,
    clips: rows.length,
    iou: meanOf(rows.map(({ iou }) => iou)),
    copyPredicted: meanOf(rows.map(({ copyPredicted }) => copyPredicted)),
    copyTrue: meanOf(rows.map(({ copyTrue }) => copyTrue)),
  }));
  return { clicked: [...clicked, ...overall], propagated };
}

function afterClicks(rows: readonly (readonly number[])[]): number[] {
  return counts.map((count) =>
    meanOf(rows.map((values) => values[count - 1] ?? values.at(-1) ?? 0))
  );
}

/** The table as it is printed: a line for each set, a column for each model. */
function tableOf(models: readonly Measured[]): string[] {
  const two = (value: number) => value.toFixed(3).replace(/^0/, "");
  const cell = (text: string) => text.padEnd(36);
  const title = (text: string) => text.padEnd(32);
  const lines = [
    title("") +
    models.map(({ name, seconds }) =>
      cell(`${basename(name).slice(-20)} (${seconds.toFixed(0)} s)`)
    ).join(""),
    title(`IoU (Dice) with ${counts.join(", ")} clicks`),
  ];
  for (const [i, { set, zoom }] of models[0].means.clicked.entries()) {
    lines.push(
      title(`  ${set}${zoom === "auto" ? ", zoom" : ""}`) +
        models.map(({ means }) => {
          const { iou, dice } = means.clicked[i];
          return cell(
            iou.map((value, k) => `${two(value)} (${two(dice[k])})`).join(" "),
          );
        }).join(""),
    );
  }
  lines.push(title("propagated (copying: clicks, true)"));
  for (const [i, { set }] of models[0].means.propagated.entries()) {
    lines.push(
      title(`  ${set}`) + models.map(({ means }) => {
        const { iou, copyPredicted, copyTrue } = means.propagated[i];
        return cell(`${two(iou)} (${two(copyPredicted)}, ${two(copyTrue)})`);
      }).join(""),
    );
  }
  return lines;
}

/** Writes clicks as JSON, and pictures and true masks beside it, for other methods. */
async function writeClicks(
  path: string,
  sets: readonly StillSet[],
  clicked: Measured["stills"],
) {
  const folder = `${path}.pictures`;
  await Deno.mkdir(folder, { recursive: true });
  const rows = [];
  for (const { name: set, stills } of sets) {
    for (const [i, { image, truth, name }] of stills.entries()) {
      const stem = `${folder}/${set}-${String(i).padStart(2, "0")}`;
      await Deno.writeFile(`${stem}.png`, await encodePng(image));
      await Deno.writeFile(`${stem}-mask.png`, await encodeMaskPng(truth));
      const { clicks } = clicked[set].off[i];
      rows.push({
        ...{ set, name, clicks },
        image: `${stem}.png`,
        mask: `${stem}-mask.png`,
      });
    }
  }
  await Deno.writeTextFile(path, JSON.stringify(rows, null, 1));
}
