import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { SourceFrame } from "../../../lib/work/detect/detect_source.ts";
import {
  detectStream,
  prefetch,
} from "../../../lib/work/detect/detect_stream.ts";
import { fakeDetector, paintSquares } from "./fake_detector.ts";

const size = { width: 64, height: 64 };

/** Frames with a square that goes right, and how many were read so far. */
function frames(count: number, { msRead = 0, failAt = -1 } = {}) {
  const read = { count: 0 };
  async function* source(): AsyncGenerator<SourceFrame> {
    for (let frame = 0; frame < count; frame++) {
      await new Promise((resolve) => setTimeout(resolve, msRead));
      if (frame === failAt) throw new Error(`frame ${frame} is broken`);
      read.count++;
      const image = paintSquares(size, [{ x: frame, y: 20 }]);
      yield { frame, name: "", timeMs: 0, image, msDecode: msRead };
    }
  }
  return { source: source(), read };
}

Deno.test("detectStream() gives frames in order with their own boxes", async () => {
  const found = await Array.fromAsync(
    detectStream(fakeDetector().engine, frames(20).source),
  );
  deepEqual(
    found.map(({ frame, detections: [{ box }] }) => [frame, box.x0, box.x1]),
    found.map((_, i) => [i, i, i + 16]),
  );
});

Deno.test("detectStream() reads while the network works, and holds few frames", async () => {
  const { engine, calls } = fakeDetector({ msRun: 20 });
  const { source, read } = frames(15, { msRead: 20 });
  const startMs = performance.now();
  let done = 0;
  for await (const _ of detectStream(engine, source)) {
    done++;
    // two were asked for ahead, two are in flight
    ok(read.count - done <= 5, `${read.count} read, ${done} done`);
  }
  const ms = performance.now() - startMs;
  equal(done, 15);
  equal(calls.mostOpen, 2);
  ok(ms < 15 * 40 * 0.9, `${ms} ms, one after the other would take 600`);
});

Deno.test("detectStream() waits for whoever takes its frames", async () => {
  const { source, read } = frames(50);
  const stream = detectStream(fakeDetector().engine, source);
  await stream.next();
  await new Promise((resolve) => setTimeout(resolve, 50));
  ok(read.count <= 6, `${read.count} frames were read for one`);
  await stream.return(undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  ok(read.count <= 6);
});

Deno.test("detectStream() hands on errors of the source and of the network", async () => {
  const before: number[] = [];
  await rejects(async () => {
    const { source } = frames(9, { failAt: 4 });
    for await (const { frame } of detectStream(fakeDetector().engine, source)) {
      before.push(frame);
    }
  }, /frame 4 is broken/);
  deepEqual(before, [0, 1, 2, 3]); // those that could be read come first
  const { engine } = fakeDetector();
  const failing = {
    ...engine,
    run: () => Promise.reject(new Error("no memory")),
  };
  await rejects(
    Array.fromAsync(detectStream(failing, frames(9).source)),
    /no memory/,
  );
});

Deno.test("detectStream() ends with CancelledError when it is cancelled", async () => {
  const cancel = new AbortController();
  const seen: number[] = [];
  await rejects(async () => {
    const stream = detectStream(fakeDetector().engine, frames(50).source, {
      signal: cancel.signal,
    });
    for await (const { frame } of stream) {
      seen.push(frame);
      if (frame === 5) cancel.abort();
    }
  }, /^CancelledError: Cancelled: detecting at frame/);
  equal(seen.length, 6);
});

Deno.test("prefetch() gives an error in its turn, not before", async () => {
  const { source } = frames(5, { failAt: 3 });
  const seen: number[] = [];
  await rejects(async () => {
    for await (const { frame } of prefetch(source, 3)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(frame);
    }
  }, /frame 3 is broken/);
  deepEqual(seen, [0, 1, 2]);
});
