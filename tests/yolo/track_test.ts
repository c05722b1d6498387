import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import type { Detection } from "../../lib/yolo/detection.ts";
import {
  createTracker,
  type TrackerState,
  trackFrame,
  type TrackOptions,
} from "../../lib/yolo/track.ts";

function boxAt(
  x: number,
  y: number,
  { side = 20, confidence = 0.9, classNumber = 0 } = {},
): Detection {
  const box = {
    x0: x - side / 2,
    y0: y - side / 2,
    x1: x + side / 2,
    y1: y + side / 2,
  };
  return { box, confidence, classNumber };
}

/** Tracks frames one after the other; gives the numbers of each. */
function follow(
  frames: readonly (readonly Detection[])[],
  options: TrackOptions = {},
) {
  let state: TrackerState = createTracker(options);
  const numbers = frames.map((detections, frame) => {
    const found = trackFrame(state, detections, frame);
    state = found.state;
    return found.tracks;
  });
  return { numbers, state };
}

const range = (count: number) => [...Array(count).keys()];

Deno.test("trackFrame() keeps two identities that cross", () => {
  // one goes right, one left, past each other at the same height
  const frames = range(31).map((t) => [
    boxAt(20 + 6 * t, 50),
    boxAt(200 - 6 * t, 56),
  ]);
  const { numbers } = follow(frames);
  deepEqual(numbers.map((row) => row.join(" ")), range(31).map(() => "1 2"));
});

Deno.test("trackFrame() follows noisy boxes in any order of detection", () => {
  const random = seededRandom(11);
  const noise = () => (random() - 0.5) * 3;
  const frames = range(60).map((t) => {
    const list = range(4).map((k) =>
      boxAt(40 + 3 * t + noise(), 40 + 60 * k + noise(), { side: 30 + noise() })
    );
    const turn = Math.floor(random() * 4); // detections come in any order
    return list.map((_, i) => ({
      k: (i + turn) % 4,
      box: list[(i + turn) % 4],
    }));
  });
  const { numbers } = follow(frames.map((row) => row.map(({ box }) => box)));
  const [first] = frames;
  const numberOf = new Map(first.map(({ k }, i) => [k, numbers[0][i]]));
  equal(new Set(numberOf.values()).size, 4);
  frames.forEach((row, t) =>
    row.forEach(({ k }, i) => equal(numbers[t][i], numberOf.get(k)))
  );
});

Deno.test("trackFrame() finds what comes back from behind an instrument", () => {
  const frames = range(30).map((t) =>
    t >= 12 && t < 20 ? [] : [boxAt(30 + 4 * t, 60)]
  );
  const { numbers } = follow(frames);
  equal(numbers[11][0], 1);
  equal(numbers[20][0], 1); // eight frames and 32 px later
  equal(numbers[29][0], 1);
});

Deno.test("trackFrame() forgets what is out of sight longer than the buffer", () => {
  const frames = range(30).map((t) => t >= 5 && t < 20 ? [] : [boxAt(60, 60)]);
  const { numbers } = follow(frames, { bufferFrames: 10 });
  equal(numbers[4][0], 1);
  deepEqual([numbers[20][0], numbers[21][0]], [undefined, 2]); // new: counts when seen twice
  const longer = follow(frames, { bufferFrames: 16 });
  equal(longer.numbers[20][0], 1);
});

Deno.test("trackFrame() keeps an identity through frames of low score", () => {
  const score = (t: number) => t >= 6 && t < 14 ? 0.2 : 0.9;
  const frames = range(20).map((t) => [
    boxAt(50 + 2 * t, 50, { confidence: score(t) }),
  ]);
  const { numbers } = follow(frames);
  deepEqual(numbers.map(([n]) => n), range(20).map(() => 1));
});

Deno.test("trackFrame() starts no track from a low score, nor from one look", () => {
  const low = range(6).map(() => [boxAt(50, 50, { confidence: 0.3 })]);
  deepEqual(follow(low).numbers.flat(), range(6).map(() => undefined));
  // a flash in frame 3 alone, far from the track that is there
  const flash = range(6).map((t) =>
    t === 3 ? [boxAt(50, 50), boxAt(150, 50)] : [boxAt(50, 50)]
  );
  const { numbers, state } = follow(flash);
  deepEqual(numbers[3], [1, undefined]);
  equal(state.tracks.length, 1);
});

Deno.test("trackFrame() numbers objects that come later, one after the other", () => {
  const frames = range(10).map((t) => [
    boxAt(50, 50),
    ...(t >= 2 ? [boxAt(150, 50)] : []),
    ...(t >= 5 ? [boxAt(250, 50)] : []),
  ]);
  const { numbers } = follow(frames);
  deepEqual(numbers[2], [1, undefined]);
  deepEqual(numbers[3], [1, 2]);
  deepEqual(numbers[9], [1, 2, 3]);
});

Deno.test("trackFrame() keeps classes apart, unless it is told not to", () => {
  const frames = range(8).map((t) => [
    boxAt(50, 50, { classNumber: t < 4 ? 0 : 1 }),
  ]);
  const apart = follow(frames).numbers.map(([n]) => n);
  deepEqual(apart, [1, 1, 1, 1, undefined, 2, 2, 2]);
  const together = follow(frames, { isClassWise: false });
  deepEqual(together.numbers.map(([n]) => n), range(8).map(() => 1));
  equal(together.state.tracks[0].classNumber, 1); // what it was seen as last
});

Deno.test("trackFrame() counts frames that were left out as time", () => {
  let state = createTracker();
  const numbers = range(8).map((i) => {
    const frame = i * 5; // 2 px a frame
    const found = trackFrame(state, [boxAt(40 + 2 * frame, 50)], frame);
    state = found.state;
    return found.tracks[0];
  });
  deepEqual(numbers, range(8).map(() => 1));
  throws(() => trackFrame(state, [], 35), /frame 35 after frame 35/);
});

Deno.test("trackFrame() leaves the state that came in as it was", () => {
  const first = trackFrame(createTracker(), [boxAt(50, 50)], 0).state;
  const before = JSON.stringify(first);
  trackFrame(first, [boxAt(54, 50), boxAt(150, 50)], 1);
  equal(JSON.stringify(first), before);
  ok(trackFrame(first, [], 1).state.tracks[0].isLost);
});
