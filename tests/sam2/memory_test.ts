import { deepEqual, throws } from "node:assert/strict";
import {
  chooseMemories,
  type FrameMemory,
  type MemorySettings,
  toMemoryTokens,
} from "../../lib/sam2/memory.ts";
import { fakeEngine } from "../propagate/fake_engine.ts";

function memoryOf(frame: number): FrameMemory {
  return {
    frame,
    lowRes: new Float32Array(1),
    iou: 1,
    objectScore: 1,
    pointer: new Float32Array(1),
    memory: new Float32Array(1),
  };
}

/** Frames `from` to `to`, both included. */
function span(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** What a frame reads: `frame@timeSlot` and `frame@distance in frames`. */
function chosen(
  conditioning: readonly number[],
  tracked: readonly number[],
  frame: number,
  { reverse = false, frameCount = 100, ...settings }: MemorySettings & {
    reverse?: boolean;
    frameCount?: number;
  } = {},
) {
  const mapOf = (frames: readonly number[]) =>
    new Map(frames.map((frame) => [frame, memoryOf(frame)]));
  const bank = {
    conditioning: mapOf(conditioning),
    tracked: mapOf(tracked),
  };
  const options = { reverse, frameCount, ...settings };
  const { spatial, pointers } = chooseMemories(bank, frame, options);
  const unit = Math.max(Math.min(frameCount, 16) - 1, 1);
  return {
    spatial: spatial.map(({ timeSlot, memory }) =>
      `${memory.frame}@${timeSlot}`
    ),
    pointers: pointers.map(({ distance, memory }) =>
      `${memory.frame}@${Math.round(distance * unit)}`
    ),
  };
}

Deno.test("chooseMemories() reads the condition and the six frames before, the nearest in slot 0", () => {
  deepEqual(chosen([0], span(1, 9), 10), {
    spatial: ["0@6", "4@5", "5@4", "6@3", "7@2", "8@1", "9@0"],
    pointers: [
      ..."0@10 9@1 8@2 7@3 6@4 5@5 4@6 3@7 2@8 1@9".split(" "),
    ],
  });
});

Deno.test("chooseMemories() looks the other way in reverse", () => {
  deepEqual(chosen([20], span(11, 19), 10, { reverse: true }), {
    spatial: ["20@6", "16@5", "15@4", "14@3", "13@2", "12@1", "11@0"],
    pointers: [
      ..."20@10 11@1 12@2 13@3 14@4 15@5 16@6 17@7 18@8 19@9".split(" "),
    ],
  });
});

Deno.test("chooseMemories() reads the map of a condition ahead but not its pointer", () => {
  deepEqual(chosen([8, 20], [9], 10), {
    spatial: ["8@6", "20@6", "9@0"],
    pointers: ["8@2", "9@1"],
  });
  deepEqual(chosen([0, 12], [11], 10, { reverse: true }), {
    spatial: ["0@6", "12@6", "11@0"],
    pointers: ["12@2", "11@1"],
  });
});

Deno.test("chooseMemories() reads fifteen pointers of tracked frames at most", () => {
  const { pointers } = chosen([0], span(1, 49), 50);
  deepEqual(pointers.map((text) => text.split("@")[0]), [
    "0",
    ...span(35, 49).reverse().map(String), // 50 - 15
  ]);
});

Deno.test("chooseMemories() measures distance by what a short clip can look back", () => {
  const options = { frameCount: 3, reverse: false };
  const bank = {
    conditioning: new Map([[0, memoryOf(0)]]),
    tracked: new Map([[1, memoryOf(1)]]),
  };
  const { pointers } = chooseMemories(bank, 2, options);
  deepEqual(pointers.map(({ distance }) => distance), [1, 0.5]); // 2/2 and 1/2
});

Deno.test("chooseMemories() stops at the ends of the clip", () => {
  deepEqual(chosen([0], [1], 2).spatial, ["0@6", "1@0"]);
  deepEqual(
    chosen([9], [8], 7, { reverse: true, frameCount: 10 }).pointers,
    ["9@2", "8@1"],
  );
});

Deno.test("chooseMemories() with a stride reads the last frame and every second one", () => {
  // floor((11 - 2) / 2) * 2 = 8, then two less each
  deepEqual(
    chosen([], span(0, 10), 11, { stride: 2 }).spatial,
    ["0@5", "2@4", "4@3", "6@2", "8@1", "10@0"],
  );
  // ceil((11 + 2) / 2) * 2 = 14, then two more each
  deepEqual(
    chosen([], span(12, 30), 11, { stride: 2, reverse: true }).spatial,
    ["22@5", "20@4", "18@3", "16@2", "14@1", "12@0"],
  );
});

Deno.test("chooseMemories() limited to two conditions reads the nearest before and after", () => {
  deepEqual(chosen([0, 5, 20, 40], [], 10, { maxConditioning: 2 }), {
    spatial: ["5@6", "20@6"],
    pointers: ["5@5", "0@10"], // the one left out is read as a tracked frame
  });
});

Deno.test("chooseMemories() fills what the limit leaves by nearness", () => {
  const { spatial } = chosen([0, 5, 20, 40], [], 10, { maxConditioning: 3 });
  deepEqual(spatial, ["5@6", "20@6", "0@6"]);
  const ahead = chosen([20, 30, 40], [], 10, { maxConditioning: 2 });
  deepEqual(ahead.spatial, ["20@6", "30@6"]);
});

Deno.test("chooseMemories() reads a condition that the limit left out as a tracked frame", () => {
  deepEqual(
    chosen([8, 9, 30], [], 10, { maxConditioning: 2 }).spatial,
    ["9@6", "30@6", "8@1"],
  );
});

Deno.test("chooseMemories() refuses a limit below two, as the official code does", () => {
  throws(
    () => chosen([0, 5, 20], [], 10, { maxConditioning: 1 }),
    {
      name: "RangeError",
      message: /maxConditioning is 1, expected at least 2/,
    },
  );
});

Deno.test("toMemoryTokens() places every memory by its slot and cuts a pointer into tokens", () => {
  const { engine } = fakeEngine();
  const config = { ...engine.config, channels: 4, memoryChannels: 2 };
  const loose = {
    ...engine.loose,
    memoryPositions: [10, 20, 30].map((slot) =>
      Float32Array.of(slot, slot + 1, slot + 2, slot + 3) // 2 tokens of 2
    ),
    // the code of distance 0 is [0, 0, 1, 1]: sines, then cosines
    pointerTime: {
      weight: { dims: [2, 4], data: Float32Array.of(9, 9, 1, 2, 9, 9, 3, 4) },
      bias: { dims: [2], data: Float32Array.of(100, 200) },
    },
  };
  const of = (...values: readonly number[]): FrameMemory => ({
    ...memoryOf(0),
    memory: Float32Array.from(values),
    pointer: Float32Array.of(5, 6, 7, 8),
  });
  const chosen = {
    spatial: [
      { timeSlot: 2, memory: of(1, 2, 3, 4) },
      { timeSlot: 0, memory: of(5, 6, 7, 8) },
    ],
    pointers: [{ distance: 0, memory: of() }],
  };
  const tokens = toMemoryTokens(chosen, { config, loose });
  deepEqual(tokens.memory, tensor([1, 4, 2], 1, 2, 3, 4, 5, 6, 7, 8));
  deepEqual(
    tokens.memoryPosition,
    tensor([1, 4, 2], 30, 31, 32, 33, 10, 11, 12, 13),
  );
  deepEqual(tokens.pointers, tensor([1, 2, 2], 5, 6, 7, 8));
  // 100 + 1 + 2 and 200 + 3 + 4, for both tokens of the pointer
  deepEqual(tokens.pointerPosition, tensor([1, 2, 2], 103, 207, 103, 207));
});

function tensor(dims: readonly number[], ...values: readonly number[]) {
  return { dims, data: Float32Array.from(values) };
}

Deno.test("toMemoryTokens() refuses a frame whose memory is not encoded yet", () => {
  const { engine } = fakeEngine();
  const memory = { ...memoryOf(3), memory: undefined };
  const chosen = { spatial: [{ timeSlot: 0, memory }], pointers: [] };
  throws(() => toMemoryTokens(chosen, engine), /Frame 3 has no memory yet/);
});
