import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { FrameMemory } from "../../lib/sam2/memory.ts";
import {
  type Direction,
  emptyGap,
  isNearer,
  listGaps,
  planGap,
  planSteps,
} from "../../lib/propagate/plan.ts";
import {
  type Condition,
  maxConditions,
  type PropagatedStep,
  propagateMasks,
  type TrackedMask,
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
  { direction = "both", agreement = false }: {
    direction?: "both" | Direction;
    agreement?: boolean;
  } = {},
) {
  const { engine, log } = fakeEngine();
  const prepared: number[] = [];
  const forward = new Map<string, TrackedMask>();
  const source = {
    engine,
    frameCount,
    frameSize: { width: 4, height: 4 },
    conditions: new Map(conditions),
    readFeatures: (frame: number) => encodeNumber(engine, frame),
    prepare: (frame: number) => void prepared.push(frame),
    readForward: ({ object, frame }: { object: number; frame: number }) =>
      Promise.resolve(forward.get(`${object} ${frame}`)),
  };
  const range = { from: 0, to: frameCount - 1 };
  const passes = conditions.flatMap(([object, list]) => {
    const frames = list.map(({ frame }) => frame);
    return listGaps(object, frames, range).flatMap((gap) =>
      planGap(gap, emptyGap(gap), { direction, agreement })
    );
  });
  return { source, steps: planSteps(passes), log, prepared, forward };
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
    steps.map(({ objects }) => objects.map(({ object }) => object)),
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
        past: (object, way) => past.get(`${way} ${object}`) ?? [],
      }),
    );
    deepEqual(rest.map(scoresOf), whole.slice(stop).map(scoresOf));
  }
});

/** What a caller keeps of the steps: all memories that it was not told to forget. */
function pastOf(found: readonly PropagatedStep[]): Map<string, TrackedPast> {
  const past = new Map<string, TrackedPast>();
  for (const { step: { direction }, masks, forget } of found) {
    for (const { object, memory } of masks) {
      const key = `${direction} ${object}`;
      const gone = forget.filter((each) => each.object === object)
        .map(({ frame }) => frame);
      const memories: readonly FrameMemory[] = past.get(key) ?? [];
      const kept = [...memories, memory];
      past.set(key, kept.filter(({ frame }) => !gone.includes(frame)));
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

Deno.test("propagateMasks() starts anew at every condition, without what was tracked before it", async () => {
  const first = [1, [clicked(0, 1), clicked(10, 2)]] as const;
  const later = [1, [clicked(0, 3), clicked(10, 2)]] as const; // another first click
  const values = await Promise.all([first, later].map(async (object) => {
    const { source, steps } = clipOf(20, [object], { direction: "forward" });
    const found = await Array.fromAsync(propagateMasks(source, steps));
    return found.map(({ masks: [{ memory }] }) => memory.lowRes[0]);
  }));
  ok(values[0][0] < values[1][0]);
  // frame 11 reads both conditions and nothing that was tracked between them
  const at11 = values.map((list) => list[9]); // 1 to 9, then 11
  ok(Math.abs(at11[0] - (6 + 0.011)) < 1e-5); // (4 + 8) / 2
  ok(Math.abs(at11[1] - (10 + 0.011)) < 1e-5); // (12 + 8) / 2
});

Deno.test("propagateMasks() compares both directions and keeps the mask of the nearer condition", async () => {
  const { source, steps, forward } = clipOf(
    7,
    [[1, [clicked(0, 1), clicked(6, 2)]]],
    { agreement: true },
  );
  equal(steps.length, 10);
  const final = new Map<number, PropagatedStep["masks"][number]>();
  for await (const { step, masks: [found] } of propagateMasks(source, steps)) {
    equal(found.isProvisional, step.direction === "forward");
    if (found.isProvisional) {
      // on frame 4 the forward pass is made to have found a quarter of the frame
      const data = Uint8Array.from({ length: 16 }, (_, i) => i < 4 ? 1 : 0);
      const mask = step.frame === 4 ? { ...found.mask, data } : found.mask;
      forward.set(`1 ${step.frame}`, { ...found, mask });
    } else final.set(step.frame, found);
  }
  const sources = [...final].map(([frame, { source }]) =>
    `${frame}${source[0]}`
  );
  deepEqual(sources, ["5b", "4b", "3f", "2f", "1f"]);
  for (const [frame, { parts: { agreement, distance } }] of final) {
    equal(agreement, frame === 4 ? 0.25 : 1); // 4 of 16 px
    equal(distance, Math.min(frame, 6 - frame));
  }
  equal(final.get(1)?.mask, forward.get("1 1")?.mask);
});

Deno.test("propagateMasks() takes the backward mask where a person's has taken the place of the forward one", async () => {
  const { source, steps } = clipOf(
    7,
    [[1, [clicked(0, 1), clicked(6, 2)]]],
    { agreement: true },
  );
  const found = await Array.fromAsync(propagateMasks(source, steps));
  const back = found.filter(({ step }) => step.direction === "backward");
  for (const { step, masks: [mask] } of back) {
    equal(mask.source, "backward");
    equal(mask.parts.agreement, undefined);
    equal(isNearer(step, step.objects[0]), step.frame > 3);
  }
});

Deno.test("propagateMasks() keeps the memories of a later gap while it fills an earlier one", async () => {
  const { source, steps } = clipOf(
    40,
    [[1, [clicked(0, 1), clicked(10, 2)]]],
    { direction: "forward" },
  );
  const whole = await Array.fromAsync(propagateMasks(source, steps));
  // the later gap was stopped at frame 30, and frame 3 is missing again
  const past = pastOf(whole.filter(({ step }) => step.frame <= 30));
  const rest = steps.filter(({ frame }) => frame <= 3 || frame > 30);
  const found = await Array.fromAsync(
    propagateMasks(source, rest, {
      past: (object, way) => past.get(`${way} ${object}`) ?? [],
    }),
  );
  const wanted = whole.filter(({ step: { frame } }) =>
    frame <= 3 || frame > 30
  );
  deepEqual(valuesOf(found), valuesOf(wanted));
});
