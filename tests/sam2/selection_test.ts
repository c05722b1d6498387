import { deepEqual, equal } from "node:assert/strict";
import { chooseMask, maskOf, stability } from "../../lib/sam2/selection.ts";

const stable = [5, 5, -5, -5];
const unstable = [5, 0.01, -0.01, -5];

/** Four masks of 2x2; mask i of the last three is filled with i, pointer i is [i]. */
function output(
  { first, ious }: {
    readonly first: readonly number[];
    readonly ious: readonly number[];
  },
) {
  const others = [1, 2, 3].flatMap((i) => [i, i, i, i]);
  return {
    masks: { dims: [4, 2, 2], data: Float32Array.of(...first, ...others) },
    ious,
    objectScore: 1,
    pointers: { dims: [4, 1], data: Float32Array.of(0, 1, 2, 3) },
  };
}

function chosen(
  first: readonly number[],
  ious: readonly number[],
  multimask: boolean,
) {
  const { lowRes, iou, pointer } = chooseMask(output({ first, ious }), {
    multimask,
  });
  return { lowRes: [...lowRes], iou, pointer: [...pointer] };
}

Deno.test("stability() is the share of the outer cut that the inner one keeps", () => {
  equal(stability(Float32Array.of(...stable)), 1); // 2 of 2
  // above 0.05: 5; above -0.05: 5, 0.01, -0.01
  equal(stability(Float32Array.of(...unstable)), 1 / 3);
  equal(stability(Float32Array.of(0.5, 2), { delta: 1 }), 0.5);
  equal(stability(Float32Array.of(-9, -9)), 1); // empty, and stays so
});

Deno.test("chooseMask() takes a stable single mask, whatever the others promise", () => {
  deepEqual(chosen(stable, [0.1, 0.9, 0.8, 0.7], false), {
    lowRes: stable,
    iou: 0.1,
    pointer: [0],
  });
});

Deno.test("chooseMask() replaces an unstable single mask by the best of three and keeps the pointer of the first", () => {
  deepEqual(chosen(unstable, [0.9, 0.1, 0.2, 0.3], false), {
    lowRes: [3, 3, 3, 3],
    iou: 0.3,
    pointer: [0],
  });
});

Deno.test("chooseMask() with multimask takes the best of three with its pointer", () => {
  deepEqual(chosen(stable, [0.9, 0.1, 0.3, 0.2], true), {
    lowRes: [2, 2, 2, 2],
    iou: 0.3,
    pointer: [2],
  });
});

Deno.test("chooseMask() takes the first of equals", () => {
  equal(chosen(stable, [0, 0.5, 0.5, 0.5], true).pointer[0], 1);
});

Deno.test("chooseMask() gives copies, so that the decoder's output stays", () => {
  const whole = output({ first: stable, ious: [1, 0, 0, 0] });
  chooseMask(whole, { multimask: false }).lowRes.fill(99);
  deepEqual([...maskOf(whole, 0)], stable);
});
