import { deepEqual, equal, ok } from "node:assert/strict";
import type { LiveFrame } from "../../lib/media/live_frames.ts";
import { trackLive } from "../../lib/propagate/live.ts";
import type { FramePrompt } from "../../lib/sam2/interact.ts";
import { fakeEngine } from "./fake_engine.ts";

const image = { width: 4, height: 4, data: new Uint8Array(48) };

async function* frames(indexes: readonly number[]): AsyncGenerator<LiveFrame> {
  for (const index of indexes) {
    yield {
      index,
      timeMs: index,
      arrivedMs: performance.now(),
      name: "",
      image,
    };
  }
}

function click(x: number): readonly FramePrompt[] {
  return [{ kind: "point", x, y: 1, sign: "+" }];
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("trackLive() follows an object from its click on, and tells how late it is", async () => {
  const { engine } = fakeEngine();
  const clicks = new Map([[2, new Map([[1, click(1)]])]]);
  const found = await Array.fromAsync(
    trackLive(engine, frames(range(5)), {
      promptsFor: ({ index }) => clicks.get(index) ?? new Map(),
    }),
  );
  deepEqual(
    found.map(({ masks }) => masks.map(({ source }) => source)),
    [[], [], ["prompt"], ["forward"], ["forward"]],
  );
  for (const { latencyMs } of found) ok(latencyMs >= 0 && latencyMs < 1000);
});

Deno.test("trackLive() keeps no more than a frame reads, however long it runs", async () => {
  const { engine, log } = fakeEngine();
  const clicks = (index: number) =>
    index % 40 === 0 ? new Map([[1, click(1)]]) : new Map();
  let seen = 0;
  const live = trackLive(engine, frames(range(600)), {
    promptsFor: ({ index }) => clicks(index),
  });
  for await (const { masks } of live) seen += masks.length;
  equal(seen, 600);
  ok(log.mostMemories <= 8 + 6, `${log.mostMemories} memories`);
  ok(log.mostPointers <= 8 + 15, `${log.mostPointers} pointers`);
  equal(log.encoded, log.released);
});

Deno.test("trackLive() finds the frame before even when some were dropped between", async () => {
  const { engine, log } = fakeEngine();
  const dropped = [0, 7, 9, 30, 31, 90, 200, 201];
  await Array.fromAsync(trackLive(engine, frames(dropped), {
    promptsFor: ({ index }) =>
      index === 0 ? new Map([[1, click(1)]]) : new Map(),
  }));
  equal(log.mostMemories, 7); // the click and six frames
});
