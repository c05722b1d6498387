import { deepEqual, equal } from "node:assert/strict";
import type { Bitmap, RgbImage } from "../../../../lib/base/image.ts";
import type { ClickClip } from "../../../../lib/work/evaluation/clicks/click_clip.ts";
import { correctVideo } from "../../../../lib/work/evaluation/clicks/correct_video.ts";
import { fakeEngine } from "../../../propagate/fake_engine.ts";

const size = { width: 4, height: 4 };
const filled = (value: number): Bitmap => ({
  ...size,
  data: new Uint8Array(16).fill(value),
});

/** A clip of one object that fills the frame, or is not there; unknown frames are undefined. */
function clipOf(there: readonly (boolean | undefined)[]): ClickClip {
  const image = (frame: number): RgbImage => ({
    ...size,
    data: new Uint8Array(16 * 3).fill(frame),
  });
  const frames = [...there.keys()].filter((i) => there[i] !== undefined);
  const source = {
    kind: "folder" as const,
    source: "clip",
    size,
    count: there.length,
    fps: undefined,
    infos: there.map((_, index) => ({ index, timeMs: index, name: "" })),
    read: (index: number) => Promise.resolve(image(index)),
    again: () => Promise.resolve(source),
    close: () => Promise.resolve(),
  };
  return {
    name: "clip",
    patient: undefined,
    frames: source,
    objects: [{ number: 1, tag: "polyp", frames }],
    maskAt: (_, frame) => Promise.resolve(filled(there[frame] ? 1 : 0)),
    close: () => Promise.resolve(),
  };
}

Deno.test("correctVideo() clicks the first frame that holds the object and carries it on", async () => {
  const { engine, log } = fakeEngine(); // one click fills a frame, and all others
  const clip = clipOf([false, true, true, true]);
  const [found] = await correctVideo({ engine }, clip, { corrections: 1 });
  deepEqual(found, {
    object: 1,
    tag: "polyp",
    frames: 4,
    // 3 of 4 frames are right; 2.4 s for a click and 4 · 0.5 s for looks
    rounds: [{ frame: 1, clicks: 1, dice: 0.75, seconds: 4.4 }],
  });
  equal(log.encoded, log.released);
});

Deno.test("correctVideo() wipes an object off the worst frame, then clicks the next worst", async () => {
  const { engine } = fakeEngine();
  const clip = clipOf([true, true, true, false, false]);
  const [{ rounds }] = await correctVideo({ engine }, clip);
  deepEqual(rounds.map(({ frame }) => frame), [0, 4, 2]); // 3 and 1 are nearer
  deepEqual(rounds.map(({ clicks }) => clicks), [1, 1, 1]);
  // the fake model averages what it remembers: the wiped frame empties all
  // others (0, 3 and 4 are right), the third one does not fill frame 1 again
  deepEqual(rounds.map(({ dice }) => dice), [0.6, 0.6, 0.8]);
  // two further clicks of 1.5 s, and every frame looked at three times
  deepEqual(rounds[2].seconds, 2.4 + 2 * 1.5 + 15 * 0.5);
});

Deno.test("correctVideo() measures known frames only, and stops when all are right", async () => {
  const { engine } = fakeEngine();
  const clip = clipOf([true, undefined, undefined, true]);
  const [found] = await correctVideo({ engine }, clip);
  equal(found.frames, 2);
  deepEqual(found.rounds.map(({ dice }) => dice), [1]);
});

Deno.test("correctVideo() leaves out an object that is known on one frame, or never there", async () => {
  const { engine } = fakeEngine();
  const single = clipOf([true, undefined]);
  deepEqual(await correctVideo({ engine }, single), []);
  deepEqual(await correctVideo({ engine }, clipOf([false, false])), []);
});
