import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { FrameMemory } from "../../lib/sam2/memory.ts";
import { type Direction, planSteps } from "../../lib/propagate/plan.ts";
import {
  type Condition,
  maxConditions,
  type PropagatedStep,
  propagateMasks,
  type TrackedPast,
} from "../../lib/propagate/propagate.ts";
import { encodeNumber, fakeEngine } from "./fake_engine.ts";

/** A frame clicked at x; the value of its mask is 16/4·x, the frame being 4x4. */
function clicked(frame: number, x: number): Condition {
  return { frame, prompts: [{ kind: "point", x, y: 1, sign: "+" }] };
}

type Conditions = readonly (readonly [number, readonly Condition[]])[];

/** A clip without pictures and the steps to fill it. */
function clipOf(
  frameCount: number,
  conditions: Conditions,
  direction: "both" | Direction = "both",
) {
  const { engine, log } = fakeEngine();
  const prepared: number[] = [];
  const source = {
    engine,
    frameCount,
    frameSize: { width: 4, height: 4 },
    conditions: new Map(conditions),
    readFeatures: (frame: number) => encodeNumber(engine, frame),
    prepare: (frame: number) => void prepared.push(frame),
  };
  const frames = conditions.map(([object, list]): [number, number[]] => [
    object,
    list.map(({ frame }) => frame),
  ]);
  const steps = planSteps(new Map(frames), {
    direction,
    from: 0,
    to: frameCount - 1,
  });
  return { source, steps, log, prepared };
}

/** The value of every mask by `object frame`. */
function valuesOf(found: readonly PropagatedStep[]): Record<string, number> {
  return Object.fromEntries(
    found.flatMap(({ step, masks }) =>
      masks.map(({ object, memory }) => [
        `${object} ${step.frame}`,
        memory.lowRes[0],
      ])
    ),
  );
}

Deno.test("propagateMasks() gives every planned mask once, in the order of the plan", async () => {
  const { source, steps, prepared } = clipOf(6, [
    [1, [clicked(2, 1)]],
    [2, [clicked(0, 2), clicked(5, 3)]],
  ]);
  const found = await Array.fromAsync(propagateMasks(source, steps));
  deepEqual(found.map(({ step }) => step), [...steps]);
  deepEqual(
    found.map(({ masks }) => masks.map(({ object }) => object)),
    steps.map(({ objects }) => [...objects]),
  );
  deepEqual(prepared, steps.slice(1).map(({ frame }) => frame));
});

Deno.test("propagateMasks() reads the condition, then the frames tracked from it", async () => {
  const { source, steps } = clipOf(3, [[1, [clicked(0, 1)]]]);
  const values = valuesOf(await Array.fromAsync(propagateMasks(source, steps)));
  // frame 1: 4 + 0.001; frame 2: (4 + 4.001) / 2 + 0.002
  equal(values["1 1"], Math.fround(4.001));
  ok(Math.abs(values["1 2"] - 4.0025) < 1e-6);
});

Deno.test("propagateMasks() never lets one object change another", async () => {
  const first = [1, [clicked(3, 1), clicked(20, 2)]] as const;
  const second = [2, [clicked(0, 3), clicked(9, 1), clicked(25, 2)]] as const;
  const alone = clipOf(30, [first]);
  const both = clipOf(30, [first, second]);
  const wanted = valuesOf(
    await Array.fromAsync(propagateMasks(alone.source, alone.steps)),
  );
  const values = valuesOf(
    await Array.fromAsync(propagateMasks(both.source, both.steps)),
  );
  const ofFirst = Object.entries(values).filter(([key]) =>
    key.startsWith("1 ")
  );
  equal(ofFirst.length, 28);
  deepEqual(Object.fromEntries(ofFirst), wanted);
});

Deno.test("propagateMasks() keeps at most 16 frames of a pass, however long it is", async () => {
  const { source, steps, log } = clipOf(500, [[1, [clicked(250, 1)]]]);
  const alive = { forward: new Set<number>(), backward: new Set<number>() };
  let most = 0;
  for await (const { step, masks, forget } of propagateMasks(source, steps)) {
    const { direction, frame } = step;
    equal(masks.length, 1);
    for (const { object, frame } of forget) {
      equal(object, 1);
      ok(alive[direction].delete(frame), `${frame} was not kept`);
    }
    alive[direction].add(frame);
    most = Math.max(most, alive[direction].size);
    // the last that goes is the sixteenth before this one
    const last = direction === "forward" ? frame - 15 : frame + 15;
    const isTracked = direction === "forward" ? last > 250 : last < 250;
    deepEqual(forget, isTracked ? [{ object: 1, frame: last }] : []);
  }
  ok(most <= 16, `${most} were kept`);
  equal(log.mostMemories, 7); // the condition and six frames
  equal(log.mostPointers, 16); // the condition and fifteen frames
});

Deno.test("propagateMasks() reads no more than eight conditions, the nearest ones", async () => {
  const many = Array.from({ length: 30 }, (_, i) => clicked(3 * i, 1));
  const { source, steps, log } = clipOf(90, [[1, many]]);
  await Array.fromAsync(propagateMasks(source, steps));
  ok(log.mostMemories <= maxConditions + 6);
  equal(maxConditions, 8);
});

Deno.test("propagateMasks() releases as many features as it encodes", async () => {
  const { source, steps, log } = clipOf(40, [
    [1, [clicked(0, 1), clicked(39, 2)]],
    [2, [clicked(20, 3)]],
  ]);
  await Array.fromAsync(propagateMasks(source, steps));
  equal(log.encoded, log.released);
  equal(log.encoded, steps.length + 3); // each step and each condition once
});

Deno.test("propagateMasks() stops between two steps when it is cancelled", async () => {
  const { source, steps, log } = clipOf(20, [[1, [clicked(0, 1)]]]);
  const cancel = new AbortController();
  const frames: number[] = [];
  const { signal } = cancel;
  await rejects(async () => {
    for await (const { step } of propagateMasks(source, steps, { signal })) {
      frames.push(step.frame);
      if (frames.length === 3) cancel.abort();
    }
  }, { name: "CancelledError", message: /before frame 4/ });
  deepEqual(frames, [1, 2, 3]);
  equal(log.encoded, log.released);
});

Deno.test("propagateMasks() releases the features of a step that fails", async () => {
  const { source, steps, log } = clipOf(4, [[1, [clicked(0, 1)]]]);
  const broken = {
    ...source.engine,
    encodeMemory: () => Promise.reject(new Error("out of memory")),
  };
  await rejects(
    Array.fromAsync(propagateMasks({ ...source, engine: broken }, steps)),
    /out of memory/,
  );
  equal(log.encoded, log.released);
});

Deno.test("propagateMasks() goes on from what earlier steps left as if nothing had happened", async () => {
  const conditions: Conditions = [
    [1, [clicked(10, 1), clicked(60, 2)]],
    [2, [clicked(30, 3)]],
  ];
  const { source, steps } = clipOf(70, conditions);
  const whole = await Array.fromAsync(propagateMasks(source, steps));
  for (const stop of [1, 19, 40, 41, 69, 100]) {
    const past = pastOf(whole.slice(0, stop));
    const rest = await Array.fromAsync(
      propagateMasks(source, steps.slice(stop), {
        past: (object, way) => past.get(`${way} ${object}`),
      }),
    );
    deepEqual(rest.map(scoresOf), whole.slice(stop).map(scoresOf));
  }
});

/** What a caller keeps of the steps: all memories that it was not told to forget. */
function pastOf(found: readonly PropagatedStep[]): Map<string, TrackedPast> {
  const past = new Map<string, TrackedPast>();
  for (const { step: { direction, frame }, masks, forget } of found) {
    for (const { object, memory, mask } of masks) {
      const key = `${direction} ${object}`;
      const gone = forget.filter((each) => each.object === object)
        .map(({ frame }) => frame);
      const memories: readonly FrameMemory[] = past.get(key)?.memories ?? [];
      past.set(key, {
        memories: [...memories, memory]
          .filter(({ frame }) => !gone.includes(frame)),
        lastMask: { frame, mask },
      });
    }
  }
  return past;
}

function scoresOf({ step, masks, forget }: PropagatedStep) {
  const values = masks.map((
    { object, memory, drift, predictedIou, mask },
  ) => [object, memory.lowRes[0], drift, predictedIou, ...mask.data]);
  return { frame: step.frame, values, forget };
}
